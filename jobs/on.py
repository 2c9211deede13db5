"""Switch the filter on again, after `off`.

Reads   ml_switched_off.json.
Writes  removes that file; it needs no lock.
Again   it stays on.

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
    return job_parser("on", __doc__)


def run(settings: Settings, _now: datetime, _args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating import rules_alone

    return rules_alone.switch_on(settings)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
