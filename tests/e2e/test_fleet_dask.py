"""A fleet on a Dask cluster of real processes: whatever is killed, no scope is lost or doubled.

Scheduler, workers and fleet are processes of their own. A worker is killed and another stopped
in the middle of its work, the scheduler and the fleet are killed, and the next run, on whatever
is there, finishes what is left.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.scope_lock import scope_lock
from afterclose.settings import Settings
from dask_processes import Cluster
from fleets import NOW, cards, fleet_of, good_ends, models
from repository import REPOSITORY

pytestmark = pytest.mark.slow

FLEET = [sys.executable, "-m", "jobs.fleet", "--json", "--now", NOW.isoformat()]


def start(volume: Path, scheduler: str, *options: str) -> "subprocess.Popen[str]":
    """A fleet on the cluster, in a process of its own."""
    on_cluster = {"ML_JOBLIB_BACKEND": "dask", "ML_DASK_SCHEDULER": scheduler}
    return subprocess.Popen(
        [*FLEET, "--logs-dir", str(volume), *options], cwd=REPOSITORY, text=True,
        env=os.environ | on_cluster, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def result_of(fleet: "subprocess.Popen[str]", within_s: float = 300) -> tuple[int, dict[str, dict]]:
    """Exit code and the result of each scope."""
    try:
        output, errors = fleet.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        fleet.kill()
        output, errors = fleet.communicate()
    assert output, errors
    return fleet.returncode, {row["scope"]: row for row in json.loads(output)["results"]}


def until(happened: Callable[[], bool], within_s: float = 150) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def assert_each_done_once(roots: list[Path]) -> None:
    """One good end and one model each, and equal ledgers give equal models.

    An end is SKIPPED where a kill fell between a model and the line that says so.
    """
    assert [len(good_ends(root)) for root in roots] == [1] * len(roots)
    assert [len(models(root)) for root in roots] == [1] * len(roots)
    assert len({cards(root) for root in roots}) == 1


def test_a_killed_worker_delays_its_scope_and_loses_none(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 10)
    with Cluster(tmp_path) as cluster:
        fleet = start(volume, cluster.start_workers(2))
        until(lambda: any(good_ends(root) for root in roots))
        cluster.workers[0].kill()
        code, rows = result_of(fleet)
        assert code == 0, rows
        assert len(rows) == len(roots)
        again, nothing = result_of(start(volume, cluster.start_workers(0)))
        assert (again, nothing) == (0, {})
    assert_each_done_once(roots)


def test_the_scheduler_dies_and_a_run_without_it_finishes_the_rest(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 8)
    with Cluster(tmp_path) as cluster:
        fleet = start(volume, cluster.start_workers(2))
        until(lambda: any(good_ends(root) for root in roots))
        cluster.scheduler.kill()
        code, rows = result_of(fleet)
        assert code == 1
        assert len(rows) == len(roots)
        lost = [row for row in rows.values() if row["status"] == "failed"]
        assert lost
        assert all("run the fleet again" in row["reason"] for row in lost)
        until(lambda: not cluster.alive())
    here = subprocess.run(
        [*FLEET, "--logs-dir", str(volume)], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert here.returncode == 0, here.stderr
    assert_each_done_once(roots)


def test_a_killed_fleet_leaves_whole_scopes_and_the_next_takes_the_rest(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 8)
    with Cluster(tmp_path) as cluster:
        address = cluster.start_workers(2)
        fleet = start(volume, address)
        until(lambda: any(good_ends(root) for root in roots))
        fleet.kill()
        fleet.communicate()
        code, rows = result_of(start(volume, address))
        assert len(rows) < len(roots)
        while code == 4:  # whoever was at work holds its scope until it has ended it
            code, rows = result_of(start(volume, address))
        assert code == 0, rows
    assert_each_done_once(roots)


def test_a_worker_that_stops_answering_delays_no_other_scope(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 10)
    with Cluster(tmp_path) as cluster:
        fleet = start(volume, cluster.start_workers(2), "--time-limit-s", "20")
        until(lambda: sum(bool(good_ends(root)) for root in roots) > 4)  # both are warm by then
        os.kill(cluster.workers[0].pid, signal.SIGSTOP)
        code, rows = result_of(fleet)
        trouble = [row for row in rows.values() if row["exit_code"]]
        assert (code, len(trouble)) == (1, 1), trouble
        (hung,) = trouble
        assert "time limit of 20 s" in hung["reason"]
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        code, rows = result_of(start(volume, cluster.start_workers(1)))
        assert (code, list(rows)) in ((0, [hung["scope"]]), (0, []))
    assert_each_done_once(roots)


def test_a_scope_that_hangs_ends_its_worker_and_the_others_go_on(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 5)
    (volume / "us" / "hangs").mkdir()
    os.mkfifo(volume / "us" / "hangs" / "trade_ledger.jsonl")  # it waits for a writer for ever
    with Cluster(tmp_path) as cluster:
        code, rows = result_of(start(volume, cluster.start_workers(2), "--time-limit-s", "20"))
        until(lambda: len(cluster.alive()) == 1)
    assert code == 1
    assert "no answer within its time limit of 20 s" in rows["us/hangs"]["reason"]
    assert all(rows[f"us/{root.name}"]["status"] == "done" for root in roots)
    assert_each_done_once(roots)


def test_damaged_locked_and_hanging_scopes_together_delay_no_other_and_are_named(
    tmp_path: Path,
) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 6)
    damaged, locked, *good = roots
    DatasetBuilder.from_settings(Settings(logs_dir=str(volume), env=damaged.name)).build(NOW)
    rows_file = damaged / "ml_training_dataset.jsonl"
    rows_file.write_bytes(rows_file.read_bytes().replace(b"AAPL", b"AAPX", 1))
    (volume / "us" / "hangs").mkdir()
    os.mkfifo(volume / "us" / "hangs" / "trade_ledger.jsonl")
    with Cluster(tmp_path) as cluster, scope_lock(locked):
        fleet = start(volume, cluster.start_workers(2), "--time-limit-s", "30")
        code, rows = result_of(fleet)
    assert {name: row["exit_code"] for name, row in rows.items()} == {
        "us/hangs": 1,
        f"us/{damaged.name}": 3,
        f"us/{locked.name}": 4,
        **{f"us/{root.name}": 0 for root in good},
    }
    assert code == 1
    assert "no answer within its time limit of 30 s" in rows["us/hangs"]["reason"]
    assert "make verify" in rows[f"us/{damaged.name}"]["reason"]
    assert_each_done_once(good)


def test_tls_is_spoken_with_certificates_and_refused_without(tmp_path: Path) -> None:
    volume = tmp_path / "logs"
    roots = fleet_of(volume, 2)
    tls = certificates(tmp_path / "certificates")
    with Cluster(tmp_path, tls=tls) as cluster:
        os.environ.update(tls)
        try:
            import dask

            dask.config.refresh()
            address = cluster.start_workers(1)
            assert address.startswith("tls://")
            with_them = start(volume, address)
        finally:
            for name in tls:
                del os.environ[name]
            dask.config.refresh()
        without = start(volume, address, "--scopes", "us/p0001")
        _, errors = without.communicate(timeout=60)
        code, rows = result_of(with_them)
    assert without.returncode == 2
    assert f"ML_DASK_SCHEDULER='{address}'" in errors
    assert (code, len(rows)) == (0, 2)
    assert_each_done_once(roots)


def certificates(folder: Path) -> dict[str, str]:
    """A key and its certificate, and the Dask configuration that asks everybody for them."""
    made = subprocess.run(
        ["make", "certificates", f"CERTIFICATES={folder}"], cwd=REPOSITORY, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    prefix = "DASK_DISTRIBUTED__COMM__"
    pair = {
        f"{prefix}TLS__{who}__{what}": str(folder / file)
        for who in ("SCHEDULER", "WORKER", "CLIENT")
        for what, file in (("CERT", "dask.crt"), ("KEY", "dask.key"))
    }
    required = {f"{prefix}REQUIRE_ENCRYPTION": "True", f"{prefix}DEFAULT_SCHEME": "tls"}
    return pair | required | {f"{prefix}TLS__CA_FILE": str(folder / "ca.crt")}
