"""The status file: one versioned schema, made from the files that count, cheap to ask."""

import json
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.disk.seal import is_sealed
from afterclose.nightly.cycle_state import read_cycle_state, read_part
from afterclose.nightly.journal import Journal
from afterclose.nightly.status import Status, current_status, write_status
from afterclose.scope_files import DATASET_FILE, JOURNAL_FILE, STATUS_FILE
from afterclose.settings import Settings
from registry_builders import CLOSE, NOW, A, B, C, events_file, registry_of

SESSION = "2026-01-27"


def journal_of(settings: Settings) -> Journal:
    return Journal(settings.root / JOURNAL_FILE)


def test_the_written_file_holds_every_key_of_schema_version_1(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A, B, C)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, "better", now=NOW)
    registry.lock("2026-01-28", CLOSE, B, now=NOW)
    metadata = {"schema_version": 1, "version": "v00000245-0123456789ab", "rows": 245, "more": []}
    (settings.root / DATASET_FILE).write_text(json.dumps(metadata))
    settings.ledger_paths[0].touch()  # rows without it are an alert of their own
    journal = journal_of(settings)
    journal.completed(journal.start("cycle", NOW, session=SESSION, attempt=1), reason="trained")
    write_status(settings, NOW, alerts=["the model is 80 sessions old"])
    data = (settings.root / STATUS_FILE).read_bytes()
    assert is_sealed(data)
    body = json.loads(data)
    del body["crc32"]
    cycle = body.pop("last_cycle")
    assert cycle.pop("at").startswith("2026-01-27T21:30:0")
    assert cycle == {
        "session": SESSION,
        "outcome": "COMPLETED",
        "reason": "trained",
        "attempts": 0,
    }
    assert len(body["lock"].pop("digest")) == 64
    assert body == {
        "schema_version": 1,
        "scope": "us/paper",
        "updated_at": "2026-01-27T21:30:00Z",
        "active_model": {
            "id": B,
            "since": "2026-01-27T21:30:00Z",
            "promoted_by": "tester@desk",
            "reason": "better",
        },
        "previous_active": A,
        "lock": {"session": "2026-01-28", "until": "2026-01-28T21:30:00Z", "model_id": B},
        "candidates": {"count": 1, "newest": C},
        "dataset": {"version": "v00000245-0123456789ab", "rows": 245, "trades": {}},
        "alerts": ["the model is 80 sessions old"],
        "threshold": {"mode": "fixed", "above": 0.5, "share": None},
    }


def test_an_evaluated_candidate_without_a_review_page_is_an_alert(settings: Settings) -> None:
    registry_of(settings.model_dir, A, B)
    (settings.model_dir / A / "report.html").unlink()
    assert current_status(settings, NOW).alerts == ()  # nobody is waiting for the older one
    (settings.model_dir / B / "report.html").unlink()
    (alert,) = current_status(settings, NOW).alerts
    assert alert == f"the review page of {B} is missing; `make report` draws it"
    (settings.model_dir / B / "evaluation.json").unlink()
    assert current_status(settings, NOW).alerts == ()


def test_an_empty_scope_has_a_status(settings: Settings) -> None:
    status = write_status(settings, NOW)
    assert (status.active_model, status.lock, status.dataset, status.last_cycle) == (None,) * 4
    assert status.candidates.count == 0
    assert status.alerts == ()
    assert read_part(settings.root / STATUS_FILE, Status) == status


def test_a_lock_that_is_over_is_not_shown(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    assert current_status(settings, CLOSE - timedelta(seconds=1)).lock is not None
    assert current_status(settings, CLOSE).lock is None


def test_a_broken_registry_is_an_alert_and_has_no_active_model(settings: Settings) -> None:
    registry_of(settings.model_dir, A).promote_candidate(A, now=NOW)
    events_file(settings.model_dir).write_bytes(b"rubbish\n")
    status = current_status(settings, NOW)
    assert status.active_model is None
    assert status.alerts[0].startswith("registry_events.jsonl, line 1, byte 0: not an event")


def test_an_unsigned_promotion_is_an_alert_once_a_key_is_set(settings: Settings) -> None:
    registry_of(settings.model_dir, A).promote_candidate(A, now=NOW)
    status = current_status(replace(settings, signing_key="key"), NOW)
    assert status.active_model is None
    assert "not signed with ML_SIGNING_KEY" in status.alerts[0]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"schema_version": 2}', b"[]"])
def test_a_status_that_is_absent_damaged_or_newer_is_none(
    settings: Settings, content: bytes | None
) -> None:
    settings.root.mkdir(parents=True)
    if content is not None:
        (settings.root / STATUS_FILE).write_bytes(content)
    assert read_part(settings.root / STATUS_FILE, Status) is None


def test_the_cycle_state_is_read_from_the_status_file_alone(settings: Settings) -> None:
    journal = journal_of(settings)
    journal.failed(journal.start("cycle", NOW, session=SESSION), "boom")
    write_status(settings, NOW)
    journal.path.unlink()
    state = read_cycle_state(settings.root)
    assert state is not None
    assert (state.session, state.outcome, state.reason, state.attempts) == (
        SESSION,
        "FAILED",
        "boom",
        1,
    )


def test_a_status_with_a_changed_letter_is_not_believed(settings: Settings) -> None:
    """The session would be in the year 6026, and every cycle until then would be handled."""
    journal = journal_of(settings)
    journal.completed(journal.start("cycle", NOW, session=SESSION))
    write_status(settings, NOW)
    path = settings.root / STATUS_FILE
    path.write_bytes(path.read_bytes().replace(b'"2026-01-27",', b'"6026-01-27",'))
    assert read_part(settings.root / STATUS_FILE, Status) is None
    state = read_cycle_state(settings.root)
    assert state is not None
    assert state.session == SESSION


@pytest.mark.parametrize("content", [None, b"", b"{", b"\0\0"])
def test_without_a_sound_status_file_the_journal_answers(
    settings: Settings, content: bytes | None
) -> None:
    journal = journal_of(settings)
    journal.failed(journal.start("cycle", NOW, session=SESSION), "boom")
    journal.start("cycle", NOW, session=SESSION)
    journal.completed(journal.start("train", NOW))
    if content is not None:
        (settings.root / STATUS_FILE).write_bytes(content)
    state = read_cycle_state(settings.root)
    assert state is not None
    assert (state.session, state.outcome, state.attempts) == (SESSION, "STARTED", 2)


def test_cycles_that_were_for_no_session_are_not_the_last_one(settings: Settings) -> None:
    journal = journal_of(settings)
    journal.completed(journal.start("cycle", NOW, session=SESSION))
    journal.skipped(journal.start("cycle", NOW), "cannot tell")
    state = read_cycle_state(settings.root)
    assert state is not None
    assert (state.session, state.outcome) == (SESSION, "COMPLETED")


def test_before_the_first_cycle_there_is_no_state(settings: Settings) -> None:
    assert read_cycle_state(settings.root) is None


def test_asking_at_a_tick_takes_less_than_five_milliseconds(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A, B, C)
    registry.promote_candidate(A, now=NOW)
    write_status(settings, NOW)

    def duration_ms() -> float:
        started = time.perf_counter()
        read_cycle_state(settings.root)
        return (time.perf_counter() - started) * 1000

    assert min(duration_ms() for _ in range(20)) < 5


def test_the_status_is_replaced_whole(settings: Settings) -> None:
    write_status(settings, NOW)
    write_status(settings, NOW + timedelta(hours=1))
    names = {path.name for path in Path(settings.root).iterdir()}
    assert names == {STATUS_FILE}
    body = msgspec.json.decode((settings.root / STATUS_FILE).read_bytes())
    assert body["updated_at"] == "2026-01-27T22:30:00Z"
