"""Watch the filter in use: verdicts with their outcomes, drift, calibration, harm, the candidate.

Reads   ml_decisions.jsonl, the ledgers, the registry and the models, ml_monitor.json.
Writes  ml_monitor.json and ml_metrics.prom; with ML_AUTO_OFF, at a harm alarm, the switch.
Again   reads only what is new; looking more often alarms nobody. The cycle does it too.

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
    return job_parser("monitor", __doc__)


def run(settings: Settings, now: datetime, _: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.watching import run_monitor

    return run_monitor(settings, now)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
