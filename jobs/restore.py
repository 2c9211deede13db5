"""Brings scopes back from where `backup` copied them to, and verifies them.

Reads   the newest snapshot of each scope at --from, or the one that --snapshot names.
Writes  the scope's files, after each was put together beside and checked.
Again   writes nothing: the files are there.

Exit codes: the worst of the scopes' own (1 failed, 3 refused because the scope has something
newer, or damaged, 4 busy, 0 done or the same already); 2 when no such scope is found.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, seconds
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("restore", __doc__)
    options.add_argument("--from", required=True, dest="source", metavar="WHERE", help="see backup")
    options.add_argument("--scopes", metavar="GLOB", default="*", help="such as 'us/*'")
    options.add_argument("--snapshot", default="", help="its name; the newest otherwise")
    options.add_argument("--wait-s", type=seconds, default=60.0, help="for a scope that is busy")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.backup.copies import restore

    chosen = {name: getattr(args, name) for name in ("source", "scopes", "snapshot", "wait_s")}
    return restore(settings, now, **chosen)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
