"""The registry under interrupted writes, full disks, kills and crowds: the old state or the new.

Every change of the disk goes through `files.LAYER`; here each of its calls fails in turn.
"""

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import StorageError
from afterclose.model_registry import ModelRegistry
from afterclose.registry.reader import read_registry
from failing_disk import Crash, FailingDisk, disk_dead, disk_full
from registry_builders import CLOSE, METRICS, NOW, A, B, C, publish_model, read_events, registry_of
from repository import REPOSITORY

CHANGES: dict[str, Callable[[ModelRegistry], object]] = {
    "register": lambda registry: registry.register_candidate(C, METRICS, now=NOW),
    "promote": lambda registry: registry.promote_candidate(B, "better", now=NOW),
    "lock": lambda registry: registry.lock("2026-01-28", CLOSE, A, now=NOW),
}


def seen(registry: ModelRegistry) -> tuple[object, ...]:
    view = registry.view()
    assert view.broken is None
    return registry.get_active_model(), tuple(view.state.models), view.state.lock


def scope(folder: Path) -> ModelRegistry:
    """A is active, B a candidate, C on disk."""
    registry = registry_of(folder / "ml_models", A, B)
    registry.promote_candidate(A, now=NOW)
    publish_model(registry.model_dir, C)
    return registry


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return scope(tmp_path)


def calls_of(change: Callable[[ModelRegistry], object], registry: ModelRegistry) -> int:
    counter = FailingDisk(0, disk_full, for_good=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "LAYER", counter)
        change(registry)
    return counter.calls


def after(change: str, folder: Path) -> tuple[int, tuple[object, ...]]:
    """How many calls the change makes, and what is seen after it, in a registry of its own."""
    registry = scope(folder)
    return calls_of(CHANGES[change], registry), seen(registry)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_reports_a_full_disk_has_changed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, for_good: bool
) -> None:
    """And one that does not report it has happened; nothing in between, at whichever call."""
    total, new = after(change, tmp_path / "reference")
    assert total >= 5  # append: write, sync; swap: write, sync, replace, sync of the folder
    for fatal in range(1, total + 1):
        registry = scope(tmp_path / f"{fatal}")
        old = seen(registry)
        with monkeypatch.context() as patch:
            patch.setattr(files, "LAYER", FailingDisk(fatal, disk_full, for_good=for_good))
            try:
                CHANGES[change](registry)
                reported = False
            except StorageError:
                reported = True
        assert seen(registry) == (old if reported else new)
        CHANGES[change](registry)
        assert seen(registry) == new
        assert registry.verify() == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_disk_that_dies_at_any_call_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    total, new = after(change, tmp_path / "reference")
    for fatal in range(1, total + 1):
        registry = scope(tmp_path / f"{fatal}")
        old = seen(registry)
        with monkeypatch.context() as patch:
            patch.setattr(files, "LAYER", FailingDisk(fatal, disk_dead, for_good=True))
            with suppress(StorageError):
                CHANGES[change](registry)
        assert seen(registry) in (old, new)


@pytest.mark.parametrize("change", CHANGES)
def test_a_process_that_dies_at_any_call_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    total, new = after(change, tmp_path / "reference")
    for fatal in range(1, total + 1):
        registry = scope(tmp_path / f"{fatal}")
        old = seen(registry)
        with monkeypatch.context() as patch:
            patch.setattr(files, "LAYER", FailingDisk(fatal, Crash, for_good=True))
            with pytest.raises(Crash):
                CHANGES[change](registry)
        assert seen(registry) in (old, new)
        CHANGES[change](registry)
        assert seen(registry) == new
        assert registry.repair(now=NOW).left == ()
        assert registry.verify() == []


def test_a_crash_between_append_and_swap_counts_as_done(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiesBeforeTheSwap(DiskLayer):
        def replace(self, source: Path, target: Path) -> None:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(files, "LAYER", DiesBeforeTheSwap())
        with pytest.raises(Crash):
            registry.promote_candidate(B, now=NOW)
    assert registry.get_active_model() == B


@pytest.mark.parametrize("fatal", range(1, 10))
def test_a_repair_that_dies_half_way_can_be_run_again(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, fatal: int
) -> None:
    path = registry.model_dir / "registry_events.jsonl"
    path.write_bytes(path.read_bytes().replace(b"tester", b"tEster", 1))
    with monkeypatch.context() as patch:
        patch.setattr(files, "LAYER", FailingDisk(fatal, Crash, for_good=True))
        with pytest.raises(Crash):
            registry.repair(now=NOW)
    registry.repair(now=NOW)
    assert registry.verify() == []
    assert list(registry.list_models()) == [A, B, C]


def test_an_interrupted_pruning_leaves_no_candidate_without_files(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register_candidate(C, METRICS, now=NOW)

    def dies(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("afterclose.learning.artifacts.remove_folder", dies)
        with pytest.raises(Crash):
            registry.prune(1, now=NOW)
    assert list(registry.list_models()) == [A, C]
    assert registry.verify() == []
    assert registry.prune(1, now=NOW) == [B]
    assert not (registry.model_dir / B).exists()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from afterclose.model_registry import ModelRegistry
registry = ModelRegistry(Path(sys.argv[1]), wait_s=30)
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    model_id = f"20260101_{number:06d}"
    registry.register_candidate(model_id, {"n": number}, now=datetime(2026, 1, 27, tzinfo=UTC))
    print(model_id, flush=True)
"""


def writer(model_dir: Path, first: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(model_dir), str(first), str(last)],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip


def test_killed_during_continuous_writes_it_is_readable_every_time(tmp_path: Path) -> None:
    model_dir = tmp_path / "ml_models"
    acknowledged: list[str] = []
    lines_before_the_kill = random.Random(5)  # noqa: S311 - a repeatable test, not a secret
    for round_number in range(5):
        process = writer(model_dir, round_number * 1000, round_number * 1000 + 1000)
        assert process.stdout is not None
        count = lines_before_the_kill.randint(1, 12)
        acknowledged += [process.stdout.readline().strip() for _ in range(count)]
        process.kill()
        acknowledged += process.communicate()[0].split()
        view = read_registry(model_dir)
        assert view.broken is None
        assert set(acknowledged) <= set(view.state.models)


def test_processes_that_register_at_once_lose_nothing(tmp_path: Path) -> None:
    model_dir = tmp_path / "ml_models"
    crowd = [writer(model_dir, first, first + 8) for first in (0, 100, 200)]
    registered = {name for process in crowd for name in process.communicate()[0].split()}
    assert len(registered) == 24
    view = read_registry(model_dir)
    assert set(view.state.models) == registered
    assert view.problems == []


def test_threads_that_register_at_once_lose_nothing(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path / "ml_models", wait_s=30)
    names = [f"20260101_{number:06d}" for number in range(16)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: registry.register_candidate(name, METRICS, now=NOW), names))
    assert set(registry.list_models()) == set(names)
    assert registry.view().problems == []


def test_readers_always_see_one_active_model_while_it_changes(registry: ModelRegistry) -> None:
    done = threading.Event()
    seen_models: set[str | None] = set()
    problems = []

    def read() -> None:
        while not done.is_set():
            view = registry.view()
            seen_models.add(view.active.model_id if view.active else None)
            if view.broken:
                problems.append(view.broken)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        registry.promote_candidate((A, B)[number % 2], now=NOW + timedelta(minutes=number))
    done.set()
    reader.join()
    assert seen_models <= {A, B}
    assert problems == []
    assert len(read_events(registry.model_dir)) == 3 + 39  # the first of the 40 changed nothing
