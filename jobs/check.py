"""Answer lines of features with verdicts, for bots in other languages.

Reads   one JSON object a line from stdin: features, or {"features": {...}, "about": {...}}.
Writes  one verdict a line to stdout; ml_decisions.jsonl and the session lock, unless --dry.
Again   a new filter, on the model of the running or next session.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings or arguments,
3 refused by a safety rule, 4 another job is writing in this scope.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job; its stdout is for verdicts alone."""
    options = job_parser("check", __doc__)
    options.add_argument("--dry", action="store_true", help="no lock and no log, for backtests")
    options.set_defaults(quiet=True)
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.verdict_lines import answer_lines

    return answer_lines(settings, now, dry=args.dry)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
