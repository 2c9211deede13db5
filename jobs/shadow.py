"""Follow blocked entries of the decision log through daily bars, each once.

Reads   ml_decisions.jsonl, a file of daily bars, shadow_ledger.jsonl, paper_positions.json.
Writes  shadow_ledger.jsonl: the outcome of each blocked entry that has ended.
Again   adds only what has ended since; the cycle does it too where ML_BARS_FILE is set.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings, arguments or input,
3 refused by a safety rule, 4 another job is writing in this scope.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("shadow", __doc__)
    options.add_argument("--bars", metavar="CSV", help="symbol,date,open,high,... (ML_BARS_FILE)")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.history.shadow import follow_files

    return follow_files(settings, now, args.bars or settings.bars_file)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
