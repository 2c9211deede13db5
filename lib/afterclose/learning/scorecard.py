"""The scorecard of a linear model: its scaling folded into one weight for each feature.

`afterclose.learning.scorer` computes it in about a microsecond, and its scores equal the training
pipeline's within 1e-12.
"""

import math
from collections.abc import Iterator
from operator import mul
from typing import Literal

from msgspec import UNSET, UnsetType

from afterclose.learning.card import Card
from afterclose.learning.curves import Isotonic


class Scorecard(Card, frozen=True, kw_only=True):
    """One linear model.

    The log-odds of a bad trade are ``intercept + sum(weights[i] * x[i])``, with
    ``imputation_values[i]`` for a missing x[i]. ``log_odds_at_mean`` is the same model seen
    from the training means, ``log_odds_at_mean + sum(weights[i] * (x[i] - train_mean[i]))``:
    the form that is computed, because it keeps all digits of a feature that is large
    against its spread. The risk score is their logistic function, or what ``curve`` makes
    of them where there is one; calibration by a sigmoid is folded into the weights.

    Of ``kind`` ridge the sum is no log-odds but the expected loss in units of risk, of kind
    volatility it is the one feature itself; then ``curve`` is there, and gives the rank among
    training decisions.
    """

    kind: Literal["logistic", "ridge", "volatility"] = "logistic"
    imputation_values: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    log_odds_at_mean: float
    curve: Isotonic | UnsetType = UNSET

    def _checks(self) -> Iterator[tuple[str, bool, str]]:
        yield from super()._checks()
        yield "intercept", math.isfinite(self.intercept), "is not finite"
        for field in ("imputation_values", "weights"):
            yield from self._checks_per_feature(field)
        yield "log_odds_at_mean", self._forms_agree(), "contradicts the intercept"
        by_rank = self.kind != "logistic"
        yield "curve", not (by_rank and self.curve is UNSET), "is missing"
        if self.curve is not UNSET:
            yield "curve", self.curve.holds(), "is not one of probabilities"

    def _forms_agree(self) -> bool:
        shifts = list(map(mul, self.weights, self.train_mean))
        size = 1 + abs(self.intercept) + abs(self.log_odds_at_mean) + sum(map(abs, shifts))
        difference = self.intercept + sum(shifts) - self.log_odds_at_mean
        return math.isfinite(size) and abs(difference) <= 1e-9 * size
