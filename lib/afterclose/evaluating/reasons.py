"""Why a past decision got its score: what the score would have been without each feature.

One question for every kind of model, which costs one prediction a feature: the score less
that of the same entry with the feature at its training mean. For a line this is the feature's
share of the log-odds, brought to the scale of the score; for trees and votes too it is a
number that a person can check. Shapley values (`afterclose.learning.explanation`) answer a
deeper question of one entry, and would take minutes for all entries of an evaluation.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.verdicts import Risks, feature_values
from afterclose.learning.features import FeatureStats

NAMED: Final = 3
"""Features named for each decision: those that moved its score most."""

NOTHING: Final = -1


class Reasons(NamedTuple):
    """What moved n scores most, in the order of how much.

    ``feature`` int[n, 3] are columns of the dataset, `NOTHING` where there is none left;
    ``value`` float64[n, 3] what they were, NaN where missing; ``raised`` float64[n, 3] by how
    much they raised the score.
    """

    feature: Indices
    value: Floats
    raised: Floats

    def take(self, rows: Indices) -> "Reasons":
        """Those of the decisions at ``rows``."""
        return Reasons(self.feature[rows], self.value[rows], self.raised[rows])


def reasons_for(
    dataset: Dataset, rows: Indices, stats: Sequence[FeatureStats], risks: Risks, score: Floats
) -> Reasons:
    """What moved the ``score`` float64[n], NaN where there is none, of the trades at ``rows``."""
    found = no_reasons(len(rows))
    scored = np.flatnonzero(~np.isnan(score))
    if not len(scored) or not stats:
        return found
    values = feature_values(dataset, stats, rows[scored])
    raised = np.column_stack(
        [score[scored] - risks(_averaged(values, at, one.mean)) for at, one in enumerate(stats)]
    )
    strongest = np.argsort(-np.abs(raised), axis=1, kind="stable")[:, :NAMED]
    column = np.array([_column(dataset, one.name) for one in stats])
    room = np.ix_(scored, np.arange(strongest.shape[1]))
    found.feature[room] = column[strongest]
    found.value[room] = np.take_along_axis(values, strongest, axis=1)
    found.raised[room] = np.take_along_axis(raised, strongest, axis=1)
    return found


def no_reasons(rows: int) -> Reasons:
    """Of ``rows`` decisions that nothing is known of."""
    return Reasons(
        np.full((rows, NAMED), NOTHING),
        np.full((rows, NAMED), np.nan),
        np.full((rows, NAMED), np.nan),
    )


def _averaged(values: Floats, position: int, mean: float) -> Floats:
    changed = values.copy()
    changed[:, position] = mean
    return changed


def _column(dataset: Dataset, name: str) -> int:
    names = dataset.feature_names
    return names.index(name) if name in names else NOTHING
