"""Run a crontab in the foreground until SIGTERM: the container's main process.

Reads   the crontab. With --check: only checks it and prints each line's next run.
Writes  a heartbeat in the scope's folder each minute, and what its commands write.
Again   a second one starts the same jobs; the scope's lock keeps them apart.

Exit codes: 0 stopped by a signal, 1 the volume cannot be written, 2 a line of the crontab
or a setting is wrong; the crontab's line is named.
"""

import argparse
from datetime import datetime
from pathlib import Path

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("cron", __doc__)
    options.add_argument("crontab", nargs="?", type=Path, default=Path("crontab"), help="the file")
    options.add_argument("--check", action="store_true", help="check the file, run nothing")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.cron.cron_runner import run_cron

    return run_cron(settings, now, args.crontab, check=args.check)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
