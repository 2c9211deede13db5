"""Copies scopes to a folder or an object store, only what is new since the last time.

Reads   every file of each scope, under its lock; waits for a job that is at work there.
Writes  pieces and a snapshot at --to, and reads them back; nothing in the scope.
Again   sends nothing when nothing has changed.

Exit codes: the worst of the scopes' own (1 failed, 3 damaged on the way, 4 busy, 0 done or
nothing new); 2 when no scope is found, or --to needs a package that is not installed.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, seconds
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("backup", __doc__)
    options.add_argument("--to", required=True, metavar="WHERE", help="a path, s3://bucket/name")
    options.add_argument("--scopes", metavar="GLOB", default="*", help="such as 'us/*'")
    options.add_argument("--wait-s", type=seconds, default=60.0, help="for a scope that is busy")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.backup.copies import back_up

    return back_up(settings, now, to=args.to, scopes=args.scopes, wait_s=args.wait_s)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
