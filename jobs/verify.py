"""Check every file of the scope; with --repair rebuild what can be rebuilt.

Reads   everything in the scope.
Writes  nothing; with --repair the rebuilt files, keeping each damaged one beside.
Again   a sound scope stays as it is. Exit 3 when something is damaged.

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
    options = job_parser("verify", __doc__)
    options.add_argument("--repair", action="store_true", help="rebuild what can be rebuilt")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.verification import verify_scope

    return verify_scope(settings, now, repair=args.repair)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
