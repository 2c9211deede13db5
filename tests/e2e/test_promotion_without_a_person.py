"""ML_AUTO_PROMOTE as its user meets it: a real effect becomes active, noise never does."""

import json
import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from builders import synthetic_records, write_ledger
from repository import REPOSITORY

AFTER_CLOSE = "2026-01-27T21:45:00+00:00"
LATER_THAT_NIGHT = "2026-01-27T22:30:00+00:00"
A_DAY = timedelta(days=1)  # decision days are what evidence counts


def job(name: str, logs: Path, *options: str, now: str = AFTER_CLOSE, **environ: str) -> str:
    """Run one job in a process of its own; what it printed."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith("ML_")}
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), "--now", now, *options],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=usual | {"ML_AUTO_PROMOTE": "true", "ML_BOOTSTRAP_RESAMPLES": "500"} | environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def cycle_over(logs: Path, records: list[dict[str, Any]], **environ: str) -> str:
    write_ledger(logs / "us" / "paper" / "trade_ledger.jsonl", records)
    return job("cycle", logs, **environ)


def active(logs: Path) -> dict[str, Any] | None:
    return json.loads(job("status", logs, "--json"))["active_model"]


def promotion(logs: Path) -> dict[str, Any]:
    events = (logs / "us" / "paper" / "ml_models" / "registry_events.jsonl").read_bytes()
    return next(e for e in map(json.loads, events.splitlines()) if e["event"] == "promoted")


def test_a_real_effect_becomes_active_and_the_event_says_which_gates_it_passed(
    tmp_path: Path,
) -> None:
    text = cycle_over(tmp_path, synthetic_records(700, effect=1.5, apart=A_DAY))
    assert "Status: Promoted automatically (all gates passed)" in text
    assert "Previous active: none (rules only)" in text
    assert "Gates: all 14 passed." in text
    assert "make promote" not in text.split("OFFLINE ML CYCLE COMPLETE")[1]
    event = promotion(tmp_path)
    assert active(tmp_path)["id"] == event["model_id"]
    assert event["reason"] == "all gates passed"
    assert event["verdict"]["passed"]
    assert len(event["verdict"]["gates"]) == 14


def test_the_same_effect_waits_for_a_person_by_default(tmp_path: Path) -> None:
    text = cycle_over(
        tmp_path,
        synthetic_records(700, effect=1.5, apart=A_DAY),
        ML_AUTO_PROMOTE="false",
    )
    assert "Status: Registered (awaiting manual promotion)" in text
    assert "Gates: all 14 passed." in text
    assert active(tmp_path) is None


def test_noise_is_registered_and_never_promoted(tmp_path: Path) -> None:
    records = synthetic_records(300, effect=2.5)
    features = [record["rule_features"] for record in records]
    random.Random(1).shuffle(features)  # noqa: S311 - a repeatable order, not a secret
    for record, shuffled in zip(records, features, strict=True):
        record["rule_features"] = shuffled
    text = cycle_over(tmp_path, records)
    assert "Status: Registered (the gates refuse it)" in text
    assert "Not promoted automatically: " in text
    assert "gates refuse: " in text
    assert "refuse a promotion." in text
    assert active(tmp_path) is None


def test_a_candidate_that_does_no_better_than_the_active_model_does_not_replace_it(
    tmp_path: Path,
) -> None:
    cycle_over(
        tmp_path,
        synthetic_records(700, effect=1.5, apart=A_DAY),
        ML_RISK_THRESHOLD="0.5",
    )
    first = active(tmp_path)["id"]
    # Another threshold is another recipe, but both models block by the threshold in force.
    for name in ("train", "evaluate", "register"):
        text = job(name, tmp_path, now=LATER_THAT_NIGHT, ML_RISK_THRESHOLD="0.45")
    assert "Not promoted automatically: 1 of 14 gates refuse: better than active." in text
    assert active(tmp_path)["id"] == first


def test_an_evaluation_that_was_forged_promotes_nothing(tmp_path: Path) -> None:
    records = synthetic_records(300, effect=0.0)
    write_ledger(tmp_path / "us" / "paper" / "trade_ledger.jsonl", records)
    for name in ("build", "train", "evaluate"):
        job(name, tmp_path)
    (path,) = (tmp_path / "us" / "paper" / "ml_models").glob("2*/evaluation.json")
    forged = json.loads(path.read_bytes())
    assert not forged["gates"]["passed"]
    forged["gates"]["passed"] = True
    for gate in forged["gates"]["gates"]:
        gate["passed"] = True
    path.write_text(json.dumps(forged))
    text = job("register", tmp_path)
    assert "Not promoted automatically: " in text
    assert " gates refuse it: " in text  # as this process found, and not as the file says
    assert text.splitlines()[-1].endswith(" ANYWAY=1")
    assert active(tmp_path) is None
