"""Why a score is what it is: a base, and what each feature adds to it.

In log-odds of a bad trade, or, of a model that learned `ML_TARGET=r`, in R: the loss it expects
in units of risk. Both grow with the risk, so what adds speaks against the entry.

A contribution is a Shapley value against one reference, the entry that is average in every
feature: what the score gains, on average over all orders, when the feature goes from its
training mean to its value. For a linear model that is ``weight * (value - mean)``; for trees
it is computed exactly from their leaves (`afterclose.learning.tree_contributions`). The
path-dependent TreeSHAP was not taken: it needs how many training rows reached each node,
which a scorecard does not have, and it compares with no entry that one could look at.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

Unit = Literal["log-odds", "R", "atr_pct"]
"""Of parts: log-odds of a bad trade, loss expected in units of risk, or `atr_pct` itself."""


class Contribution(msgspec.Struct, frozen=True):
    """What one feature ``adds``, in the explanation's unit; ``value`` None where it was missing."""

    feature: str
    value: float | None
    adds: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A score taken apart: ``base`` and all contributions add up to ``total``, in ``unit``.

    ``base`` is what an entry would have that is average in everything. ``risk_score`` is what
    the model makes of ``total``: of log-odds their logistic function, unless it was calibrated
    by isotonic regression; of R the rank among training decisions. ``contributions`` come with
    the largest first. Without a score (``reason`` is the code of the verdict) all is None and
    empty.
    """

    reason: str
    model_id: str | None
    base: float | None = None
    contributions: tuple[Contribution, ...] = ()
    total: float | None = None
    unit: Unit = "log-odds"
    risk_score: float | None = None


class Parts(msgspec.Struct, frozen=True):
    """``base`` and one addend for each feature, parallel to the model's feature names."""

    base: float
    addends: tuple[float, ...]


def mixed(first: Parts, second: Parts, log_odds_of: Callable[[float, float], float]) -> Parts:
    """The parts of a score that two models vote for, from the parts of each.

    ``log_odds_of`` gives the vote's log-odds from those of both. What the vote moves from
    base to score is split between the models as Shapley does for two, and a model's share
    among the features as the model itself splits its own.
    """
    base_1, base_2 = first.base, second.base
    all_1, all_2 = base_1 + sum(first.addends), base_2 + sum(second.addends)
    base = log_odds_of(base_1, base_2)
    both = log_odds_of(all_1, all_2)
    only_1, only_2 = log_odds_of(all_1, base_2), log_odds_of(base_1, all_2)
    scale_1 = _scale((only_1 - base + both - only_2) / 2, all_1 - base_1)
    scale_2 = _scale((only_2 - base + both - only_1) / 2, all_2 - base_2)
    addends = zip(first.addends, second.addends, strict=True)
    return Parts(base, tuple(a * scale_1 + b * scale_2 for a, b in addends))


def _scale(share: float, moved: float) -> float:
    """``share / moved``; where a model's parts cancel out, any scale adds up: the middle one."""
    return share / moved if abs(moved) > 1e-12 else 0.5  # noqa: PLR2004 - rounding
