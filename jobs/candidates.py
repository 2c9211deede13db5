"""List the models and what is known of each, the newest first.

Reads   the registry.
Writes  nothing.
Again   the same answer.

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
    return job_parser("candidates", __doc__)


def run(settings: Settings, now: datetime, _: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.nightly.operator_view import show_candidates

    return show_candidates(settings, now)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
