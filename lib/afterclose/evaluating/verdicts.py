"""The risk filter's verdict on many trades at once: a score, and how much is traded.

The filter judges one entry at a time in plain Python; a hundred thousand past trades want
the same rule on arrays. What the filter would not score (too much missing, too far from the
training data) is not scored here either: the rules trade it whole. What is judged is what is
traded: the multipliers of ``ML_SIZING`` are computed by the same operations in the same
order as `afterclose.trading.sizing`, so that they are equal to the last digit
(docs/design.md, section 16; tests/property/test_property_policy.py).
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import UnsetType

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import Dataset
from afterclose.learning.curves import logistic
from afterclose.learning.features import FeatureStats
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import MAX_MISSING_SHARE, Scorer

Risks = Callable[[Floats], Floats]
"""A model's arithmetic: values float64[n, k], NaN for missing, to risk scores float64[n]."""

Policy = Floats
"""Size multipliers float64[n] in [0, 1], one a decision; 0 is blocked, 1 what the rules trade."""


class Sizing(NamedTuple):
    """How a risk becomes a size: ``ML_SIZING`` and ``ML_MIN_SIZE``."""

    mode: str = "off"
    min_size: float = 0.25

    def sizes(self, score: Floats, threshold: float) -> Policy:
        """The multipliers of risk scores float64[n]; NaN, where there is no score, trades whole."""
        if self.mode == "linear":
            # Far above a tiny threshold it overflows, where the size is 0 whatever it says.
            with np.errstate(over="ignore", invalid="ignore"):
                room = 1.0 - score / threshold if threshold > 0 else np.zeros(len(score))
                let_through = self.min_size + (1.0 - self.min_size) * room
        else:
            let_through = np.ones(len(score))
        return np.where(np.isnan(score), 1.0, np.where(score > threshold, 0.0, let_through))


WHOLE_OR_NOTHING = Sizing()
"""The rules' own quantity, or none of it."""


class Verdicts(NamedTuple):
    """What a filter said of trades: score float64[n], NaN where it abstained; and the sizes."""

    score: Floats
    size: Policy

    @property
    def keep(self) -> Mask:
        """Which trades are made at all, bool[n]."""
        return self.size > 0

    def take(self, rows: Indices) -> "Verdicts":
        """The verdicts on the trades at ``rows``."""
        return Verdicts(self.score[rows], self.size[rows])


def abstain(rows: int) -> Verdicts:
    """Verdicts of a filter without a model: everything is traded by the rules."""
    return Verdicts(np.full(rows, np.nan), np.ones(rows))


def judge(
    dataset: Dataset,
    stats: Sequence[FeatureStats],
    risks: Risks,
    *,
    threshold: float,
    max_abs_z: float,
    sizing: Sizing = WHOLE_OR_NOTHING,
    rows: Indices | None = None,
) -> Verdicts:
    """The verdict on every trade of ``dataset``, or on those at ``rows``.

    ``risks`` takes columns in ``stats`` order.
    Features that the dataset lacks are missing. Abstains where more than `MAX_MISSING_SHARE`
    is missing, or a feature that the model needs, where a feature lies more than ``max_abs_z``
    training standard deviations from its training mean, or the arithmetic gives no number in
    [0, 1].
    """
    values = feature_values(dataset, stats, rows)
    score = np.full(len(values), np.nan)
    trusted = _trusted(values, stats, max_abs_z)
    if trusted.any():
        found = risks(values[trusted])
        score[trusted] = np.where((found >= 0) & (found <= 1), found, np.nan)
    return Verdicts(score, sizing.sizes(score, threshold))


def _trusted(values: Floats, stats: Sequence[FeatureStats], max_abs_z: float) -> Mask:
    """Which rows the filter would score: `RiskFilter` takes the same two looks."""
    mean = np.array([feature.mean for feature in stats])
    std = np.array([feature.std for feature in stats])
    reach = max_abs_z * std
    clean = ((mean - reach < values) & (values < mean + reach)).all(axis=1)
    with np.errstate(over="ignore"):
        far = (np.abs(values - mean) / std > max_abs_z).any(axis=1)
    missing_share = np.isnan(values).mean(axis=1)
    needed = np.array([feature.needed for feature in stats], dtype=bool)
    blind = np.isnan(values[:, needed]).any(axis=1)
    trusted: Mask = clean | (~far & (missing_share <= MAX_MISSING_SHARE) & ~blind)
    return trusted


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
    """The arithmetic of a scorecard: equal to `scorer.LinearScorer` to the last digit."""
    imputed, weights, mean = (
        np.array(column) for column in (card.imputation_values, card.weights, card.train_mean)
    )
    curve = logistic if isinstance(card.curve, UnsetType) else card.curve.risk

    def risks(values: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            terms = weights * (np.where(np.isnan(values), imputed, values) - mean)
        whole = np.column_stack([terms, np.full(len(terms), card.log_odds_at_mean)])
        return np.array([_risk(curve, row) for row in whole.tolist()])

    return risks


def scorer_risks(scorer: Scorer) -> Risks:
    """The arithmetic of any scorer, entry by entry: exact, and slow for trees."""

    def risks(values: Floats) -> Floats:
        found = map(scorer.risk_of, values.tolist())
        return np.array([math.nan if risk is None else risk for risk in found], dtype=np.float64)

    return risks


def _risk(curve: Callable[[float], float], terms: list[float]) -> float:
    # As the filter sums them: exactly, so no order of adding shows in the last digit.
    try:
        log_odds = math.fsum(terms)
    except (OverflowError, ValueError):
        return math.nan
    return math.nan if math.isnan(log_odds) else curve(log_odds)
