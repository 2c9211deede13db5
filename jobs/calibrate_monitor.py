"""Count how often the monitor's alarms sound for nothing, and how soon when something is wrong.

Reads   nothing but the settings: years are made up, with a truth that is known.
Writes  nothing.
Again   the same table: every seed is fixed.

Exit codes: 0 every promise is kept, 1 one is broken or the run failed, 2 unusable settings
or arguments.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("calibrate_monitor", __doc__)
    options.add_argument(
        "--seeds", type=whole_number(1), default=200, metavar="N", help="default: 200"
    )
    options.add_argument(
        "--first-seed", type=whole_number(0), default=0, metavar="N", help="default: 0"
    )
    return options


def run(settings: Settings, _: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.monitoring.alarm_study import calibrate_monitor

    return calibrate_monitor(settings, args.seeds, args.first_seed, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
