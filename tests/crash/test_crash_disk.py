"""A disk that is full, read-only, forbidden, over quota, broken or gone: exit 1, path, remedy.

Nothing is half-written, the next run on a healthy disk does the work, and trading goes on.
"""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import StorageError
from afterclose.model_registry import ModelRegistry
from afterclose.operating.cycle import run_cycle
from afterclose.operating.verification import verify_scope
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.risk_filter import RiskFilter
from afterclose.runner import run_job
from afterclose.settings import Settings
from breaking import (
    MORNING,
    NIGHT_3,
    Lab,
    closed_in_ledgers,
    newest_model,
    readers_work,
    rows_by_trade,
    settings_of,
    spread,
    trade_a_day,
)
from jobs import cycle as cycle_job
from jobs import promote as promote_job
from repository import REPOSITORY

FAULTS = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO, errno.ESTALE]
REMEDIES = ("Free disk space", "read-only", "permission", "mounted and healthy")


class FailingDisk(DiskLayer):
    """From disk call ``first`` on every ``every``-th fails; a write has then written half."""

    def __init__(self, first: int, code: int, *, for_good: bool) -> None:
        self.first, self.code, self.for_good, self.calls = first, code, for_good, 0

    def _call(self) -> bool:
        self.calls += 1
        return self.calls == self.first or (self.for_good and self.calls > self.first)

    def _fail(self) -> None:
        if self._call():
            raise OSError(self.code, os.strerror(self.code))

    def write(self, descriptor: int, data: bytes) -> int:
        if self._call():
            super().write(descriptor, data[: len(data) // 2])
            raise OSError(self.code, os.strerror(self.code))
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._fail()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._fail()
        super().replace(source, target)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        self._fail()
        super().truncate(descriptor, length_bytes)

    def make_folder(self, path: Path) -> None:
        self._fail()
        super().make_folder(path)

    def remove(self, path: Path) -> None:
        self._fail()
        super().remove(path)


@contextmanager
def failing(disk: FailingDisk) -> Iterator[FailingDisk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "LAYER", disk)
        yield disk


def cycle(scope: Settings) -> int:
    options = ["--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(), "--force"]
    return run_job(cycle_job.run, cycle_job.parser(), options)


def promote(scope: Settings) -> int:
    options = ["--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(),
               "--id", newest_model(scope), "--anyway"]  # fmt: skip
    return run_job(promote_job.run, promote_job.parser(), options)


def healthy_again(scope: Settings) -> None:
    """The disk is well: the next cycle finishes, and every trade is there once."""
    readers_work(scope)
    assert run_cycle(scope, NIGHT_3).exit_code == 0
    DatasetBuilder.from_settings(scope).build(NIGHT_3)  # where the session was handled already
    trades = closed_in_ledgers(scope)
    assert set(trades.values()) == {1}
    assert rows_by_trade(scope) == trades
    verify_scope(scope, NIGHT_3, repair=True)
    assert verify_scope(scope, NIGHT_3).exit_code == 0


@pytest.mark.parametrize("job", [cycle, promote])
def test_an_error_of_any_disk_call_is_exit_1_with_the_path_and_the_remedy(
    lab: Lab, capsys: pytest.CaptureFixture[str], job: object
) -> None:
    with failing(FailingDisk(0, 0, for_good=False)) as counter:
        assert job(lab.scope()) == 0
    points = spread(counter.calls, lab.often(45, 6))
    for first in points:
        scope = lab.scope()
        before = ModelRegistry.from_settings(scope).get_active_model()
        capsys.readouterr()
        disk = FailingDisk(first, FAULTS[first % len(FAULTS)], for_good=first % 2 == 0)
        with failing(disk):
            code = job(scope)
        words = capsys.readouterr().err
        assert code in (0, 1), (first, words)  # 0: a status file that could not be renewed
        if code:
            assert str(scope.root) in words
            assert any(remedy in words for remedy in REMEDIES)
            # A disk that dies altogether after an event was written lets nobody take it back.
            allowed = {before, newest_model(scope)} if disk.for_good else {before}
            assert ModelRegistry.from_settings(scope).get_active_model() in allowed
        healthy_again(scope)
        shutil.rmtree(scope.logs_dir)
    lab.tally(
        f"a disk error at a disk call of a {job.__name__} (it has {counter.calls})", len(points)
    )


def test_a_trading_day_goes_on_whatever_the_disk_says(lab: Lab) -> None:
    with failing(FailingDisk(0, 0, for_good=False)) as counter:
        trade_a_day(lab.scope(), MORNING, "2026-01-29", lambda _: None)
    points = lab.some(counter.calls, 12)
    for first in points:
        scope = lab.scope()
        entered: list[str] = []
        with failing(FailingDisk(first, FAULTS[first % len(FAULTS)], for_good=first % 2 == 0)):
            trade_a_day(scope, MORNING, "2026-01-29", entered.append)
        assert len(entered) == 4
        assert set(closed_in_ledgers(scope).values()) == {1}
        readers_work(scope)
        shutil.rmtree(scope.logs_dir)
    lab.tally(f"a disk error at a disk call of a trading day (it has {counter.calls})", len(points))


# --- real file systems -----------------------------------------------------------------------


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own in memory."""
    folder = tmp_path / "volume"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def fill(folder: Path, leave_bytes: int) -> None:
    """Leave so much room, whole pages of it."""
    space = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(space.f_bavail * space.f_frsize - leave_bytes))


def on_volume(lab: Lab, volume: Path) -> Settings:
    shutil.copytree(lab.template.logs_dir, volume / "logs")
    return settings_of(volume / "logs")


def test_a_full_volume_fails_with_the_remedy_and_keeps_what_was_there(
    lab: Lab, volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = range(0, 80_000, 4096) if lab.full else (0, 8192, 24_576)
    failed = 0
    for leave_bytes in room:
        scope = on_volume(lab, volume)
        fill(volume, leave_bytes)
        code = cycle(scope)
        words = capsys.readouterr().err
        assert code in (0, 1)
        if code:
            failed += 1
            assert "Free disk space" in words
        with RiskFilter.load(scope, MORNING) as risk:
            assert risk.mode == "ml"
            book = scope.root / "paper_positions.json"
            before = book.read_bytes()
            executor = PaperTradingExecutor(scope, risk, trade_ledger(scope))
            assert executor.positions
            with suppress(FileNotFoundError):
                assert book.read_bytes() == before
        (volume / "ballast").unlink()
        ModelRegistry.from_settings(scope).unlock(now=NIGHT_3)
        healthy_again(scope)
        shutil.rmtree(scope.logs_dir)
    assert failed
    lab.tally("a cycle on a full volume (tmpfs), with room for 0 to 80 kB", len(room))


def trade_ledger(scope: Settings) -> object:
    from afterclose.ledger import TradeLedger

    return TradeLedger(scope.ledger_paths[0])


def test_a_read_only_volume_fails_with_the_remedy_and_the_filter_answers(
    lab: Lab, volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scope = on_volume(lab, volume)
    right = RiskFilter.load(lab.scope(), MORNING)
    remount(volume, "ro")
    assert cycle(scope) == 1
    assert "read-only" in capsys.readouterr().err
    entered: list[str] = []
    trade_a_day(scope, MORNING, "2026-01-29", entered.append)
    assert len(entered) == 4
    with RiskFilter.load(scope, MORNING) as risk, right:
        assert (risk.mode, risk.model_id) == ("ml", right.model_id)
        assert "not locked" in risk.mode_reason
    remount(volume, "rw")
    healthy_again(scope)
    lab.tally("a cycle and a trading day on a read-only volume (tmpfs)", 2)


def test_a_volume_that_was_unmounted_looks_new_and_comes_back_whole(
    lab: Lab, tmp_path: Path
) -> None:
    """The known limit: an empty mount point cannot be told from a first run."""
    mounted = lab.scope()
    logs = Path(mounted.logs_dir)
    logs.rename(tmp_path / "elsewhere")
    outcome = run_cycle(mounted, NIGHT_3)
    assert outcome.status == "skipped"
    assert "Dataset too small (0 rows)" in outcome.reason
    assert RiskFilter.load(mounted, MORNING).mode == "rules-only"
    shutil.rmtree(logs)
    (tmp_path / "elsewhere").rename(logs)
    healthy_again(mounted)
    lab.tally("a volume unmounted between two runs", 1)


JOBS = ["build", "train", "evaluate", "register", "cycle", "lock", "unlock", "rollback", "status",
        "candidates", "verify", "promote"]  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_a_volume_that_cannot_be_reached_is_exit_1_with_its_path(
    lab: Lab, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Every look at it is an error, as on a network volume that has gone away."""
    import importlib

    logs = lab.folder / "gone"
    (logs / "us").mkdir(parents=True)
    (logs / "us" / "paper").symlink_to(logs / "us" / "paper")
    job = importlib.import_module(f"jobs.{name}")
    options = ["--logs-dir", str(logs), "--now", NIGHT_3.isoformat()]
    options += ["--id", "20260101_000000"] if name == "promote" else []
    assert run_job(job.run, job.parser(), options) == 1
    words = capsys.readouterr().err
    assert str(logs) in words
    assert "run again with -v" not in words  # said as what it is, not as an unforeseen error
    lab.tally("a job on a volume that cannot be reached", 1)


def test_without_permission_it_fails_with_the_user_and_the_remedy(lab: Lab) -> None:
    logs = lab.folder / "logs"
    shutil.copytree(lab.template.logs_dir, logs)
    for path in [logs, *logs.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    scope = settings_of(logs)
    results = []
    for name in ("cycle", "status"):
        result = lab.folder / f"{name}.json"
        lab.processes.start_job(
            name, scope, result, "--now", NIGHT_3.isoformat(), obeying_modes=True
        ).join()
        results.append(json.loads(result.read_text()))
    cycled, asked = results
    assert cycled["code"] == 1
    assert f"Permission denied. Give user id {os.getuid()}" in cycled["result"]["reason"]
    assert str(logs) in cycled["result"]["reason"]
    assert asked["code"] == 0
    for path in [logs, *logs.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    healthy_again(settings_of(logs))
    lab.tally("a cycle and a status without permission", 2)


def test_a_limit_on_file_sizes_fails_like_a_quota(lab: Lab) -> None:
    """The kernel's own refusal: RLIMIT_FSIZE."""
    scope = lab.scope()
    command = [sys.executable, "-m", "jobs.cycle", "--logs-dir", scope.logs_dir,
               "--now", NIGHT_3.isoformat(), "--force"]  # fmt: skip
    limits = [0, 20_000, 28_000] if lab.full else [20_000]
    for limit in limits:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=REPOSITORY,
            preexec_fn=lambda limit=limit: resource.setrlimit(
                resource.RLIMIT_FSIZE, (limit, limit)
            ),
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        if done.returncode:
            assert str(scope.root) in done.stderr
    healthy_again(scope)
    lab.tally("a cycle over its file size limit", len(limits))


def test_an_error_without_words_still_names_its_path(tmp_path: Path) -> None:
    with failing(FailingDisk(1, errno.EDQUOT, for_good=True)), pytest.raises(StorageError) as told:
        files.write_atomic(tmp_path / "file", b"data")
    assert "Free disk space" in str(told.value)
