"""Your own history with features that know nothing: how often the gates let luck through.

Reads   the scope's dataset.
Writes  nothing.
Again   the same page: every placebo has its seed.

Exit codes: 0 done, 1 failed, 2 unusable settings, arguments or dataset.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("placebo", __doc__)
    options.add_argument(
        "--count", type=whole_number(1), default=50, metavar="N", help="default: 50"
    )
    return options


def run(settings: Settings, _: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.gates.placebo_study import placebo

    return placebo(settings, args.count, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
