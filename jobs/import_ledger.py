"""Bring the trades of another system's file into the scope's trade ledger.

Reads   FILE (.gz too): a CSV of trades or of fills, backtesting.py, freqtrade, IB Flex; --bars.
Writes  trade_ledger.jsonl: trades that are new or changed; again with the same file, nothing.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable input, 3 refused, 4 scope is busy.
"""

import argparse
from datetime import datetime

from afterclose.importing.formats import FORMATS
from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("import_ledger", __doc__)
    options.add_argument("file", metavar="FILE", help="the other system's file; -: standard input")
    options.add_argument("--format", choices=FORMATS, default="auto", help="of FILE")
    options.add_argument("--timezone", metavar="IANA", help="of times without one; the market's")
    options.add_argument("--bars", metavar="CSV", help="daily prices, for features and MAE")
    options.add_argument("--symbol", metavar="NAME", help="where FILE names none")
    options.add_argument("--strategy", metavar="NAME", help="where FILE holds several")
    options.add_argument("--dry-run", action="store_true", help="only say what would be done")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.importing.standard_input import import_named

    return import_named(settings, now, vars(args))


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
