"""Switch the filter off: running filters too leave every entry to the rules, at once.

Reads   ml_switched_off.json.
Writes  that file, with who, when and why; it needs no lock.
Again   it stays off.

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
    options = job_parser("off", __doc__)
    options.add_argument("--reason", default="", help="why, kept in the file")
    options.add_argument("--by", help="who asks for it; default: user@host of this process")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating import rules_alone

    return rules_alone.switch_off(settings, now, args.reason, args.by)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
