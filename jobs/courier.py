"""Send pings and messages about all scopes of the volume: the one job with a network.

Reads   every scope's status and journal; never writes in the volume.
Writes  its own state in --state-dir, and what it sends to ML_PING_URL and ML_NOTIFY_URLS.
Again   sends what is new; with --once it looks once (for cron), else for ever.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings or arguments, or nowhere to
send to, 4 another courier has this state.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("courier", __doc__)
    options.add_argument("--state-dir", metavar="DIR", help="its own state (ML_COURIER_STATE)")
    options.add_argument("--once", action="store_true", help="look once, for cron")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.courier.rounds import run_courier

    return run_courier(settings, now, args.state_dir, once=args.once)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
