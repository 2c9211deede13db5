"""Replay trading days from a file of daily bars and a file of signals, on paper.

Reads   the two files, the active model, paper_positions.json, paper_replay.json.
Writes  trade_ledger.jsonl, shadow_ledger.jsonl, ml_decisions.jsonl, locks; or a backtest ledger.
Again   days that were replayed before are left out; a backtest is made anew.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable input, 3 refused, 4 scope is busy.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("session", __doc__)
    options.add_argument("--bars", metavar="CSV", required=True, help="symbol,date,open,high,...")
    options.add_argument("--signals", metavar="JSONL", required=True, help="one signal a line")
    options.add_argument("--backtest", action="store_true", help="the rules alone, to learn from")
    options.add_argument("--from", dest="start", metavar="DATE", help="first session")
    options.add_argument("--to", dest="end", metavar="DATE", help="last session")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.history.session_replay import backtest_files, replay_files

    replay = backtest_files if args.backtest else replay_files
    days = {"start": args.start, "end": args.end}
    return replay(settings, now, args.bars, args.signals, **days, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
