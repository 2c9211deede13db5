"""The contract that every kind of model passes, from training to a score in the trading process."""

import io
import os
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median
from typing import Any, get_args, get_type_hints

import joblib
import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.learning.models import predict_risks
from afterclose.learning.scorer import Scorer
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import Learned, PreparedData, TrainingOptions, learn, prepare
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.settings import Settings
from repository import REPOSITORY
from training_builders import dataset_of, learnable

KINDS = tuple(kind for kind in get_args(get_type_hints(Settings)["model"]) if kind != "volatility")
"""Those that learn; what is the feature itself has tests of its own (`test_ranking`)."""

every_kind = pytest.mark.parametrize("kind", KINDS)

TOLERANCE = dict.fromkeys(KINDS, 1e-12) | {"xgboost": 1e-6}
"""XGBoost adds up in single precision, and its scorecard does not."""

MAX_LATENCY_US = 1000
"""Tens of microseconds are measured; a busy machine must not fail the suite."""


def learned_by(kind: str, dataset: Dataset, **options: Any) -> Learned:
    chosen = TrainingOptions(model=kind, **options)
    prepared = prepare(dataset, chosen, no_embargo)
    assert isinstance(prepared, PreparedData)
    return learn(prepared, chosen, no_embargo)


def bytes_of(learned: Learned) -> tuple[bytes, bytes]:
    pickled = io.BytesIO()
    joblib.dump(learned.pipeline, pickled)
    return pickled.getvalue(), learned.card.to_bytes()


def entries(dataset: Dataset, learned: Learned) -> np.ndarray:
    columns = [dataset.feature_names.index(name) for name in learned.card.feature_names]
    return dataset.features[:, columns]


def trading(learned: Learned) -> Scorer:
    """The scorer as the trading process makes it: from bytes."""
    return scorer_of(read_card(learned.card.to_bytes()), max_abs_z=8.0)


@every_kind
def test_the_same_data_give_the_same_bytes(kind: str) -> None:
    first, second = (bytes_of(learned_by(kind, learnable(160))) for _ in range(2))
    assert first == second


SCRIPT = """
import hashlib, sys
sys.path[:0] = ["tests", "tests/unit/learning"]
from test_model_kinds import KINDS, bytes_of, learned_by
from training_builders import learnable
for kind in KINDS:
    print(*(hashlib.sha256(data).hexdigest() for data in bytes_of(learned_by(kind, learnable()))))
"""


def test_other_processes_and_thread_counts_give_the_same_bytes() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": threads},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 2 * len(KINDS)


@every_kind
def test_inputs_are_not_changed(kind: str) -> None:
    dataset, untouched = learnable(160), learnable(160)
    learned = learned_by(kind, dataset)
    rows = entries(dataset, learned)
    before = rows.copy()
    predict_risks(learned.pipeline, rows)
    np.testing.assert_array_equal(rows, before)
    entry = {"heat": 1.0, "gappy": None, "noise": 0.5}
    trading(learned).predict_risk(entry)
    assert entry == {"heat": 1.0, "gappy": None, "noise": 0.5}
    for column in ("features", "realized_pnl_pct", "decision_us", "exit_us", "mae_pct"):
        np.testing.assert_array_equal(getattr(dataset, column), getattr(untouched, column))


@every_kind
def test_the_order_of_columns_and_keys_does_not_matter(kind: str) -> None:
    dataset = learnable(160)
    by_name = dict(zip(dataset.feature_names, dataset.features.T, strict=True))
    turned = dataset_of(dict(reversed(by_name.items())), pnl_pct=dataset.realized_pnl_pct)
    learned = learned_by(kind, dataset)
    assert learned_by(kind, turned).card == learned.card
    scorer, entry = trading(learned), {"heat": 0.3, "gappy": 99.5, "noise": -1.0}
    assert scorer.predict_risk(entry) == scorer.predict_risk(dict(reversed(entry.items())))


@every_kind
@pytest.mark.parametrize("calibration", ["none", "sigmoid", "isotonic"])
def test_the_trading_process_scores_like_the_library(
    kind: str, calibration: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclose.learning.calibration.MIN_ISOTONIC_ROWS", 100)
    dataset = learnable(300)
    learned = learned_by(kind, dataset, calibration=calibration)
    rows = entries(dataset, learned)
    rows = np.concatenate([rows, 1e3 * rows, np.full((1, 3), np.nan), np.full((1, 3), 1e90)])
    scorer = trading(learned)
    scores = [scorer.risk_of(row) for row in rows.tolist()]
    assert scores == pytest.approx(predict_risks(learned.pipeline, rows), abs=TOLERANCE[kind])


@every_kind
def test_missing_values_train_and_score(kind: str) -> None:
    dataset = learnable(160)
    holed = dataset.features.copy()
    holed[:60, dataset.feature_names.index("heat")] = np.nan
    learned = learned_by(kind, replace(dataset, features=holed), threshold_mode="tuned")
    for entry in ({}, {"heat": None}, {"heat": 1.0}, {"heat": float("nan"), "noise": 2.0}):
        assert 0 <= trading(learned).predict_risk(entry) <= 1


@every_kind
def test_a_real_effect_is_found(kind: str) -> None:
    learned = learned_by(kind, learnable(400))
    assert learned.metrics.test_auc is not None
    assert learned.metrics.test_auc > 0.65
    scorer, entry = trading(learned), {"gappy": 100.0, "noise": 0.0}
    assert scorer.predict_risk(entry | {"heat": 1.5}) > scorer.predict_risk(entry | {"heat": -1.5})


@every_kind
@pytest.mark.parametrize("rows", [20, 21])
def test_the_smallest_dataset_trains_with_everything_switched_on(kind: str, rows: int) -> None:
    learned = learned_by(
        kind, learnable(rows), threshold_mode="tuned", calibration="auto", sample_weights="both"
    )
    assert learned.metrics.status == "trained"
    assert set(learned.metrics.calibration.values()) == {"none"}


@every_kind
def test_one_row_is_scored_fast_enough_to_trade(kind: str) -> None:
    scorer, entry = trading(learned_by(kind, learnable(300))), learnable_entry()
    laps = []
    for _ in range(50):
        started = time.perf_counter()
        for _ in range(20):
            scorer.clean_risk(entry)
        laps.append((time.perf_counter() - started) / 20 * 1e6)
    print(f"{kind}: {median(laps):.1f} µs a row")
    assert median(laps) < MAX_LATENCY_US


def learnable_entry() -> dict[str, float]:
    return {"heat": 0.3, "gappy": 99.5, "noise": -1.0}
