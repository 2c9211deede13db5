"""Whatever the dataset holds, training ends in a valid model or in a reason."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from training_builders import dataset_of

from lib.models import predict_risks
from lib.scorecard import Scorecard
from lib.scorer import LinearScorer
from lib.splits import no_embargo
from lib.training import TrainingOptions, learn, prepare

VALUES = st.one_of(
    st.just(float("nan")),
    st.sampled_from([0.0, 1.0, -1.0, 1e9, 1e9 + 1e-6, 1e99, -1e101, 1e300, 5e-324, 1e-160]),
    st.floats(-100, 100),
)
OUTCOMES = st.sampled_from([-0.05, -0.001, 0.0, 0.02])
OPTIONS = TrainingOptions(min_dataset_size=2)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.integers(2, 40), columns=st.integers(0, 3))
def test_training_ends_in_a_valid_model_or_a_reason(
    data: st.DataObject, rows: int, columns: int
) -> None:
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

    task = prepare(dataset, OPTIONS, no_embargo)
    if isinstance(task, str):
        assert task
        return
    learned = learn(task, OPTIONS, no_embargo)

    card = learned.card
    assert card is not None
    assert Scorecard.from_bytes(card.to_bytes()) == card
    metrics = learned.metrics
    assert metrics.n_train + metrics.n_test + metrics.n_purged == rows
    assert 0 <= metrics.brier <= 1
    scorer = LinearScorer(card)
    train = task.split.train
    known = dataset.features[np.ix_(train, task.selection.columns)]
    known[np.abs(known) > 1e100] = np.nan
    expected = predict_risks(learned.pipeline, known)
    for row, risk in zip(known.tolist(), expected.tolist(), strict=True):
        entry = dict(zip(metrics.features, row, strict=True))
        assert abs(scorer.predict_risk(entry) - risk) <= 1e-12
