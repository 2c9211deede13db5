"""Bring the trades of another system's file into the scope's trade ledger.

Reads   FILE: an export, statement, bot's database or its URL (docs/importing.md); --map, --bars.
Writes  trade_ledger.jsonl: decisions that are new or changed; again with the same file, nothing.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable input, 3 refused, 4 scope is busy.
"""

import argparse
from datetime import datetime

from afterclose.importing.options import add_options
from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    return add_options(job_parser("import_ledger", __doc__))


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.importing.standard_input import import_named

    return import_named(settings, now, vars(args))


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
