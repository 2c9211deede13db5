"""Which features a model's scores rest on, whatever kind of model it is.

Coefficients exist for linear models only, and compare features on their scale in training.
Permutation importance (Breiman, *Random Forests*, 2001, section 10) asks the same of any
model: how much worse it sorts unseen trades when one feature is shuffled among them.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Mask
from afterclose.evaluating.verdicts import Risks
from afterclose.measures.classification import auc

REPEATS: Final = 5

MAX_ROWS: Final = 2_000
"""Rows shuffled, evenly spaced: an importance needs no more digits than these give."""


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """One feature: ``auc_drop`` is the mean loss of AUC without it, at best 0 for useless ones.

    ``direction`` is the rank correlation of feature and score, -1 to 1: above 0, a higher
    value means more risk. None when either never changes.
    """

    feature: str
    auc_drop: float
    direction: float | None


def permutation_importance(
    names: Sequence[str], values: Floats, bad: Mask, risks: Risks, *, seed: int
) -> list[Importance]:
    """The importance of each column of ``values`` float64[n, k], the largest first.

    NaN is missing, and shuffled like a value. Empty unless both outcomes occur.
    """
    rows = np.linspace(0, len(bad) - 1, min(len(bad), MAX_ROWS)).round().astype(np.intp)
    values, bad = values[rows], bad[rows]
    if not len(bad) or (whole := auc(bad, score := risks(values))) is None:
        return []
    rng = np.random.default_rng(seed)

    def drop_without(column: int) -> float:
        shuffled = values.copy()
        total = 0.0
        for _ in range(REPEATS):
            shuffled[:, column] = rng.permutation(values[:, column])
            total += whole - (auc(bad, risks(shuffled)) or 0.0)
        return total / REPEATS

    found = [
        Importance(
            feature=name,
            auc_drop=drop_without(column),
            direction=_rank_correlation(values[:, column], score),
        )
        for column, name in enumerate(names)
    ]
    return sorted(found, key=lambda importance: (-importance.auc_drop, importance.feature))


def _rank_correlation(values: Floats, score: Floats) -> float | None:
    """Spearman's, over the rows where the feature is present."""
    present = np.isfinite(values)
    first, second = _ranks(values[present]), _ranks(score[present])
    if not len(first) or not first.std() or not second.std():
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, ties sharing their mean."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(size) - (size + 1) / 2)[group]
    return ranks
