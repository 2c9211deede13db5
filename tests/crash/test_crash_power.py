"""What was acknowledged survives a cut of the power, by the rules of POSIX alone.

`test_crash_kills.py` cuts the power at each disk call of whole jobs; here is what the first
run of a new volume relies on, and that the simulated disk forgets what it should.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.disk import files
from afterclose.disk.files import append_durable, move_durable, write_atomic
from afterclose.disk.seal import seal
from afterclose.ledger import TradeLedger
from afterclose.nightly.journal import Journal
from builders import make_trade
from power_cut import PowerCut

NOW = datetime(2026, 1, 27, tzinfo=UTC)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def disk(volume: Path, monkeypatch: pytest.MonkeyPatch) -> PowerCut:
    made = PowerCut(0, volume)
    monkeypatch.setattr(files, "LAYER", made)
    return made


def unsynced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    files.LAYER.write(descriptor, data)
    os.close(descriptor)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_disk_forgets_bytes_names_renames_and_folders_that_were_not_synced(
    volume: Path, disk: PowerCut
) -> None:
    write_atomic(volume / "kept", b"old")
    write_atomic(volume / "gone", b"back")
    unsynced(volume / "kept", b" and new")
    unsynced(volume / "new", b"new")
    disk.make_folder(volume / "folder")
    unsynced(volume / "folder" / "inside", b"new")
    unsynced(volume / "temporary", b"replaced")
    disk.replace(volume / "temporary", volume / "kept")
    disk.remove(volume / "gone")
    disk.forget()
    assert tree(volume) == {"kept": b"old", "gone": b"back"}
    assert not (volume / "folder").exists()


def first_trade(volume: Path) -> Path:
    path = volume / "us" / "paper" / "trade_ledger.jsonl"
    TradeLedger(path).add_trade(make_trade())
    return path


def first_run(volume: Path) -> Path:
    path = volume / "us" / "paper" / "ml_runs.jsonl"
    journal = Journal(path)
    journal.start("build", NOW)
    return path


def first_line(volume: Path) -> Path:
    path = volume / "us" / "events.jsonl"
    append_durable(path, b"{}\n")
    return path


def first_file(volume: Path) -> Path:
    path = volume / "us" / "status.json"
    write_atomic(path, seal(b'{"a":1}'))
    move_durable(path, volume / "us" / "moved.json")
    return volume / "us" / "moved.json"


@pytest.mark.parametrize("first", [first_trade, first_run, first_line, first_file])
def test_the_first_thing_that_is_written_to_a_volume_is_there_afterwards(
    volume: Path, disk: PowerCut, first: Callable[[Path], Path]
) -> None:
    path = first(volume)
    written = path.read_bytes()
    assert written
    disk.forget()
    assert path.read_bytes() == written
