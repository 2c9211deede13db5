"""The one promotion that nobody looks at: only what the gates passed, and only then."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from afterclose.errors import IntegrityError
from afterclose.gating.auto_promotion import promote_if_passed
from registry_builders import CLOSE, NOW, A, B, read_events, registry_of, tree


def verdict(*, against: str | None = None, refusing: tuple[str, ...] = ()) -> dict[str, Any]:
    """A verdict in its JSON form, of three gates."""
    gates = [
        {"name": name, "passed": name not in refusing, "value": 1.0, "bound": 0.0, "sentence": ""}
        for name in ("better_than_rules", "steady", "no_leak")
    ]
    return {"passed": not refusing, "against": against, "options": {}, "gates": gates}


def test_a_candidate_that_passed_becomes_active_and_the_event_keeps_the_verdict(
    tmp_path: Path,
) -> None:
    registry = registry_of(tmp_path, A)
    assert promote_if_passed(registry, A, verdict(), NOW) == (True, "all gates passed")
    assert registry.get_active_model() == A
    event = read_events(tmp_path)[-1]
    assert (event["event"], event["reason"]) == ("promoted", "all gates passed")
    assert event["verdict"] == verdict()


def test_gates_that_refuse_are_named_and_nothing_changes(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    before = tree(tmp_path)
    answer = promote_if_passed(registry, A, verdict(refusing=("steady", "no_leak")), NOW)
    assert answer == (False, "2 of 3 gates refuse: steady, no leak")
    assert tree(tmp_path) == before


def test_an_evaluation_without_gates_promotes_nothing(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    assert promote_if_passed(registry, A, None, NOW) == (False, "it was evaluated without gates")
    assert registry.get_active_model() is None


def test_a_verdict_that_contradicts_its_gates_promotes_nothing(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    assert not promote_if_passed(registry, A, verdict() | {"passed": False}, NOW).promoted


@pytest.mark.parametrize("against", [None, "20200101_000000"])
def test_a_candidate_that_was_measured_against_another_model_has_to_wait(
    tmp_path: Path, against: str | None
) -> None:
    registry = registry_of(tmp_path, A, B)
    registry.promote_candidate(A, now=NOW)
    answer = promote_if_passed(registry, B, verdict(against=against), NOW)
    assert answer == (False, "it was not compared with the model that is active now")
    assert promote_if_passed(registry, B, verdict(against=A), NOW).promoted


def test_a_session_lock_holds_for_automatic_promotions_too(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A, B)
    registry.promote_candidate(A, now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    answer = promote_if_passed(registry, B, verdict(against=A), NOW)
    assert not answer.promoted
    assert "2026-01-28" in answer.reason
    assert registry.get_active_model() == A
    assert promote_if_passed(registry, B, verdict(against=A), CLOSE + timedelta(hours=1)).promoted


def test_files_that_are_not_those_on_record_are_an_error(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A)
    (tmp_path / A / "model.joblib").write_bytes(b"something else")
    with pytest.raises(IntegrityError):
        promote_if_passed(registry, A, verdict(), NOW)
    assert registry.get_active_model() is None


def test_a_verdict_is_the_same_before_and_after_it_was_stored() -> None:
    assert msgspec.json.decode(msgspec.json.encode(verdict())) == verdict()
