"""Registering, promoting, rolling back, locking, importing, pruning; and each refusal."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from afterclose.config import load_settings
from afterclose.errors import (
    AftercloseError,
    InputError,
    IntegrityError,
    PromotionRefused,
    RefusedError,
    ScopeBusy,
    SessionLocked,
)
from afterclose.model_registry import ModelRegistry
from registry_builders import (
    CLOSE,
    EVALUATION,
    METRICS,
    NOW,
    A,
    B,
    C,
    D,
    events_file,
    publish_model,
    read_events,
    registry_of,
    tree,
    write_evaluation,
)
from repository import REPOSITORY


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return tmp_path / "us" / "paper" / "ml_models"


def refuses(
    root: Path, error: type[AftercloseError], match: str, action: Callable[[], object]
) -> AftercloseError:
    """The action raises, and not a byte in the scope has changed."""
    before = tree(root)
    with pytest.raises(error, match=match) as caught:
        action()
    assert tree(root) == before
    return caught.value


# --- registering ----------------------------------------------------------------------------


def test_a_registered_model_is_a_candidate_with_its_metrics_and_evaluation(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A)
    record = registry.list_models()[A]
    assert record["state"] == "candidate"
    assert record["metrics"] == METRICS
    assert record["evaluation"]["expectancy"] == EVALUATION["expectancy"]
    assert record["registered_by"] == "tester@desk"
    assert registry.get_active_model() is None


def test_registering_the_same_again_changes_nothing(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    before = tree(model_dir)
    assert registry.register_candidate(A, METRICS, now=NOW) is False
    assert tree(model_dir) == before


def test_registering_with_new_metrics_is_a_new_event(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    assert registry.register_candidate(A, {"test_auc": 0.6}, now=NOW) is True
    assert registry.list_models()[A]["metrics"] == {"test_auc": 0.6}


def test_a_second_model_cannot_take_a_registered_id(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    (model_dir / A / "scorecard.json").write_bytes(b"another model")
    refuses(
        model_dir,
        IntegrityError,
        "not those that were registered",
        lambda: registry.register_candidate(A, METRICS, now=NOW),
    )


@pytest.mark.parametrize("model_id", ["../../etc", "20260127", "20260127_153000/..", "", "*"])
def test_an_id_that_is_no_id_is_an_input_error(model_dir: Path, model_id: str) -> None:
    registry = registry_of(model_dir)
    for action in (registry.promote_candidate, lambda name: registry.register_candidate(name, {})):
        with pytest.raises(InputError, match="model id") as caught:
            action(model_id)
        assert caught.value.exit_code == 2


def test_an_evaluation_recorded_later_is_listed(model_dir: Path) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A, evaluated=False)
    registry.register_candidate(A, METRICS, now=NOW)
    assert registry.list_models()[A]["evaluation"] is None
    write_evaluation(model_dir, A)
    assert registry.record_evaluation(A, now=NOW) is True
    assert EVALUATION.items() <= registry.list_models()[A]["evaluation"].items()
    assert registry.record_evaluation(A, now=NOW) is False


def test_an_evaluation_of_an_unregistered_model_waits_for_its_registration(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A)
    assert registry.record_evaluation(A, now=NOW) is False
    assert not events_file(model_dir).exists()


# --- promoting ------------------------------------------------------------------------------


def test_the_active_model_and_the_retired_ones_do_not_wait_for_a_promotion(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A, B, C)
    assert list(registry.list_candidates()) == [A, B, C]
    for model_id, waiting in ((A, [B, C]), (B, [C])):
        registry.promote_candidate(model_id, now=NOW)
        assert list(registry.list_candidates()) == waiting
    registry.rollback(now=NOW)
    assert list(registry.list_candidates()) == [C]
    assert list(registry.list_models()) == [A, B, C]


def test_a_promoted_candidate_is_active_and_the_incumbent_is_retired(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    assert registry.promote_candidate(A, "first", now=NOW) is True
    assert registry.promote_candidate(B, "Better expectancy", now=NOW) is True
    assert registry.get_active_model() == B
    assert registry.previous_active() == A
    states = {name: record["state"] for name, record in registry.list_models().items()}
    assert states == {A: "retired", B: "active"}
    active = registry.active_record()
    assert active is not None
    assert (active.promoted_by, active.reason, active.since) == (
        "tester@desk",
        "Better expectancy",
        NOW,
    )


def test_promoting_the_active_model_says_so_and_changes_nothing(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    before = tree(model_dir)
    assert registry.promote_candidate(A, now=NOW) is False
    assert tree(model_dir) == before


def test_a_retired_model_may_be_promoted_again(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    for model_id in (A, B, A):
        registry.promote_candidate(model_id, now=NOW)
    assert (registry.get_active_model(), registry.previous_active()) == (A, B)


def test_the_gates_answer_is_kept_in_the_event(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, "auto", gates_answer={"passed": True, "gates": 7}, now=NOW)
    assert read_events(model_dir)[-1]["verdict"] == {"passed": True, "gates": 7}


def test_a_reason_that_is_no_text_does_not_stop_a_promotion(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, "caf\udce9\nline two", now=NOW)
    assert read_events(model_dir)[-1]["reason"] == "caf?\nline two"


def test_an_unknown_candidate_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    error = refuses(
        model_dir, PromotionRefused, "not registered", lambda: registry.promote_candidate(B)
    )
    assert error.exit_code == 3


def test_a_model_without_files_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir)
    registry.register_candidate(A, METRICS, EVALUATION, now=NOW)
    refuses(model_dir, IntegrityError, "missing", lambda: registry.promote_candidate(A))


@pytest.mark.parametrize("name", ["model.joblib", "scorecard.json", "metadata.json"])
def test_a_model_that_lost_a_file_is_refused(model_dir: Path, name: str) -> None:
    registry = registry_of(model_dir, A)
    (model_dir / A / name).unlink()
    refuses(model_dir, IntegrityError, "missing", lambda: registry.promote_candidate(A))


@pytest.mark.parametrize("name", ["model.joblib", "scorecard.json", "metadata.json"])
def test_a_model_with_a_changed_file_is_refused(model_dir: Path, name: str) -> None:
    registry = registry_of(model_dir, A)
    data = bytearray((model_dir / A / name).read_bytes())
    data[7] ^= 1
    (model_dir / A / name).write_bytes(data)
    refuses(model_dir, IntegrityError, "SHA-256", lambda: registry.promote_candidate(A))


def test_a_candidate_without_an_evaluation_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A, evaluated=False)
    registry.register_candidate(A, METRICS, now=NOW)
    refuses(model_dir, PromotionRefused, "make evaluate", lambda: registry.promote_candidate(A))


def test_an_evaluation_that_was_written_but_not_recorded_counts(model_dir: Path) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A, evaluated=False)
    registry.register_candidate(A, METRICS, now=NOW)
    write_evaluation(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    assert read_events(model_dir)[-1]["evaluation"]["p_value"] == EVALUATION["p_value"]


def test_an_evaluation_changed_after_it_was_recorded_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    write_evaluation(model_dir, A, p_value=0.001)
    refuses(
        model_dir,
        IntegrityError,
        "not the evaluation on record",
        lambda: registry.promote_candidate(A),
    )


def test_an_evaluation_that_is_not_json_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A, evaluated=False)
    registry.register_candidate(A, METRICS, now=NOW)
    (model_dir / A / "evaluation.json").write_bytes(b"{")
    refuses(model_dir, IntegrityError, "not an evaluation", lambda: registry.promote_candidate(A))


def test_the_checks_are_made_in_the_order_that_the_design_names(model_dir: Path) -> None:
    """Each fault is mended in turn, and the next one is what stops the promotion."""
    signed = registry_of(model_dir, B, signing_key="key")
    signed.promote_candidate(B, now=NOW)
    signed.lock("2026-01-28", CLOSE, B, now=NOW)
    publish_model(model_dir, A, evaluated=False)
    (model_dir / A).rename(model_dir / "aside")

    def promote() -> None:
        signed.promote_candidate(A, now=NOW)

    refuses(model_dir, PromotionRefused, "not registered", promote)
    unsigned = ModelRegistry(model_dir)
    unsigned.register_candidate(A, METRICS, now=NOW)
    refuses(model_dir, IntegrityError, "missing", promote)
    (model_dir / "aside").rename(model_dir / A)
    unsigned.register_candidate(A, METRICS, now=NOW)
    refuses(model_dir, IntegrityError, "not signed", promote)
    signed.register_candidate(A, METRICS, now=NOW)
    refuses(model_dir, PromotionRefused, "not been evaluated", promote)
    write_evaluation(model_dir, A)
    refuses(model_dir, SessionLocked, "2026-01-28", promote)
    signed.unlock("emergency", now=NOW)
    promote()
    assert signed.get_active_model() == A


# --- rolling back ---------------------------------------------------------------------------


def test_a_rollback_returns_to_the_previous_model_and_a_second_one_goes_further(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A, B, C)
    for model_id in (A, B, C):
        registry.promote_candidate(model_id, now=NOW)
    assert registry.rollback("drawdown", now=NOW) == B
    assert registry.rollback("again", now=NOW) == A
    assert registry.get_active_model() == A
    event = read_events(model_dir)[-2]
    assert (event["event"], event["model_id"], event["previous_active"], event["reason"]) == (
        "rolled_back",
        B,
        C,
        "drawdown",
    )


def test_a_rollback_with_nothing_to_return_to_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    error = refuses(model_dir, RefusedError, "no model was active before", registry.rollback)
    assert error.exit_code == 3


def test_a_rollback_makes_the_checks_of_a_promotion(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, now=NOW)
    (model_dir / A / "scorecard.json").write_bytes(b"{}")
    refuses(model_dir, IntegrityError, "SHA-256", registry.rollback)


# --- the session lock -----------------------------------------------------------------------


def test_a_lock_pins_session_model_digest_and_until(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    lock = registry.lock("2026-01-28", CLOSE, A, now=NOW)
    assert (lock.session, lock.model_id, lock.until) == ("2026-01-28", A, CLOSE)
    assert lock.digest is not None
    assert registry.current_lock(NOW) == lock


def test_while_locked_promotion_and_rollback_are_refused_saying_until_when(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A, B, C)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, now=NOW)
    registry.lock("2026-01-28", CLOSE, B, now=NOW)
    late = CLOSE - timedelta(seconds=1)
    for action in (
        lambda: registry.promote_candidate(C, now=late),
        lambda: registry.promote_candidate(B, now=late),
        lambda: registry.rollback(now=late),
    ):
        error = refuses(model_dir, SessionLocked, "2026-01-28T21:30:00", action)
        assert error.exit_code == 3


def test_a_rollback_with_nothing_to_return_to_is_told_of_the_lock_first(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    refuses(model_dir, SessionLocked, "2026-01-28T21:30", lambda: registry.rollback(now=NOW))


def test_a_lock_ends_by_itself_at_the_close(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    assert registry.current_lock(CLOSE) is None
    assert registry.promote_candidate(B, now=CLOSE) is True


def test_the_same_lock_again_changes_nothing_even_where_nothing_can_be_written(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    first = registry.lock("2026-01-28", CLOSE, A, now=NOW)
    before = tree(model_dir)
    with scope_lock_held_elsewhere(model_dir.parent):
        assert registry.lock("2026-01-28", CLOSE, A, now=NOW) == first
    assert tree(model_dir) == before


def test_a_lock_waits_a_moment_for_a_writing_job_and_then_gives_up(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    monkeypatch.setattr("afterclose.model_registry.SESSION_LOCK_WAIT_S", 0.2)
    started = time.monotonic()
    with scope_lock_held_elsewhere(model_dir.parent):
        refuses(
            model_dir,
            ScopeBusy,
            "another job",
            lambda: registry.lock("2026-01-28", CLOSE, A, now=NOW),
        )
    assert time.monotonic() - started >= 0.2


def test_two_processes_that_lock_the_same_session_and_model_at_once_both_have_it(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one gets in after this one has looked and before it may write."""
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    opened = registry._writer.opened
    others = []

    def opened_late(wait_s: float):
        others.append(ModelRegistry(model_dir).lock("2026-01-28", CLOSE, A, now=NOW))
        return opened(wait_s)

    monkeypatch.setattr(registry._writer, "opened", opened_late)
    assert registry.lock("2026-01-28", CLOSE, A, now=NOW) == others[0]
    assert len([e for e in read_events(model_dir) if e["event"] == "locked"]) == 1


def test_another_session_or_model_cannot_be_locked_over_a_running_lock(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    for session, model_id in (("2026-01-29", A), ("2026-01-28", None)):
        refuses(
            model_dir,
            SessionLocked,
            "lock refused",
            lambda session=session, model_id=model_id: registry.lock(
                session, CLOSE, model_id, now=NOW
            ),
        )
    assert registry.lock("2026-01-29", CLOSE + timedelta(days=1), A, now=CLOSE).session


def test_a_lock_until_now_is_no_lock_and_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    registry.promote_candidate(A, now=NOW)
    refuses(
        model_dir,
        InputError,
        "over already",
        lambda: registry.lock("2026-01-27", NOW, A, now=NOW),
    )


def test_a_model_that_is_not_active_any_more_cannot_be_locked(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, now=NOW)
    refuses(
        model_dir,
        RefusedError,
        f"{A} is not active, {B} is",
        lambda: registry.lock("2026-01-28", CLOSE, A, now=NOW),
    )


def test_a_session_by_the_rules_alone_can_be_locked_too(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    lock = registry.lock("2026-01-28", CLOSE, None, now=NOW)
    assert (lock.model_id, lock.digest) == (None, None)
    with pytest.raises(SessionLocked):
        registry.promote_candidate(A, now=NOW)


def test_an_unlock_records_who_and_why_and_ends_the_lock(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    assert registry.unlock("trading halted", now=NOW) is not None
    event = read_events(model_dir)[-1]
    assert (event["event"], event["by"], event["reason"]) == (
        "unlocked",
        "tester@desk",
        "trading halted",
    )
    assert registry.promote_candidate(B, now=NOW) is True


def test_an_unlock_without_a_lock_changes_nothing(model_dir: Path) -> None:
    registry = registry_of(model_dir, A)
    before = tree(model_dir)
    assert registry.unlock("why not", now=NOW) is None
    assert tree(model_dir) == before


# --- signing --------------------------------------------------------------------------------


def test_a_candidate_registered_without_the_key_is_refused_until_registered_with_it(
    model_dir: Path,
) -> None:
    registry_of(model_dir, A)
    registry = ModelRegistry(model_dir, signing_key="key")
    refuses(model_dir, IntegrityError, "not signed", lambda: registry.promote_candidate(A))
    assert registry.register_candidate(A, METRICS, now=NOW) is True
    assert registry.promote_candidate(A, now=NOW) is True


def test_after_a_change_of_key_the_active_model_can_be_promoted_anew(model_dir: Path) -> None:
    old = registry_of(model_dir, A, B, signing_key="old")
    old.promote_candidate(A, now=NOW)
    old.promote_candidate(B, now=NOW)
    new = ModelRegistry(model_dir, signing_key="new")
    assert new.get_active_model() is None
    new.register_candidate(B, METRICS, now=NOW)
    assert new.promote_candidate(B, "new key", now=NOW) is True
    assert (new.get_active_model(), new.previous_active()) == (B, A)


def test_the_key_is_written_nowhere(model_dir: Path) -> None:
    registry_of(model_dir, A, signing_key="very secret").promote_candidate(A, now=NOW)
    assert not any(b"very secret" in data for data in tree(model_dir).values())


# --- importing ------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path: Path) -> ModelRegistry:
    return registry_of(tmp_path / "us" / "live" / "ml_models")


def test_an_imported_model_can_be_promoted_in_its_new_scope(
    model_dir: Path, live: ModelRegistry
) -> None:
    registry_of(model_dir, A)
    assert live.import_model(model_dir, A, now=NOW) is True
    assert live.promote_candidate(A, now=NOW) is True
    (model_dir / A / "report.html").unlink()  # the other scope draws its own
    assert tree(live.model_dir / A) == tree(model_dir / A)
    record = live.list_models()[A]
    assert (record["origin"], record["metrics"]) == ("us/paper", METRICS)
    assert live.import_model(model_dir, A, now=NOW) is False


@pytest.mark.parametrize(
    ("harm", "error", "match"),
    [
        (lambda folder: (folder / A / "model.joblib").write_bytes(b"x"), IntegrityError, "SHA"),
        (lambda folder: (folder / A / "evaluation.json").unlink(), IntegrityError, "evaluation"),
        (lambda folder: events_file(folder).write_bytes(b"rubbish\n"), IntegrityError, "line 1"),
        (lambda folder: events_file(folder).unlink(), IntegrityError, "has seen 1"),
    ],
    ids=["changed file", "lost evaluation", "damaged events", "lost events"],
)
def test_nothing_is_imported_from_a_scope_that_is_not_sound(
    model_dir: Path, live: ModelRegistry, harm, error: type[AftercloseError], match: str
) -> None:
    registry_of(model_dir, A)
    harm(model_dir)
    refuses(model_dir.parents[1], error, match, lambda: live.import_model(model_dir, A, now=NOW))


def test_a_model_that_is_unknown_or_not_evaluated_there_is_not_imported(
    model_dir: Path, live: ModelRegistry
) -> None:
    registry = registry_of(model_dir)
    publish_model(model_dir, A, evaluated=False)
    publish_model(model_dir, B)
    registry.register_candidate(A, METRICS, now=NOW)
    for model_id in (A, B):
        with pytest.raises(PromotionRefused):
            live.import_model(model_dir, model_id, now=NOW)
    assert tree(live.model_dir) == {}


def test_with_a_key_only_models_signed_with_it_are_imported(
    model_dir: Path, live: ModelRegistry
) -> None:
    registry_of(model_dir, A)
    with_key = ModelRegistry(live.model_dir, signing_key="key")
    with pytest.raises(IntegrityError, match="not signed"):
        with_key.import_model(model_dir, A, now=NOW)


def test_nothing_is_imported_over_another_model_of_the_same_id(
    model_dir: Path, live: ModelRegistry
) -> None:
    registry_of(model_dir, A)
    publish_model(live.model_dir, A)
    (live.model_dir / A / "scorecard.json").write_bytes(b"its own")
    refuses(
        live.model_dir,
        PromotionRefused,
        "another model of that id",
        lambda: live.import_model(model_dir, A, now=NOW),
    )


def test_nothing_is_imported_while_the_session_is_locked(
    model_dir: Path, live: ModelRegistry
) -> None:
    registry_of(model_dir, A)
    live.lock("2026-01-28", CLOSE, None, now=NOW)
    refuses(
        live.model_dir,
        SessionLocked,
        "import refused",
        lambda: live.import_model(model_dir, A, now=NOW),
    )


# --- pruning --------------------------------------------------------------------------------


def test_pruning_keeps_the_newest_the_active_the_previous_and_the_locked(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A, B, C, D)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, now=NOW)
    assert registry.prune(1, now=NOW) == [C]
    assert list(registry.list_models()) == [A, B, D]
    assert not (model_dir / C).exists()
    assert read_events(model_dir)[-1]["pruned"] == [C]
    assert registry.rollback(now=NOW) == A


def test_pruning_with_nothing_to_remove_writes_nothing(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B)
    before = tree(model_dir)
    assert registry.prune(2, now=NOW) == []
    assert tree(model_dir) == before


def test_a_rollback_to_a_pruned_model_is_refused(model_dir: Path) -> None:
    registry = registry_of(model_dir, A, B, C)
    for model_id in (A, B, C):
        registry.promote_candidate(model_id, now=NOW)
    assert registry.prune(1, now=NOW) == [A]
    registry.rollback(now=NOW)
    refuses(model_dir, PromotionRefused, "not registered", lambda: registry.rollback(now=NOW))


# --- who and where --------------------------------------------------------------------------


def test_another_job_in_the_scope_makes_a_writer_give_up_and_a_reader_does_not_care(
    model_dir: Path,
) -> None:
    registry = registry_of(model_dir, A)
    with scope_lock_held_elsewhere(model_dir.parent):
        error = refuses(model_dir, ScopeBusy, "another job", lambda: registry.promote_candidate(A))
        assert error.exit_code == 4
        assert list(registry.list_models()) == [A]


def test_the_author_is_user_at_host(model_dir: Path) -> None:
    publish_model(model_dir, A)
    ModelRegistry(model_dir).register_candidate(A, METRICS, now=NOW)
    user, _, host = read_events(model_dir)[0]["by"].partition("@")
    assert user
    assert host


def test_the_registry_of_settings_is_that_of_their_scope_with_their_key(tmp_path: Path) -> None:
    settings = load_settings({}, logs_dir=tmp_path, market="india", signing_key="key")
    registry = ModelRegistry.from_settings(settings)
    assert registry.model_dir == tmp_path / "india" / "paper" / "ml_models"
    registry.register_candidate(A, METRICS, now=NOW)
    assert json.loads(events_file(registry.model_dir).read_bytes())["signature"]


class scope_lock_held_elsewhere:  # noqa: N801 - used like a function
    """Another process holds the scope's lock inside the block."""

    CODE = """
import sys
from pathlib import Path
from afterclose.disk.scope_lock import scope_lock
with scope_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(self.root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=REPOSITORY,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def __exit__(self, *_: object) -> None:
        self.process.communicate("")
