"""A build or repair that dies at any write: the next one leaves what an undisturbed one does."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from afterclose.dataset import line_writer
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk import files
from afterclose.errors import IntegrityError, StorageError
from afterclose.scope_files import ROWS_FILE
from builders import append_ledger, make_trade, synthetic_records, write_ledger
from failing_disk import Crash, FailingDisk, disk_dead, disk_full
from repository import REPOSITORY

NOW = datetime(2026, 1, 27, tzinfo=UTC)
OLD, NEW = synthetic_records(20)[:12], synthetic_records(20)[12:]
BROKEN = make_trade(trade_id="bad", side="up")
ERRORS = {"crash": Crash, "full": disk_full, "dead": disk_dead}


@pytest.fixture(autouse=True)
def _small_flushes(monkeypatch):
    """So that a build appends several times, as one of a million trades does."""
    monkeypatch.setattr(line_writer, "FLUSH_BYTES", 1000)


def builder_of(folder, *, first_build):
    """A scope before its first build, or with twelve rows and new trades to add."""
    ledger = write_ledger(folder / "trade_ledger.jsonl", [BROKEN, *OLD])
    builder = DatasetBuilder(folder, ledger)
    if not first_build:
        builder.build(NOW)
    append_ledger(ledger, [*NEW, BROKEN | {"trade_id": "worse"}])
    return builder


def state(folder):
    """What the scope holds, but for the times of builds and what was kept beside."""
    return {
        path.name: path.read_bytes() if path.name.endswith(".jsonl") else b""
        for path in folder.iterdir()
        if path.is_file() and ".torn-" not in path.name
    }


def run_failing(monkeypatch, work, fatal, error):
    """Run ``work`` on a disk that fails at call ``fatal``; False once it has fewer calls."""
    disk = FailingDisk(fatal, ERRORS[error])
    with monkeypatch.context() as patched:
        patched.setattr(files, "LAYER", disk)
        with suppress(Crash, StorageError):
            work()
    return disk.calls >= fatal


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("first_build", [True, False], ids=["first build", "next day"])
def test_a_build_interrupted_at_any_write_is_finished_by_the_next(
    tmp_path, monkeypatch, first_build, error
):
    undisturbed = builder_of(tmp_path / "undisturbed", first_build=first_build)
    undisturbed.build(NOW)
    right = state(undisturbed.dataset_dir)
    fatal, failed = 0, True
    while failed:
        fatal += 1
        builder = builder_of(tmp_path / str(fatal), first_build=first_build)
        failed = run_failing(monkeypatch, lambda b=builder: b.build(NOW), fatal, error)
        report = builder.build(NOW)
        assert report.rows_total == 20
        assert (len(builder.load()), builder.verify()) == (20, [])
        assert state(builder.dataset_dir) == right
    assert fatal > 8


def test_a_full_disk_changes_nothing_that_counts(tmp_path, monkeypatch):
    fatal, failed = 0, True
    while failed:
        fatal += 1
        builder = builder_of(tmp_path / str(fatal), first_build=False)
        before = state(builder.dataset_dir), builder.metadata()
        failed = run_failing(monkeypatch, lambda b=builder: b.build(NOW), fatal, "full")
        if builder.metadata() == before[1]:
            assert (builder.dataset_dir / ROWS_FILE).read_bytes() == before[0][ROWS_FILE]
            assert len(builder.load()) == 12
        else:
            assert len(builder.load()) == 20


@pytest.mark.parametrize("error", ERRORS)
def test_a_repair_interrupted_at_any_write_is_finished_by_the_next(tmp_path, monkeypatch, error):
    fatal, failed = 0, True
    while failed:
        fatal += 1
        builder = builder_of(tmp_path / str(fatal), first_build=False)
        path = builder.dataset_dir / ROWS_FILE
        path.write_bytes(b"#" + path.read_bytes()[1:])
        failed = run_failing(monkeypatch, lambda b=builder: b.repair(NOW), fatal, error)
        with suppress(IntegrityError):
            builder.build(NOW)
        builder.repair(NOW)
        assert builder.verify() == []
        assert len(builder.load()) == 20
        assert len(list(builder.dataset_dir.glob("*.damaged-*"))) == 1


def test_builds_killed_at_any_moment_lose_and_repeat_nothing(tmp_path):
    records = synthetic_records(4000)
    ledger = write_ledger(tmp_path / "trade_ledger.jsonl", records)
    code = (
        "import sys; from afterclose.dataset_builder import DatasetBuilder\n"
        "print('ready', flush=True); DatasetBuilder(sys.argv[1], sys.argv[2]).build()"
    )
    for delay_s in (0.0, 0.01, 0.03, 0.06, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(ledger)],
            stdout=subprocess.PIPE, cwd=REPOSITORY,
        ) as child:  # fmt: skip
            child.stdout.readline()
            time.sleep(delay_s)
            child.send_signal(signal.SIGKILL)
    builder = DatasetBuilder(tmp_path, ledger)
    assert builder.build(NOW).rows_total == 4000
    assert sorted(builder.load().trade_id) == [record["trade_id"] for record in records]
