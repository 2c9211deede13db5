"""Leave the scope without an active model: from its next load on, the rules alone.

Reads   the registry.
Writes  one event with who and why; a session lock on the model ends.
Again   with no active model there is nothing to do.

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
    options = job_parser("deactivate", __doc__)
    options.add_argument("--reason", default="", help="why, kept in the event")
    options.add_argument("--by", help="who asks for it; default: user@host of this process")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating import rules_alone

    return rules_alone.deactivate(settings, now, args.reason, args.by)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
