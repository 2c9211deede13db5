"""A fleet: every scope once, trouble named, and a lost worker neither loses nor doubles work."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import InputError
from afterclose.fleet.fleet import FleetOptions, run_fleet
from afterclose.fleet.scopes import find_scopes
from afterclose.settings import Settings
from fleets import NOW, ends, models, scope
from repository import REPOSITORY

pytestmark = pytest.mark.slow


def test_each_scope_is_worked_on_once_and_a_second_run_finds_nothing(tmp_path: Path) -> None:
    roots = [scope(tmp_path, name) for name in ("us/a", "us/b", "crypto/c")]
    settings = Settings(logs_dir=str(tmp_path))
    done = run_fleet(settings, NOW, FleetOptions(workers=2))
    assert done.exit_code == 0
    assert [(row["scope"], row["status"]) for row in done.details["results"]] == [
        ("crypto/c", "done"), ("us/a", "done"), ("us/b", "done")
    ]  # fmt: skip
    assert [len(models(root)) for root in roots] == [1, 1, 1]
    again = run_fleet(settings, NOW, FleetOptions(workers=2))
    assert (again.status, again.details["nothing_due"]) == ("nothing_due", 3)
    only = run_fleet(settings, NOW, FleetOptions(scopes="us/*", step="verify", workers=1))
    assert [row["scope"] for row in only.details["results"]] == ["us/a", "us/b"]
    assert only.exit_code == 0


def test_damaged_locked_and_hanging_scopes_delay_no_other_and_are_named(tmp_path: Path) -> None:
    good, damaged, locked = (scope(tmp_path, f"us/{name}") for name in ("a", "b", "c"))
    settings = Settings(logs_dir=str(tmp_path))
    assert run_fleet(settings, NOW.replace(day=26), FleetOptions(workers=2)).exit_code == 0
    rows = damaged / "ml_training_dataset.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b"AAPL", b"AAPX", 1))
    hanging = tmp_path / "us" / "d"
    hanging.mkdir()
    os.mkfifo(hanging / "trade_ledger.jsonl")  # whoever opens it waits for a writer for ever
    options = FleetOptions(workers=2, time_limit_s=8)
    with scope_lock(locked):
        done = run_fleet(settings, NOW, options)
    rows_of = {row["scope"]: row for row in done.details["results"]}
    assert {name: row["exit_code"] for name, row in rows_of.items()} == {
        "us/a": 0, "us/b": 3, "us/c": 4, "us/d": 1
    }  # fmt: skip
    assert "time limit of 8 s" in rows_of["us/d"]["reason"]
    assert (done.exit_code, done.status) == (1, "failed")
    assert ends(good)[-1] in {"COMPLETED", "SKIPPED"}
    for name in ("us/b", "us/c", "us/d"):
        assert name in done.text


def test_killed_workers_lose_and_double_nothing(tmp_path: Path) -> None:
    roots = [scope(tmp_path, f"us/p{number:02d}") for number in range(12)]
    command = [sys.executable, "-m", "jobs.fleet", "--logs-dir", str(tmp_path), "--json",
               "--now", NOW.isoformat(), "--workers", "2"]  # fmt: skip
    fleet = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    killed = 0
    while fleet.poll() is None and killed < 3:
        time.sleep(0.5)
        for worker in workers_of(fleet.pid):
            if any((root / "ml_models").exists() for root in roots[3 * killed :]):
                os.kill(worker, signal.SIGKILL)
                killed += 1
                break
    output, _ = fleet.communicate(timeout=120)
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=120)
    assert killed
    assert json.loads(output)["scopes"] == len(roots)
    assert [ends(root) for root in roots] == [["COMPLETED"]] * len(roots)
    assert [len(models(root)) for root in roots] == [1] * len(roots)
    cards = {next(root.glob("ml_models/2*/scorecard.json")).read_bytes() for root in roots}
    assert len(cards) == 1


def workers_of(parent: int) -> list[int]:
    """The process ids of the pool's workers."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)],
        capture_output=True, text=True, check=False,
    ).stdout.splitlines()  # fmt: skip
    return [int(line.split()[0]) for line in listed if "loky" in line and "tracker" not in line]


def test_only_folders_with_a_scopes_files_are_scopes(tmp_path: Path) -> None:
    scope(tmp_path, "us/paper", 1)
    (tmp_path / "us" / "notes").mkdir()
    (tmp_path / ".hidden" / "paper").mkdir(parents=True)
    assert find_scopes(tmp_path) == [("us", "paper")]
    assert find_scopes(tmp_path, "india/*") == []
    with pytest.raises(InputError, match="no scope matches 'india/"):
        run_fleet(Settings(logs_dir=str(tmp_path)), NOW, FleetOptions(scopes="india/*"))
    with pytest.raises(InputError, match="there is no such folder"):
        find_scopes(tmp_path / "absent")


def test_a_market_without_a_calendar_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    scope(tmp_path, "mars/paper", 3)
    scope(tmp_path, "us/paper")
    done = run_fleet(Settings(logs_dir=str(tmp_path)), NOW, FleetOptions(workers=1))
    (mars, us) = done.details["results"]
    assert (mars["exit_code"], us["status"]) == (2, "done")
    assert (done.exit_code, done.status) == (2, "unusable")
    assert "no calendar is known for 'mars'; set ML_CALENDAR" in mars["reason"]
