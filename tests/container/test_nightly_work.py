"""The nightly work inside the container: a candidate, a promotion, a restart, a hard stop."""

import json
import time

import pytest

from builders import synthetic_records
from containers import Start, exit_code, job, job_json, logs, put, read, wait_for

pytestmark = [pytest.mark.container, pytest.mark.slow]

AFTER_CLOSE = "2026-01-27T21:45:00+00:00"
"""16:45 in New York on a session day: close plus delay have passed."""


def ledger(count: int) -> bytes:
    """A ledger of ``count`` closed trades, all before 2026."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in synthetic_records(count))


def test_a_seeded_ledger_becomes_a_candidate_that_is_promoted_and_survives_a_restart(
    start: Start,
) -> None:
    container = start()
    put(container, "trade_ledger.jsonl", ledger(120))
    cycle = job_json(container, "cycle", "--now", AFTER_CLOSE)
    assert cycle["status"] == "done"
    again = job_json(container, "cycle", "--now", AFTER_CLOSE)
    assert again["status"] == "nothing_due"

    registry = json.loads(read(container, "ml_models/model_registry.json"))
    (model_id,) = registry["models"]
    done = job_json(
        container, "promote", "--id", model_id, "--reason", "container test", "--anyway"
    )
    assert done["status"] == "done"

    container.restart(timeout=10)
    status = job_json(container, "status", "--now", AFTER_CLOSE)
    assert status["active_model"]["id"] == model_id
    assert len(read(container, "ml_training_dataset.jsonl").splitlines()) == 120
    assert job(container, "verify")[0] == 0


def test_a_stop_in_the_middle_of_a_cycle_ends_in_time_and_loses_nothing(start: Start) -> None:
    container = start(f"* * * * * python -m jobs.cycle --now {AFTER_CLOSE}\n")
    put(container, "trade_ledger.jsonl", ledger(12_000))
    assert wait_for(lambda: "START" in read(container, "ml_runs.jsonl"), 75), logs(container)
    began = time.monotonic()
    container.stop(timeout=10)
    assert time.monotonic() - began < 10
    assert exit_code(container) == 0
    assert "cycle | sending SIGTERM" in logs(container)

    second = start()
    cycle = job_json(second, "cycle", "--now", AFTER_CLOSE)
    assert cycle["status"] == "done"
    rows = read(second, "ml_training_dataset.jsonl").splitlines()
    assert len({json.loads(row)["trade_id"] for row in rows}) == len(rows) == 12_000
    assert job(second, "verify")[0] == 0
