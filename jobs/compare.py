"""Draw two models of the scope side by side, on the same decisions.

Reads   the registry, both evaluations, the dataset.
Writes  compare_A_B.html in the scope's folder.
Again   the same page.

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
    options = job_parser("compare", __doc__)
    options.add_argument("--a", metavar="ID", help="default: the active model")
    options.add_argument("--b", metavar="ID", help="default: the newest candidate")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.comparing import compare

    return compare(settings, now, args.a, args.b)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
