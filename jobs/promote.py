"""Make a candidate the active model, after every check and unless the gates refuse.

Reads   the candidate's artifacts, digests, signature and evaluation, the session lock.
Writes  one event, then the pointer; with --from also the copied artifacts.
Again   promoting the active model says so and changes nothing.

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
    options = job_parser("promote", __doc__)
    options.add_argument("--id", metavar="ID", required=True, help="the candidate")
    options.add_argument("--reason", default="", help="why, kept in the event")
    options.add_argument("--from", dest="origin", metavar="MARKET/ENV", help="scope to copy from")
    options.add_argument("--anyway", action="store_true", help="against the promotion gates")
    options.add_argument("--by", help="who asks for it; default: user@host of this process")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.operations import PromotionRequest, promote

    request = PromotionRequest(args.id, args.reason, args.origin, args.anyway, args.by)
    return promote(settings, now, request)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
