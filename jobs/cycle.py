"""The whole nightly work: build, train, evaluate, register, once a market session.

Reads   the session table, the journal, and what its steps read.
Writes  what its steps write, ml_status.json and ml_sessions.json.
Again   a handled session is not worked on twice; the job says so at once.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings or arguments,
3 refused by a safety rule, 4 another job is writing in this scope.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("cycle", __doc__)
    options.add_argument("--force", action="store_true", help="work although nothing is due")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.cycle import run_cycle

    return run_cycle(settings, now, force=args.force)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
