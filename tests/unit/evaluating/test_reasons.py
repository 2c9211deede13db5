"""What moved a score: what it would have been with a feature at its average."""

import numpy as np
import pytest

from afterclose.evaluating.reasons import NOTHING, reasons_for
from afterclose.learning.features import FeatureStats
from training_builders import dataset_of


def stats(name: str, mean: float) -> FeatureStats:
    return FeatureStats(name=name, coverage=1, mean=mean, std=1, min=0, max=1, decile_edges=())


def test_the_strongest_feature_is_first_and_each_is_the_score_less_the_one_without_it() -> None:
    trades = dataset_of({"cold": [1.0, 2.0], "heat": [3.0, -4.0]})
    seen = [stats("heat", 1.0), stats("cold", 1.0)]

    def risks(values: np.ndarray) -> np.ndarray:  # heat counts 0.1, cold 0.05
        return 0.5 + values @ np.array([0.1, 0.05])

    score = risks(np.array([[3.0, 1.0], [-4.0, 2.0]]))
    found = reasons_for(trades, np.arange(2), seen, risks, score)
    assert found.feature[:, :2].tolist() == [[1, 0], [1, 0]]  # columns of the dataset
    assert found.feature[:, 2].tolist() == [NOTHING, NOTHING]
    assert found.raised[:, :2] == pytest.approx(np.array([[0.2, 0.0], [-0.5, 0.05]]))
    assert found.value[:, :2].tolist() == [[3.0, 1.0], [-4.0, 2.0]]


def test_what_was_not_scored_has_no_reasons() -> None:
    trades = dataset_of({"heat": [1.0, 2.0]})
    score = np.array([np.nan, 0.4])
    found = reasons_for(
        trades, np.arange(2), [stats("heat", 0)], lambda values: np.full(len(values), 0.3), score
    )
    assert found.feature[0].tolist() == [NOTHING] * 3
    assert found.raised[1, 0] == pytest.approx(0.1)
