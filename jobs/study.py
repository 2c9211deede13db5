"""Replay a history night by night and show what the filter was worth, with and without gates.

Reads   a CSV file, or .csv.gz, with symbol,date,open,high,low,close,volume a row; or a ledger.
Writes  nothing, but for the page named by --out: the sections in it.
Again   gives the same numbers, and replaces those sections.

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
    options.add_argument("--data", metavar="CSV", nargs="+", default=(), help="prices, or demo")
    options.add_argument("--ledger", metavar="JSONL", help="a ledger; several with : between")
    recipes = "settings to compare, a recipe a word, each a try: 'ML_TARGET=r ML_MODEL=volatility'"
    options.add_argument("--recipes", type=str.split, default=(), help=recipes)
    options.add_argument("--every", choices=("night", "week", "month", "quarter"))
    options.add_argument("--out", metavar="PAGE", help="Markdown page to put the result into")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.study import StudyRequest, run_study

    asked = StudyRequest(args.data, args.ledger, args.recipes, args.every, args.out)
    return run_study(settings, now, asked, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
