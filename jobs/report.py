"""Draw the scope's page, and the review pages that are missing.

Reads   the registry, the journal, the dataset's metadata, each model's evaluation.
Writes  index.html; report.html of evaluated models that have none.
Again   index.html is drawn anew; a review page only when it is gone.

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
    return job_parser("report", __doc__)


def run(settings: Settings, now: datetime, _: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.report.writer import draw_missing

    return draw_missing(settings, now)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
