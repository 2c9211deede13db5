"""Train a model on the dataset: the newest share of trades is held out, never seen.

Reads   ml_training_dataset.jsonl.
Writes  a new folder in ml_models, all at once: scorecard, model.joblib, metadata.
Again   the same dataset version and settings are not trained twice (--force does).

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
    options = job_parser("train", __doc__)
    options.add_argument("--dataset-version", metavar="V", help="retrain on an earlier version")
    options.add_argument("--force", action="store_true", help="train although nothing changed")
    return options


def run(settings: Settings, now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.ml_orchestrator import OfflineMLOrchestrator

    return OfflineMLOrchestrator.from_settings(settings).train(
        now, force=args.force, dataset_version=args.dataset_version
    )


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
