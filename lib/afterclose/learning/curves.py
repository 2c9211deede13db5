"""From a model's log-odds to a probability: a logistic curve, or one found by isotonic regression.

A curve is a few plain numbers in a scorecard, so it is kept here without NumPy; how one is
fitted, and how it bends a hundred thousand scores at once, is `afterclose.learning.calibration`. A
pickled calibrator would make the trading process import scikit-learn for one interpolation.
"""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import ClassVar

import msgspec

LEAST_RISK = 1e-12
"""Log-odds of 27.6: beyond that no calibration means anything."""


def logistic(log_odds: float) -> float:
    """The probability of these log-odds; no size of them overflows."""
    if log_odds >= 0:  # each branch takes the exponential that cannot overflow
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def log_odds_of(risk: float) -> float:
    """The log-odds of a probability; 0 and 1 count as the nearest ones that have any."""
    near = min(max(risk, LEAST_RISK), 1 - LEAST_RISK)
    return math.log(near / (1 - near))


class Sigmoid(msgspec.Struct, frozen=True, tag="sigmoid", tag_field="curve"):
    """The logistic function of ``slope * log_odds + offset`` (Platt, 1999); the default is it."""

    name: ClassVar[str] = "sigmoid"

    slope: float = 1.0
    offset: float = 0.0

    def risk(self, log_odds: float) -> float:
        """The probability at these log-odds."""
        return logistic(self.slope * log_odds + self.offset)

    def holds(self) -> bool:
        """Whether this is a curve that never descends."""
        return 0 <= self.slope < math.inf and math.isfinite(self.offset)


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic", tag_field="curve"):
    """Straight lines between the points (``log_odds[i]``, ``risks[i]``), and flat outside."""

    name: ClassVar[str] = "isotonic"

    log_odds: tuple[float, ...]
    risks: tuple[float, ...]

    def risk(self, log_odds: float) -> float:
        """The probability at these log-odds."""
        xs, ys = self.log_odds, self.risks
        right = bisect_right(xs, log_odds)
        if right == 0 or right == len(xs):
            return ys[max(0, right - 1)]
        x0, y0 = xs[right - 1], ys[right - 1]
        return y0 + (ys[right] - y0) / (xs[right] - x0) * (log_odds - x0)

    def holds(self) -> bool:
        """Whether this is a curve of probabilities that never descends."""
        xs, ys = self.log_odds, self.risks
        return (
            0 < len(xs) == len(ys)
            and all(map(math.isfinite, xs + ys))
            and all(x < y for x, y in pairwise(xs))
            and all(x <= y for x, y in pairwise(ys))
            and 0 <= ys[0] <= ys[-1] <= 1
        )


Curve = Sigmoid | Isotonic
"""How log-odds become a risk score."""
