"""Add newly closed trades to the dataset.

Reads   the ledgers (ML_LEDGER_FILE, shadow_ledger.jsonl); never changes them.
Writes  ml_training_dataset.jsonl, ml_dataset_metadata.json, ml_dataset_rejects.jsonl.
Again   with no new trade, nothing but a journal line is written.

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
    return job_parser("build", __doc__)


def run(settings: Settings, now: datetime, _: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.ml_orchestrator import OfflineMLOrchestrator

    return OfflineMLOrchestrator.from_settings(settings).build(now)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
