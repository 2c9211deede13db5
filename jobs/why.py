"""Say why a verdict was what it was: what the filter saw, what each feature added, what came of it.

Reads   ml_decisions.jsonl, the model that scored, the trade and shadow ledgers.
Writes  nothing.
Again   the same answer; what came of it is there once the trade is closed.

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
    options = job_parser("why", __doc__)
    options.add_argument("--trade", metavar="ID", help="the trade's id, or that of its shadow")
    options.add_argument("--symbol", help="all verdicts on this symbol ...")
    options.add_argument("--date", metavar="DATE", help="... of this session or day")
    return options


def run(settings: Settings, _now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.why import why

    return why(settings, trade_id=args.trade, symbol=args.symbol, day=args.date)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
