"""Replay a file of daily prices month by month, gates on, and show what the filter was worth.

Reads   a CSV file, or .csv.gz, with symbol,date,open,high,low,close,volume a row.
Writes  nothing, but for the page named by --out: the file's section in it.
Again   gives the same numbers, and replaces that section.

Exit codes: 0 done, 1 failed, 2 unusable settings, arguments or file.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("study", __doc__)
    options.add_argument("--data", metavar="CSV", nargs="+", required=True, help="daily prices")
    options.add_argument("--out", metavar="PAGE", help="Markdown page to put the result into")
    return options


def run(settings: Settings, _now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.study import run_study

    return run_study(settings, args.data, args.out, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
