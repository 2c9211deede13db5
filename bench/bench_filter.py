"""The filter against scikit-learn's one-row answer; run `python -m bench.bench_filter`.

Both score the same model on the same entry, in interleaved rounds, so that a busy machine
slows both alike: quote the ratios. Start-up is a new process, from nothing to its first
verdict, with compiled bytecode as the image ships it: the quietest of eleven starts, beside
that of an empty Python.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from afterclose.config import load_settings
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.card_fit import fold
from afterclose.learning.features import describe_features
from afterclose.learning.models import fit_model
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from bench.bench_train import FEATURES, ROUNDS, medians_us, p99_us, sample
from bench.measure import report, report_time

REPOSITORY = Path(__file__).parents[1]
NOW = datetime(2026, 1, 27, 14, tzinfo=UTC)
ENTRY = dict.fromkeys(FEATURES, 0.1)

FIRST_VERDICT = f"""
import sys
from afterclose.clock import parse_now
from afterclose.config import load_settings
from afterclose.risk_filter import RiskFilter
risk = RiskFilter.load(load_settings({{}}, logs_dir=sys.argv[1]), parse_now({NOW.isoformat()!r}))
assert risk.check({ENTRY!r}).risk_score is not None, risk.mode_reason
"""


def promoted(logs_dir: str) -> tuple[Settings, Any]:
    """A scope with an active logistic model and a calendar, and the model's pipeline."""
    settings = load_settings({}, logs_dir=logs_dir)
    values, bad = sample(2000)
    pipeline = fit_model(values, bad)
    card = fold(pipeline, describe_features(FEATURES, values), settings.risk_threshold)
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    store, registry = ModelStore(settings.model_dir), ModelRegistry.from_settings(settings)
    model_id = store.free_id(NOW)
    artifacts = {"model.joblib": buffer.getvalue(), "scorecard.json": card.to_bytes()}
    store.create(model_id, artifacts, {})
    registry.register_candidate(model_id, {}, {}, now=NOW)
    registry.promote_candidate(model_id, now=NOW)
    MarketClock.from_settings(settings, may_build=True).ensure(NOW)
    return settings, pipeline


def bench_verdicts(settings: Settings, pipeline: Any, calls: int) -> None:
    row = np.array([list(ENTRY.values())])
    with RiskFilter.load(settings, NOW) as risk:
        difference = abs(risk.predict_risk(ENTRY) - pipeline.predict_proba(row)[0, 1])
        taken = medians_us(
            ROUNDS,
            calls,
            predict_risk=lambda: risk.predict_risk(ENTRY),
            check=lambda: risk.check(ENTRY),
            scikit_learn=lambda: pipeline.predict_proba(row),
        )
        score_p99 = p99_us(lambda: risk.predict_risk(ENTRY), 50 * calls)
        verdict_p99 = p99_us(lambda: risk.check(ENTRY), 50 * calls)
    usual = taken["scikit_learn"]
    report("one score: scikit-learn / predict_risk", usual / taken["predict_risk"], at_least=100)
    report_time("one score: predict_risk, us at p99", score_p99, at_most=5)
    report("one score: difference of the two answers / 1e-12", difference / 1e-12, at_most=1)
    report(
        "one verdict with its log line: scikit-learn / check", usual / taken["check"], at_least=10
    )
    report_time("one verdict with its log line: check, us at p99", verdict_p99, at_most=100)


def bench_start_up(settings: Settings, starts: int) -> None:
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        } | {"PYTHONPYCACHEPREFIX": bytecode}

        def start_ms(*arguments: str) -> float:
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", *arguments], check=True, cwd=REPOSITORY, env=environment
            )
            return (time.perf_counter() - start) * 1e3

        def unlocked_ms() -> float:
            ModelRegistry.from_settings(settings).unlock("the next start is a first one", now=NOW)
            return start_ms(FIRST_VERDICT, settings.logs_dir)

        unlocked_ms()  # writes the bytecode
        rounds = [
            (start_ms("pass"), unlocked_ms(), start_ms(FIRST_VERDICT, settings.logs_dir))
            for _ in range(starts)
        ]
    bare, first, again = (min(times) for times in zip(*rounds, strict=True))
    report_time("first start of a session, ms to the first verdict", first, at_most=100)
    report_time("restart in mid-session, ms to the first verdict", again, at_most=100)
    report("first start of a session / empty Python", first / bare, at_most=10)


def main(*, smallest: bool = False) -> None:
    with tempfile.TemporaryDirectory() as volume:
        settings, pipeline = promoted(volume)
        bench_verdicts(settings, pipeline, calls=2 if smallest else 200)
        bench_start_up(settings, starts=1 if smallest else 11)


if __name__ == "__main__":
    main()
