"""The one promotion that nobody looks at: only what the gates passed, and only then."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.errors import IntegrityError
from afterclose.evaluating.figures import Gate, GateOptions, GatesAnswer
from afterclose.gating.auto_promotion import promote_if_passed
from registry_builders import CLOSE, NOW, A, B, read_events, registry_of, tree


def answer_of(*, against: str | None = None, refusing: tuple[str, ...] = ()) -> GatesAnswer:
    """The answer of three gates."""
    gates = tuple(
        Gate(name=name, passed=name not in refusing, value=1.0, bound=0.0, sentence="")
        for name in ("more_money", "steady", "no_leak")
    )
    return GatesAnswer(passed=not refusing, against=against, options=GateOptions(), gates=gates)


def test_a_candidate_that_passed_becomes_active_and_the_event_keeps_the_answer(
    tmp_path: Path,
) -> None:
    registry = registry_of(tmp_path, A)
    assert promote_if_passed(registry, A, answer_of(), NOW) == (True, "all gates passed")
    assert registry.get_active_model() == A
    event = read_events(tmp_path)[-1]
    assert (event["event"], event["reason"]) == ("promoted", "all gates passed")
    assert event["verdict"] == json.loads(msgspec.json.encode(answer_of()))


def test_gates_that_refuse_are_named_and_nothing_changes(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    before = tree(tmp_path)
    answer = promote_if_passed(registry, A, answer_of(refusing=("steady", "no_leak")), NOW)
    assert answer == (False, "2 of 3 gates refuse: steady, no leak")
    assert tree(tmp_path) == before


def test_an_answer_that_contradicts_its_gates_promotes_nothing(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    assert not promote_if_passed(registry, A, replace(answer_of(), passed=False), NOW).promoted


@pytest.mark.parametrize("against", [None, "20200101_000000"])
def test_a_candidate_that_was_measured_against_another_model_has_to_wait(
    tmp_path: Path, against: str | None
) -> None:
    registry = registry_of(tmp_path, A, B)
    registry.promote_candidate(A, now=NOW)
    answer = promote_if_passed(registry, B, answer_of(against=against), NOW)
    assert answer == (False, "it was not compared with the model that is active now")
    assert promote_if_passed(registry, B, answer_of(against=A), NOW).promoted


def test_a_session_lock_holds_for_automatic_promotions_too(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    answer = promote_if_passed(registry, B, answer_of(against=A), NOW)
    assert not answer.promoted
    assert "2026-01-28" in answer.reason
    assert registry.get_active_model() == A
    assert promote_if_passed(registry, B, answer_of(against=A), CLOSE + timedelta(hours=1)).promoted


def test_files_that_are_not_those_on_record_are_an_error(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    (tmp_path / A / "model.joblib").write_bytes(b"something else")
    with pytest.raises(IntegrityError):
        promote_if_passed(registry, A, answer_of(), NOW)
    assert registry.get_active_model() is None
