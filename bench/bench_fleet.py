"""A fleet of 1,000 scopes of 60 trades that are all due: seconds, memory, and what is shared.

The ratio is of CPU time: what a scope costs in a fleet, over what its cycle costs in a process
of its own. Seconds are elapsed time, memory is that of the largest worker.
"""

import resource
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.bench_cycle import run_python
from bench.measure import report
from fleets import NOW, fleet_of, good_ends

SCOPES = 1000
TRADES = 60


class Taken(NamedTuple):
    """Elapsed and CPU time of a command and its processes."""

    wall_s: float
    cpu_s: float


def taken(*command: str) -> Taken:
    """Run a job and what it starts."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run_python("-m", *command, "--now", NOW.isoformat(), "-q")
    wall_s = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def main(*, smallest: bool) -> None:
    scopes = 2 if smallest else SCOPES
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "alone"
        fleet_of(alone, 1, TRADES)
        one = taken("jobs.cycle", "--logs-dir", str(alone), "--env", "p0000")
        many = Path(folder) / "many"
        roots = fleet_of(many, scopes, TRADES)
        first = taken("jobs.fleet", "--logs-dir", str(many))
        again = taken("jobs.fleet", "--logs-dir", str(many))
        unfinished = [root.name for root in roots if good_ends(root) != ["COMPLETED"]]
    if unfinished:
        raise SystemExit(f"bench_fleet: not done exactly once: {', '.join(unfinished[:5])}")
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(
        f"{scopes} scopes: {first.wall_s:.0f} s, {first.cpu_s:.0f} s CPU; "
        f"again {again.wall_s:.1f} s; the largest process {peak_mb:.0f} MB"
    )
    shared = first.cpu_s / scopes / one.cpu_s
    report("a scope in a fleet / its cycle alone, CPU time", shared, at_most=0.5)
    report("a fleet with nothing due / the first run", again.wall_s / first.wall_s, at_most=0.05)
