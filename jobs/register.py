"""Register an evaluated model as a candidate for promotion.

Reads   the model's folder.
Writes  one event in registry_events.jsonl, and model_registry.json after it.
Again   a registered model is not registered twice.

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
    options = job_parser("register", __doc__)
    options.add_argument("--id", metavar="ID", help="default: the newest that lacks it")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.ml_orchestrator import OfflineMLOrchestrator

    return OfflineMLOrchestrator.from_settings(settings).register(now, args.id)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
