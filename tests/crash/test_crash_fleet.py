"""Workers of a fleet that are killed at random moments, on processes and on a Dask cluster.

Small here; whole with `make break TESTS=…` or `--full`: 300 scopes, 50 kills. After one more
run each scope has one good end and one model, whole, and its scorecard is byte for byte the one
that a cycle by hand makes of the same ledger.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterclose.operating.cycle import run_cycle
from afterclose.operating.verification import verify_scope
from afterclose.settings import Settings
from breaking import Lab
from dask_processes import Cluster
from fleets import NOW, cards, fleet_of, good_ends, models, scope
from repository import REPOSITORY

WORST_PAUSE_S = 1.2
LONGEST_S = 1200

RANDOM = random.Random()  # noqa: S311 - moments to kill at, no secret

KillOne = Callable[["subprocess.Popen[bytes]"], bool]
"""Kills one worker of a running fleet; whether there was one."""

pytestmark = pytest.mark.slow


@contextmanager
def on_processes(_folder: Path) -> Iterator[tuple[dict[str, str], KillOne]]:
    """The settings of a fleet on loky, and a way to kill one of its workers."""

    def kill_one(fleet: "subprocess.Popen[bytes]") -> bool:
        workers = workers_of(fleet.pid)
        if workers:
            os.kill(RANDOM.choice(workers), signal.SIGKILL)
        return bool(workers)

    yield {}, kill_one


@contextmanager
def on_dask(folder: Path) -> Iterator[tuple[dict[str, str], KillOne]]:
    """The settings of a fleet on a cluster, whose workers are replaced when they are killed."""
    with Cluster(folder) as cluster:
        address = cluster.start_workers(2)

        def kill_one(_: "subprocess.Popen[bytes]") -> bool:
            killed = RANDOM.choice(cluster.alive())
            killed.kill()
            killed.wait()
            cluster.start_workers(1)
            return True

        yield {"ML_JOBLIB_BACKEND": "dask", "ML_DASK_SCHEDULER": address}, kill_one


@pytest.mark.parametrize("backend", [on_processes, on_dask])
def test_kills_at_random_lose_and_double_no_scope(
    backend: Callable[[Path], Iterator[tuple[dict[str, str], KillOne]]], lab: Lab, tmp_path: Path
) -> None:
    scopes, kills = (300, 50) if lab.full else (12, 3)
    volume = tmp_path / "logs"
    roots = fleet_of(volume, scopes, 60)
    command = [sys.executable, "-m", "jobs.fleet", "--logs-dir", str(volume),
               "--now", NOW.isoformat(), "--workers", "2", "--quiet"]  # fmt: skip
    with backend(tmp_path) as (environment, kill_one):
        fleet = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | environment)
        killed = kill_at_random(fleet, kills, kill_one)
        fleet.wait(LONGEST_S)
        again = subprocess.run(
            command, cwd=REPOSITORY, env=os.environ | environment, check=False, timeout=LONGEST_S
        )
    assert killed
    assert again.returncode == 0
    assert [good_ends(root) for root in roots] == [["COMPLETED"]] * scopes
    assert [len(models(root)) for root in roots] == [1] * scopes
    assert {cards(root) for root in roots} == {by_hand(tmp_path / "by-hand")}
    for root in roots[:: max(1, scopes // 12)]:
        settings = Settings(logs_dir=str(volume), env=root.name)
        assert verify_scope(settings, NOW).exit_code == 0
    lab.tally(f"kill -9 of a worker of a fleet ({backend.__name__.removeprefix('on_')})", killed)


def kill_at_random(fleet: "subprocess.Popen[bytes]", kills: int, kill_one: KillOne) -> int:
    """How many workers were killed before the fleet ended or enough were."""
    killed = 0
    while killed < kills and fleet.poll() is None:
        time.sleep(RANDOM.uniform(0.1, WORST_PAUSE_S))
        killed += fleet.poll() is None and kill_one(fleet)
    return killed


def by_hand(volume: Path) -> tuple[bytes, ...]:
    """The scorecards that one cycle makes of the same ledger."""
    root = scope(volume, "us/p", 60)
    assert run_cycle(Settings(logs_dir=str(volume), env="p"), NOW).exit_code == 0
    return cards(root)


def workers_of(parent: int) -> list[int]:
    """The process ids of the pool's workers."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)],
        capture_output=True, text=True, check=False,
    ).stdout.splitlines()  # fmt: skip
    return [int(line.split()[0]) for line in listed if "loky" in line and "tracker" not in line]
