"""Count how often the promotion gates let noise through, and how often they find an edge.

Reads   daily prices, the demo's or a CSV file of yours, for real trades; the others are made up.
Writes  nothing.
Again   the same table: every seed is fixed.

Exit codes: 0 every promise is kept, 1 one is broken or the run failed, 2 unusable settings
arguments or file.
"""

import argparse
from datetime import datetime
from pathlib import Path

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("calibrate_gates", __doc__)
    options.add_argument(
        "--seeds", type=whole_number(1), default=200, metavar="N", help="default: 200"
    )
    options.add_argument("--data", type=Path, metavar="CSV", help="daily prices, else the demo's")
    options.add_argument("--first-seed", type=int, default=0, metavar="N", help="default: 0")
    options.add_argument(
        "--only", default="", metavar="TEXT", help="rows whose title has this text, else all"
    )
    return options


def run(settings: Settings, _: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.gates.calibration_study import calibrate_gates

    return calibrate_gates(
        settings,
        args.seeds,
        data=args.data,
        first_seed=args.first_seed,
        only=args.only,
        quiet=args.quiet,
    )


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
