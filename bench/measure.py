"""What the benchmarks share: a ledger to work on, medians, and a line per promise."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from builders import synthetic_records
from machine import slowness


def ledger_of(path: Path, trades: int) -> Path:
    """A synthetic ledger of eight features a trade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for record in synthetic_records(trades, extra_features=4):
            file.write(json.dumps(record) + "\n")
    return path


def elapsed_s(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_s(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of ``rounds`` calls."""
    return statistics.median(elapsed_s(work) for _ in range(rounds))


def report(
    what: str, ratio: float, at_most: float | None = None, at_least: float | None = None
) -> bool:
    """Print a ratio beside its promise; whether the promise holds."""
    bound = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
    kept = (at_most is None or ratio <= at_most) and (at_least is None or ratio >= at_least)
    print(f"{'ok  ' if kept else 'MISS'} {ratio:10.2f}   {bound:<14} {what}", flush=True)
    return kept


def report_time(what: str, taken: float, at_most: float) -> bool:
    """Print a time beside its promise, brought to the machine on which that was made.

    A fixed loop says how much slower this one is just now (`machine.slowness`): a promise in
    microseconds means nothing without it.
    """
    slower = slowness()
    return report(f"{what} (this machine: x {slower:.1f})", taken / slower, at_most=at_most)
