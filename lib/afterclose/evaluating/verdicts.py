"""The risk filter's verdict on many trades at once.

The filter judges one entry at a time in plain Python; a hundred thousand past trades want
the same rule on arrays. What the filter would not score (too much missing, too far from the
training data) is not scored here either: the rules trade it. Position sizing is left out:
every trade counts in full or not at all.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import UnsetType

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import Dataset
from afterclose.learning.calibration import apply_curve
from afterclose.learning.features import FeatureStats
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import MAX_MISSING_SHARE

Risks = Callable[[Floats], Floats]
"""A model's arithmetic: values float64[n, k], NaN for missing, to risk scores float64[n]."""


class Verdicts(NamedTuple):
    """What a filter said of trades: score float64[n], NaN where it abstained; keep bool[n]."""

    score: Floats
    keep: Mask

    def take(self, rows: Indices) -> "Verdicts":
        """The verdicts on the trades at ``rows``."""
        return Verdicts(self.score[rows], self.keep[rows])


def abstain(rows: int) -> Verdicts:
    """Verdicts of a filter without a model: everything is traded by the rules."""
    return Verdicts(np.full(rows, np.nan), np.ones(rows, dtype=bool))


def judge(
    dataset: Dataset,
    stats: Sequence[FeatureStats],
    risks: Risks,
    *,
    threshold: float,
    max_abs_z: float,
    rows: Indices | None = None,
) -> Verdicts:
    """The verdict on every trade of ``dataset``, or on those at ``rows``.

    ``risks`` takes columns in ``stats`` order.
    Features that the dataset lacks are missing. Abstains where more than `MAX_MISSING_SHARE`
    is missing, or a feature lies more than ``max_abs_z`` training standard deviations from
    its training mean.
    """
    values = feature_values(dataset, stats, rows)
    mean = np.array([feature.mean for feature in stats])
    std = np.array([feature.std for feature in stats])
    with np.errstate(over="ignore"):
        far = np.abs(values - mean) / std > max_abs_z
    missing_share = np.isnan(values).mean(axis=1)
    trusted = ~far.any(axis=1) & (missing_share <= MAX_MISSING_SHARE)
    verdicts = abstain(len(values))
    if trusted.any():
        verdicts.score[trusted] = risks(values[trusted])
        verdicts.keep[trusted] = verdicts.score[trusted] <= threshold
    return verdicts


def feature_values(
    dataset: Dataset, stats: Sequence[FeatureStats], rows: Indices | None = None
) -> Floats:
    """The columns that ``stats`` name, in their order, float64[n, k]; NaN where there is none.

    Of every trade, or of those at ``rows``.
    """
    features = dataset.features if rows is None else dataset.features[rows]
    values = np.full((len(features), len(stats)), np.nan)
    for position, feature in enumerate(stats):
        if feature.name in dataset.feature_names:
            values[:, position] = features[:, dataset.feature_names.index(feature.name)]
    return values


def linear_risks(card: Scorecard) -> Risks:
    """The arithmetic of a scorecard: equal to `scorer.LinearScorer` within 1e-12."""
    imputed, weights, mean = (
        np.array(column) for column in (card.imputation_values, card.weights, card.train_mean)
    )

    def risks(values: Floats) -> Floats:
        filled = np.where(np.isnan(values), imputed, values)
        log_odds = (filled - mean) @ weights + card.log_odds_at_mean
        if not isinstance(card.curve, UnsetType):
            return apply_curve(card.curve, log_odds)
        # The logistic function by way of tanh, which cannot overflow.
        probability: Floats = 0.5 + 0.5 * np.tanh(0.5 * log_odds)
        return probability

    return risks
