"""Pin the active model until the close of the running or next session.

Reads   the registry and the session table (ml_sessions.json).
Writes  one event; the lock ends by itself at the close.
Again   a session that is locked on this model stays so.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings or arguments,
3 refused by a safety rule, 4 another job is writing in this scope.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("lock", __doc__)
    shortly = "only this shortly before the open, for cron"
    options.add_argument("--within", type=whole_number(0), metavar="MINUTES", help=shortly)
    options.add_argument("--by", help="who asks for it; default: user@host of this process")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.operations import lock

    return lock(settings, now, args.within, args.by)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
