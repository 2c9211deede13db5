"""A night's CPU time beside a courier whose receivers hang, against the same night alone.

The two are run in pairs, in turn, because a shared machine drifts. What is printed beside the
median ratio of the pairs is its 95 % interval by the order of the pairs (the sign test's).
"""

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scipy.stats import binom

from bench.bench_cycle import AFTER_CLOSE, job
from bench.measure import ledger_of, report

TRADES = 245
FIRST_LOOK_S = 8.0
"""Until a courier has been loaded, and waits for its receivers; the night alone rests as long."""


@contextmanager
def courier_with_hanging_receivers(logs: Path, state: Path) -> Iterator[None]:
    """A courier at work on the volume; what it sends to takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        told = {
            "ML_PING_URL": f"http://127.0.0.1:{port}/{{scope}}",
            "ML_NOTIFY_URLS": f"json://127.0.0.1:{port}/",
            "ML_COURIER_STATE": str(state),
        }
        running = subprocess.Popen(
            [sys.executable, "-m", "jobs.courier", "--logs-dir", str(logs)],
            env=os.environ | told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(FIRST_LOOK_S)
            yield
        finally:
            running.terminate()
            running.wait()


def cycle_cpu_s(logs: Path) -> float:
    """CPU seconds of one night, and of no other process that ends meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    job("cycle", logs, AFTER_CLOSE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def pair_ratio(folder: Path, *, courier_first: bool) -> float:
    """CPU time with a courier over that without, each on a fresh scope."""
    taken: dict[bool, float] = {}
    for beside in (courier_first, not courier_first):
        logs = folder / f"{beside}"
        ledger_of(logs / "us" / "paper" / "trade_ledger.jsonl", TRADES)
        if beside:
            with courier_with_hanging_receivers(logs, folder / "state"):
                taken[beside] = cycle_cpu_s(logs)
        else:
            time.sleep(FIRST_LOOK_S)
            taken[beside] = cycle_cpu_s(logs)
    return taken[True] / taken[False]


def main(*, smallest: bool) -> None:
    pairs = 1 if smallest else 10
    ratios = []
    for number in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            ratios.append(pair_ratio(Path(folder), courier_first=number % 2 == 0))
    ratios.sort()
    cut = max(int(binom.ppf(0.025, pairs, 0.5)), 1)
    interval = f"{ratios[cut - 1]:.3f} to {ratios[-cut]:.3f}, {pairs} pairs"
    what = f"a night beside a courier with hanging receivers / alone ({interval})"
    report(what, statistics.median(ratios), at_most=1.02)
