"""Which model is active when something is wrong: as the module's docstring promises."""

import hashlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from afterclose.disk import files
from afterclose.errors import IntegrityError, StorageError
from afterclose.model_registry import ModelRegistry
from afterclose.registry.reader import RegistryReader, read_registry
from failing_disk import FailingDisk, disk_full
from registry_builders import NOW, A, B, C, events_file, pointer_file, registry_of
from repository import REPOSITORY


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A promoted first, then B, and C registered after."""
    registry = registry_of(tmp_path / "ml_models", A, B)
    registry.promote_candidate(A, now=NOW)
    registry.promote_candidate(B, now=NOW)
    registry_of(tmp_path / "ml_models", C)
    return tmp_path / "ml_models"


def active(model_dir: Path, key: str = "") -> str | None:
    return RegistryReader(model_dir, signing_key=key).get_active_model()


def lines(model_dir: Path) -> list[bytes]:
    return events_file(model_dir).read_bytes().splitlines(keepends=True)


def refused(model_dir: Path) -> IntegrityError:
    before = events_file(model_dir).read_bytes()
    with pytest.raises(IntegrityError, match="make verify REPAIR=1") as caught:
        ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    assert events_file(model_dir).read_bytes() == before
    return caught.value


def test_an_empty_folder_is_an_empty_registry(tmp_path: Path) -> None:
    view = read_registry(tmp_path / "nothing")
    assert (view.active, view.broken, view.problems) == (None, None, [])
    assert not (tmp_path / "nothing").exists()


def test_a_sound_registry_has_its_last_promoted_model_and_no_problems(model_dir: Path) -> None:
    view = read_registry(model_dir)
    assert view.active is not None
    assert view.active.model_id == B
    assert view.problems == []
    assert set(view.active.artifacts) == {"model.joblib", "scorecard.json", "metadata.json"}


def test_a_lost_pointer_file_changes_nothing(model_dir: Path) -> None:
    pointer_file(model_dir).unlink()
    assert active(model_dir) == B
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    assert json.loads(pointer_file(model_dir).read_bytes())["active_model_id"] == A


@pytest.mark.parametrize("content", [b"", b'{"active_model_id": "2026', b"\0\0\0"])
def test_a_damaged_pointer_file_changes_nothing_but_is_reported(
    model_dir: Path, content: bytes
) -> None:
    pointer_file(model_dir).write_bytes(content)
    view = read_registry(model_dir)
    assert view.active is not None
    assert view.active.model_id == B
    assert [problem.file for problem in view.problems] == ["model_registry.json"]
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    assert active(model_dir) == A
    assert read_registry(model_dir).problems == []


def test_a_pointer_file_that_names_another_model_is_not_believed(model_dir: Path) -> None:
    body = json.loads(pointer_file(model_dir).read_bytes())
    pointer_file(model_dir).write_text(json.dumps(body | {"active_model_id": C}))
    assert active(model_dir) == B


def test_a_stale_pointer_file_is_not_believed(model_dir: Path) -> None:
    """A crash between the append and the swap leaves exactly this."""
    stale = pointer_file(model_dir).read_bytes()
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    pointer_file(model_dir).write_bytes(stale)
    view = read_registry(model_dir)
    assert view.active is not None
    assert view.active.model_id == A
    assert view.problems == []


def test_a_torn_last_event_is_passed_over_and_the_one_before_counts(model_dir: Path) -> None:
    """A crash in the append: the pointer file was not swapped yet."""
    stale = pointer_file(model_dir).read_bytes()
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    pointer_file(model_dir).write_bytes(stale)
    events_file(model_dir).write_bytes(events_file(model_dir).read_bytes()[:-30])
    assert active(model_dir) == B
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    assert active(model_dir) == A
    assert len(list(model_dir.glob("registry_events.jsonl.torn-*"))) == 1


@pytest.mark.parametrize("lost_bytes", [1, 2, 30, -1])
def test_an_acknowledged_event_that_lost_its_end_stands_and_is_completed(
    model_dir: Path, lost_bytes: int
) -> None:
    """The pointer file has the whole line, and its SHA-256."""
    ModelRegistry(model_dir).promote_candidate(A, now=NOW)
    sound = events_file(model_dir).read_bytes()
    last_line = sound.rindex(b"\n", 0, -1) + 1
    torn = sound[:-lost_bytes] if lost_bytes > 0 else sound[: last_line + 1]
    events_file(model_dir).write_bytes(torn)
    view = read_registry(model_dir)
    assert view.active is not None
    assert view.active.model_id == A
    assert "lost the end of its last line" in view.problems[0].what
    assert events_file(model_dir).read_bytes() == torn, "a reader writes nothing"
    ModelRegistry(model_dir).promote_candidate(B, now=NOW)
    assert events_file(model_dir).read_bytes().startswith(sound)
    assert read_registry(model_dir).problems == []


def test_a_disk_that_fails_while_an_event_is_completed_leaves_the_file_as_it_was(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = events_file(model_dir).read_bytes()[:-30]
    calls = 0
    while True:
        calls += 1
        events_file(model_dir).write_bytes(torn)
        monkeypatch.setattr(files, "LAYER", FailingDisk(calls, disk_full))
        try:
            ModelRegistry(model_dir).promote_candidate(A, now=NOW)
        except StorageError:
            assert b"\0" not in events_file(model_dir).read_bytes()
            monkeypatch.undo()
            assert active(model_dir) == B
            continue
        break
    assert calls > 6, "the end of the line, the event, the pointer file"
    assert active(model_dir) == A


@pytest.mark.parametrize("harm", [b"x", b'{"schema_version":2'])
def test_an_acknowledged_event_that_is_something_else_now_leaves_no_model_active(
    model_dir: Path, harm: bytes
) -> None:
    """What it was can be known, but the log says otherwise: a person is to look at it."""
    sound = events_file(model_dir).read_bytes()
    events_file(model_dir).write_bytes(sound[: sound.rindex(b"\n", 0, -1) + 1] + harm)
    assert active(model_dir) is None
    assert "has seen 5" in str(refused(model_dir))


def test_a_pointer_file_of_an_earlier_version_proves_a_line_without_its_newline_alone(
    model_dir: Path,
) -> None:
    write_pointer_without(model_dir, "last_event")
    sound = events_file(model_dir).read_bytes()
    events_file(model_dir).write_bytes(sound[:-1])
    assert active(model_dir) == B
    events_file(model_dir).write_bytes(sound[:-2])
    assert active(model_dir) is None, "an older promotion might have been replaced by it"
    assert "has seen 5" in str(refused(model_dir))


def write_pointer_without(model_dir: Path, field: str) -> None:
    body = json.loads(pointer_file(model_dir).read_bytes())
    del body[field], body["sha256"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    pointer_file(model_dir).write_text(
        json.dumps(body | {"sha256": hashlib.sha256(text).hexdigest()})
    )


@pytest.mark.parametrize("line", range(5))
def test_a_changed_event_leaves_no_model_active_and_nothing_is_promoted(
    model_dir: Path, line: int
) -> None:
    """The last line too, which no other line is chained to."""
    changed = lines(model_dir)
    changed[line] = changed[line].replace(b"tester@desk", b"nobody@desk")
    events_file(model_dir).write_bytes(b"".join(changed))
    assert active(model_dir) is None
    assert refused(model_dir).exit_code == 3


@pytest.mark.parametrize("kept", range(5))
def test_a_log_cut_at_the_end_of_a_line_is_noticed(model_dir: Path, kept: int) -> None:
    events_file(model_dir).write_bytes(b"".join(lines(model_dir)[:kept]))
    assert active(model_dir) is None
    assert "has seen 5" in str(refused(model_dir))


def test_a_lost_log_is_noticed(model_dir: Path) -> None:
    """An empty registry in its place would erase history and active with the next write."""
    events_file(model_dir).unlink()
    assert active(model_dir) is None
    with pytest.raises(IntegrityError, match="has seen 5"):
        ModelRegistry(model_dir).register_candidate(A, {}, now=NOW)
    assert not events_file(model_dir).exists()


def test_rubbish_behind_the_last_event_costs_no_model_but_forbids_writing(model_dir: Path) -> None:
    """The pointer file proves that nothing was committed behind the valid events."""
    events_file(model_dir).write_bytes(events_file(model_dir).read_bytes() + b"rubbish\n")
    assert active(model_dir) == B
    refused(model_dir)
    pointer_file(model_dir).unlink()
    assert active(model_dir) is None


def test_with_a_key_only_promotions_signed_with_it_are_honoured(tmp_path: Path) -> None:
    registry_of(tmp_path, A, signing_key="key").promote_candidate(A, now=NOW)
    assert active(tmp_path, "key") == A
    assert active(tmp_path, "another key") is None
    assert active(tmp_path) == A


def test_an_unsigned_promotion_is_reported_and_not_honoured_once_a_key_is_set(
    tmp_path: Path,
) -> None:
    registry_of(tmp_path, A, B, signing_key="key").promote_candidate(A, now=NOW)
    ModelRegistry(tmp_path).promote_candidate(B, now=NOW)
    view = read_registry(tmp_path, "key")
    assert view.active is None  # and not A, which somebody had replaced
    assert view.broken is None
    (problem,) = view.problems
    assert problem.what.startswith(f"the promotion of {B} is not signed with ML_SIGNING_KEY")


def test_reading_imports_nothing_heavy() -> None:
    code = "import sys, afterclose.model_registry, afterclose.nightly.status; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    heavy = {"numpy", "pandas", "sklearn", "scipy", "joblib", "filelock", "exchange_calendars"}
    assert not heavy & set(done.stdout.split())


def test_a_promotion_between_reading_the_two_files_is_no_damage(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the events first may find a pointer file that has seen more of them."""
    promoted = []

    def then_somebody_promotes(read):
        def reading(*args):
            answer = read(*args)
            if not promoted:
                promoted.append(A)
                ModelRegistry(model_dir).promote_candidate(A, now=NOW)
            return answer

        return reading

    for target in (
        "afterclose.registry.reader.read_pointer",
        "afterclose.registry.event_log.EventLog.read",
    ):
        monkeypatch.setattr(target, then_somebody_promotes(pkgutil.resolve_name(target)))
    view = read_registry(model_dir)
    assert promoted == [A]
    assert view.broken is None
    assert view.active is not None
    assert view.active.model_id == A
