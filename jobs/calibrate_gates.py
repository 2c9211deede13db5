"""Count how often the promotion gates let noise through, and how often they find an edge.

Reads   daily prices, the demo's or a CSV file of yours, for real trades; the others are made up.
Writes  nothing.
Again   the same table: every seed is fixed.

Exit codes: 0 every promise is kept, 1 one is broken or the run failed, 2 unusable input.
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
    add = options.add_argument
    add("--seeds", type=whole_number(1), default=200, metavar="N", help="default: 200")
    add("--first-seed", type=whole_number(0), default=0, metavar="N", help="default: 0")
    add("--data", type=Path, metavar="CSV", help="daily prices, else the demo's")
    add("--only", default="", metavar="TEXT", help="rows with this in their title, else all")
    return options


def run(settings: Settings, _: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.study.gates.calibration_study import calibrate_gates

    asked = {name: getattr(args, name) for name in ("data", "first_seed", "only", "quiet")}
    return calibrate_gates(settings, args.seeds, **asked)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
