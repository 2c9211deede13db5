"""Show what is active, locked, due and wrong.

Reads   the registry, the journal, ml_status.json and the session table.
Writes  nothing.
Again   the same answer. With --health: exit 1 when a session failed or cron stopped.

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
    options = job_parser("status", __doc__)
    options.add_argument("--health", action="store_true", help="one line, for a health check")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.nightly.operator_view import show_status

    return show_status(settings, now, health=args.health)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
