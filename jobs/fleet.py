"""All scopes of the volume in one run: tick each, and work on those that are due.

Reads   every scope under the volume, or those that --scopes names.
Writes  what each scope's cycle writes, inside its own lock and journal; nothing of its own.
Again   only what is left is done: a scope's journal says what is.

Exit codes: the worst of the scopes' own (1 failed, 2 unusable settings, 3 refused, 4 busy,
0 done or nothing to do); each trouble is named. 2 when no scope is found.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, seconds, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("fleet", __doc__)
    options.add_argument("--scopes", metavar="GLOB", default="*", help="such as 'us/*'")
    options.add_argument("--step", choices=("cycle", "verify", "report"), default="cycle")
    options.add_argument("--workers", type=whole_number(0), default=0, help="0: one a core")
    options.add_argument("--time-limit-s", type=seconds, default=600.0, help="for each scope")
    options.add_argument("--jitter-s", type=seconds, default=0.0, help="start up to so much later")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.fleet.fleet import FleetOptions, run_fleet

    chosen = {name: getattr(args, name) for name in FleetOptions.__struct_fields__}
    return run_fleet(settings, now, FleetOptions(**chosen))


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
