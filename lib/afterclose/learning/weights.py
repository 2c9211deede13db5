"""How much each feature weighs in a fitted model, as shares of 1.

For a linear model the size of its coefficient a standard deviation, for trees what their splits
on it gained in training; an ensemble's are the mean of its members'. Permuting features would say
it of every kind alike, and cost as much as the whole evaluation in each of its thirty fits.
"""

from typing import Any

import numpy as np

from afterclose.arrays import Floats
from afterclose.learning.calibration import Calibrated, SoftVote


def weight_shares(model: Any) -> list[float]:
    """The shares in a pipeline, `Calibrated` or `SoftVote`, in its column order; or all 0."""
    shares: list[float] = _shares(model).tolist()
    return shares


def _shares(model: Any) -> Floats:
    if isinstance(model, SoftVote):
        mean: Floats = np.mean([_shares(member) for member in model.members], axis=0)
        return mean
    learner = (model.pipeline if isinstance(model, Calibrated) else model)[-1]
    weights = _weights(learner)
    total = float(weights.sum())
    return weights / total if total > 0 else weights


def _weights(learner: Any) -> Floats:
    if hasattr(learner, "coef_"):
        return np.abs(np.ravel(learner.coef_)).astype(np.float64)
    gains = np.zeros(learner.n_features_in_)
    if hasattr(learner, "get_booster"):
        found = learner.get_booster().get_score(importance_type="total_gain")
        for name, gain in found.items():
            gains[int(name.removeprefix("f"))] = gain
        return gains
    for (predictor,) in learner._predictors:  # noqa: SLF001 - there is no public way to them
        splits = predictor.nodes[~predictor.nodes["is_leaf"].astype(bool)]
        np.add.at(gains, splits["feature_idx"], np.maximum(splits["gain"], 0.0))
    return gains
