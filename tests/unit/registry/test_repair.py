"""Verify names every harm; repair keeps what is proved, guesses nothing, and says what is left."""

from pathlib import Path

import pytest

from afterclose.errors import IntegrityError
from afterclose.model_registry import ModelRegistry
from registry_builders import (
    METRICS,
    NOW,
    A,
    B,
    C,
    events_file,
    pointer_file,
    publish_model,
    read_events,
    registry_of,
    tree,
    write_evaluation,
)


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """A is active, B and C are candidates: four events."""
    registry = registry_of(tmp_path / "ml_models", A, B)
    registry.promote_candidate(A, now=NOW)
    publish_model(registry.model_dir, C)
    registry.register_candidate(C, METRICS, now=NOW)
    return registry


def damage(registry: ModelRegistry, line: int) -> bytes:
    """Change one letter in a line of the events; returns the damaged bytes."""
    lines = events_file(registry.model_dir).read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b"tester", b"tEster")
    events_file(registry.model_dir).write_bytes(b"".join(lines))
    return b"".join(lines)


def test_a_sound_registry_has_no_problems_and_a_repair_changes_nothing(
    registry: ModelRegistry,
) -> None:
    before = tree(registry.model_dir)
    assert registry.verify() == []
    assert registry.repair(now=NOW).done == ()
    assert tree(registry.model_dir) == before


def test_an_empty_scope_has_no_problems_and_stays_empty(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path / "ml_models")
    assert registry.verify() == []
    assert registry.repair(now=NOW).done == ()
    assert tree(tmp_path) == {}


def test_a_candidate_that_was_not_evaluated_yet_is_no_problem(registry: ModelRegistry) -> None:
    publish_model(registry.model_dir, "20260127_213000", evaluated=False)
    registry.register_candidate("20260127_213000", METRICS, now=NOW)
    assert registry.verify() == []


@pytest.mark.parametrize(
    ("harm", "file", "what"),
    [
        (lambda d: (d / B / "model.joblib").write_bytes(b"x"), f"{B}/model.joblib", "SHA-256"),
        (lambda d: (d / B / "scorecard.json").unlink(), f"{B}/scorecard.json", "missing"),
        (lambda d: (d / B).rename(d / "gone"), B, "missing"),
        (lambda d: write_evaluation(d, B, p_value=0.0), f"{B}/evaluation.json", "on record"),
        (lambda d: pointer_file(d).unlink(), "model_registry.json", "missing"),
        (lambda d: pointer_file(d).write_bytes(b"{"), "model_registry.json", "not the file"),
        (lambda d: events_file(d).unlink(), "registry_events.jsonl", "has seen 4"),
        (lambda d: events_file(d).write_bytes(b"?\n"), "registry_events.jsonl", "not an event"),
    ],
)
def test_verify_names_the_file_and_what_is_wrong_with_it(
    registry: ModelRegistry, harm, file: str, what: str
) -> None:
    harm(registry.model_dir)
    problem = registry.verify()[0]
    assert problem.file == file
    assert what in problem.what


def test_verify_says_where_in_the_events_the_damage_is(registry: ModelRegistry) -> None:
    start = events_file(registry.model_dir).read_bytes().index(b"\n") + 1
    damage(registry, line=2)
    assert registry.verify()[0].where == f"line 2, byte {start}"


def test_verify_reports_unsigned_models_once_a_key_is_set(registry: ModelRegistry) -> None:
    problems = ModelRegistry(registry.model_dir, signing_key="key").verify()
    assert f"the promotion of {A} is not signed" in problems[0].what
    assert [problem.file for problem in problems[1:]] == [A, B, C]


def test_repair_derives_a_lost_pointer_file_from_the_events(registry: ModelRegistry) -> None:
    sound = pointer_file(registry.model_dir).read_bytes()
    pointer_file(registry.model_dir).unlink()
    registry.repair(now=NOW)
    assert pointer_file(registry.model_dir).read_bytes() == sound


def test_repair_cuts_a_torn_event_off_and_keeps_it(registry: ModelRegistry) -> None:
    sound = events_file(registry.model_dir).read_bytes()
    events_file(registry.model_dir).write_bytes(sound + b'{"schema')
    report = registry.repair(now=NOW)
    assert events_file(registry.model_dir).read_bytes() == sound
    (kept,) = registry.model_dir.glob("registry_events.jsonl.torn-*")
    assert kept.read_bytes() == b'{"schema'
    assert kept.name in report.done[0]
    assert registry.verify() == []


def test_repair_completes_an_acknowledged_event_that_lost_its_end(registry: ModelRegistry) -> None:
    sound = events_file(registry.model_dir).read_bytes()
    events_file(registry.model_dir).write_bytes(sound[:-40])
    assert [problem.file for problem in registry.verify()] == ["registry_events.jsonl"]
    report = registry.repair(now=NOW)
    assert report.done == ("completed the last event from model_registry.json",)
    assert events_file(registry.model_dir).read_bytes() == sound
    assert registry.verify() == []


def test_repair_keeps_the_valid_prefix_the_damaged_file_and_the_active_model(
    registry: ModelRegistry,
) -> None:
    """A is active by the third event and by the pointer file, so it stays active."""
    damaged = damage(registry, line=4)
    assert registry.get_active_model() is None
    report = registry.repair(now=NOW)
    assert registry.get_active_model() == A
    assert registry.verify() == []
    kinds = [event["event"] for event in read_events(registry.model_dir)]
    assert kinds == ["registered", "registered", "promoted", "repaired", "registered"]
    assert list(registry.list_models()) == [A, B, C]
    assert registry.list_models()[C]["metrics"] == METRICS
    (kept,) = registry.model_dir.glob("registry_events.jsonl.damaged-*")
    assert kept.read_bytes() == damaged
    assert f"registered {C} again, from its folder" in report.done
    assert report.left == ()


def test_repair_does_not_make_a_model_active_that_the_valid_events_do_not_know_as_such(
    registry: ModelRegistry,
) -> None:
    damage(registry, line=2)
    report = registry.repair(now=NOW)
    assert registry.get_active_model() is None
    assert report.left == (f"{A} may have been active; if it should be: make promote ID={A}",)
    assert registry.promote_candidate(A, now=NOW) is True


def test_repair_does_not_fall_back_to_an_older_promotion(registry: ModelRegistry) -> None:
    """B replaced A; with B's promotion damaged, A must not trade again by itself."""
    registry.promote_candidate(B, now=NOW)
    damage(registry, line=5)
    report = registry.repair(now=NOW)
    assert registry.get_active_model() is None
    assert f"make promote ID={B}" in report.left[0]


def test_repair_without_the_pointer_file_leaves_no_model_active(registry: ModelRegistry) -> None:
    with events_file(registry.model_dir).open("ab") as file:
        file.write(b"rubbish\n")
    pointer_file(registry.model_dir).unlink()
    report = registry.repair(now=NOW)
    assert registry.get_active_model() is None
    assert f"make promote ID={A}" in report.left[0]


@pytest.mark.parametrize("content", [b"", b"\0" * 500])
def test_an_emptied_log_is_rebuilt_from_the_model_folders(
    registry: ModelRegistry, content: bytes
) -> None:
    events_file(registry.model_dir).write_bytes(content)
    with pytest.raises(IntegrityError):
        registry.register_candidate(C, {}, now=NOW)
    report = registry.repair(now=NOW)
    assert list(registry.list_models()) == [A, B, C]
    assert {record["state"] for record in registry.list_models().values()} == {"candidate"}
    assert f"make promote ID={A}" in report.left[0]
    assert registry.verify() == []


def test_a_folder_that_does_not_match_its_own_metadata_is_not_registered_again(
    registry: ModelRegistry,
) -> None:
    (registry.model_dir / C / "model.joblib").write_bytes(b"x")
    damage(registry, line=4)
    report = registry.repair(now=NOW)
    assert list(registry.list_models()) == [A, B]
    assert report.left[0].startswith(f"{C} was not registered again")


def test_a_repair_is_an_event_that_says_what_was_done_and_what_is_left(
    registry: ModelRegistry,
) -> None:
    damage(registry, line=2)
    report = registry.repair(now=NOW)
    event = read_events(registry.model_dir)[1]
    assert (event["event"], event["by"], event["model_id"]) == ("repaired", "tester@desk", None)
    assert event["notes"] == [*report.done, *report.left]


def test_an_interrupted_repair_can_be_run_again(registry: ModelRegistry) -> None:
    """The events were rewritten and the pointer file was not."""
    old_pointer = pointer_file(registry.model_dir).read_bytes()
    damage(registry, line=4)
    registry.repair(now=NOW)
    pointer_file(registry.model_dir).write_bytes(old_pointer)
    registry.repair(now=NOW)
    assert registry.verify() == []
    assert list(registry.list_models()) == [A, B, C]
    assert registry.get_active_model() == A


def test_a_signed_registry_is_signed_after_its_repair(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, A, B, signing_key="key")
    registry.promote_candidate(A, now=NOW)
    registry.register_candidate(B, {"test_auc": 0.6}, now=NOW)
    damage(registry, line=4)
    registry.repair(now=NOW)
    assert registry.verify() == []
    assert registry.get_active_model() == A
    assert all(event["signature"] for event in read_events(tmp_path))
