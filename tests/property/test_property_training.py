"""Whatever the dataset holds, training ends in a valid model or in a reason."""

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from afterclose.learning.models import predict_risks
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions, learn, prepare
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from training_builders import dataset_of

VALUES = st.one_of(
    st.just(float("nan")),
    st.sampled_from([0.0, 1.0, -1.0, 1e9, 1e9 + 1e-6, 1e99, -1e101, 1e300, 5e-324, 1e-160]),
    st.floats(-100, 100),
)
OUTCOMES = st.sampled_from([-0.05, -0.001, 0.0, 0.02])
OPTIONS = TrainingOptions(min_dataset_size=2)
EVERYTHING = {"threshold_mode": "tuned", "calibration": "auto", "sample_weights": "both"}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.integers(2, 40), columns=st.integers(0, 3))
def test_training_ends_in_a_valid_model_or_a_reason(
    data: st.DataObject, rows: int, columns: int
) -> None:
    check_training(data, rows, columns, OPTIONS, tolerance=1e-12)


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(data=st.data(), rows=st.integers(2, 150), columns=st.integers(1, 3))
@pytest.mark.parametrize("kind", ["logistic", "hist_gradient_boosting", "xgboost", "ensemble"])
def test_every_kind_with_everything_switched_on_ends_in_a_valid_model_or_a_reason(
    kind: str, data: st.DataObject, rows: int, columns: int
) -> None:
    options = msgspec.structs.replace(OPTIONS, model=kind, **EVERYTHING)
    tolerance = 1e-6 if kind == "xgboost" else 1e-12
    check_training(data, rows, columns, options, tolerance)


def check_training(
    data: st.DataObject, rows: int, columns: int, options: TrainingOptions, tolerance: float
) -> None:
    """Train on any dataset; what comes out is a reason, or a model whose scorecard is it."""

    def column(values: st.SearchStrategy[float]) -> list[float]:
        return data.draw(st.lists(values, min_size=rows, max_size=rows))

    features = {f"f{number}": column(VALUES) for number in range(columns)} or {
        "gone": [float("nan")] * rows
    }
    dataset = dataset_of(
        features,
        pnl_pct=column(OUTCOMES),
        mae_pct=column(st.sampled_from([float("nan"), 0.0, -0.1])),
        hours_held=data.draw(st.sampled_from([1.0, 30.0, 200.0])),
    )

    prepared = prepare(dataset, options, no_embargo)
    if isinstance(prepared, str):
        assert prepared
        return
    learned = learn(prepared, options, no_embargo)

    card = learned.card
    assert read_card(card.to_bytes()) == card
    metrics = learned.metrics
    assert metrics.n_train + metrics.n_test + metrics.n_purged == rows
    assert 0 <= metrics.brier <= 1
    scorer = scorer_of(card)
    train = prepared.split.train
    known = dataset.features[np.ix_(train, prepared.selection.columns)]
    known[np.abs(known) > 1e100] = np.nan
    expected = predict_risks(learned.pipeline, known)
    for row, risk in zip(known.tolist(), expected.tolist(), strict=True):
        entry = dict(zip(metrics.features, row, strict=True))
        assert abs(scorer.predict_risk(entry) - risk) <= tolerance
