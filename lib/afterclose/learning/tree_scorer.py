"""Scoring boosted trees one entry at a time in plain Python: no library, nothing unpickled.

scikit-learn takes half a millisecond for one row, nearly all of it before the first
comparison. Small trees, which are all that training makes, are summed together by
`afterclose.learning.leaf_masks`; larger ones are walked one after the other.
"""

import math
from collections.abc import Sequence
from functools import cached_property

from afterclose.learning.curves import Sigmoid, log_odds_of, logistic
from afterclose.learning.explanation import Parts, mixed
from afterclose.learning.leaf_masks import LeafMasks, fits
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer, Scorer
from afterclose.learning.tree_card import LEAF, AnyCard, EnsembleCard, Tree, TreeCard
from afterclose.learning.tree_contributions import TreeContributions


class TreeScorer(Scorer):
    """Scores by a `TreeCard`."""

    def __init__(self, card: TreeCard, max_abs_z: float = math.inf) -> None:
        super().__init__(card, max_abs_z)
        self.unit = "R" if card.target == "r" else "log-odds"
        self._risk_at = card.curve.risk
        sigmoid = card.curve if isinstance(card.curve, Sigmoid) else Sigmoid()
        self._log_odds_scale, self._log_odds_shift = sigmoid.slope, sigmoid.offset
        self._curve_after = logistic if isinstance(card.curve, Sigmoid) else card.curve.risk
        small = all(map(fits, card.trees))
        summed = LeafMasks(card.base, card.trees, len(card.feature_names)) if small else None
        self._sum = summed.sum if summed else _Walks(card.base, card.trees).sum
        self._average_sum = self._sum(card.train_mean)
        self._card = card

    def risk_of(self, values: Sequence[float]) -> float:
        """The score of values parallel to ``feature_names``, NaN where missing."""
        return self._risk_at(self._sum(values))

    def parts_of(self, values: Sequence[float]) -> Parts:
        """What the score of values as for `risk_of` is made of, taken apart.

        A sigmoid that calibrates is in them; an isotonic curve comes after them.
        """
        scale = self._log_odds_scale
        base = scale * self._average_sum + self._log_odds_shift
        return Parts(base, tuple(scale * addend for addend in self._contributions.of(values)))

    @cached_property
    def _contributions(self) -> TreeContributions:
        """Made when it is first asked for: most bots never do, and all of them wait for a load."""
        return TreeContributions(self._card.trees, self._card.train_mean)

    def curve(self, log_odds: float) -> float:
        """The risk score at these log-odds, as `parts_of` has them."""
        return self._curve_after(log_odds)


class EnsembleScorer(Scorer):
    """Scores by an `EnsembleCard`: the mean of two scores."""

    def __init__(self, card: EnsembleCard, max_abs_z: float = math.inf) -> None:
        super().__init__(card, max_abs_z)
        self._linear = LinearScorer(card.linear)
        self._trees = TreeScorer(card.trees)

    def risk_of(self, values: Sequence[float]) -> float | None:
        """The score of values parallel to ``feature_names``, NaN where missing."""
        linear = self._linear.risk_of(values)
        return None if linear is None else (linear + self._trees.risk_of(values)) / 2

    def parts_of(self, values: Sequence[float]) -> Parts:
        """What the score of values as for `risk_of` is made of, taken apart."""
        return mixed(self._linear.parts_of(values), self._trees.parts_of(values), self._vote)

    def _vote(self, linear: float, trees: float) -> float:
        return log_odds_of((self._linear.curve(linear) + self._trees.curve(trees)) / 2)


def scorer_of(card: AnyCard, max_abs_z: float = math.inf) -> Scorer:
    """The scorer of a scorecard of any kind."""
    if isinstance(card, Scorecard):
        return LinearScorer(card, max_abs_z)
    if isinstance(card, TreeCard):
        return TreeScorer(card, max_abs_z)
    return EnsembleScorer(card, max_abs_z)


class _Walks:
    """Trees of any size, walked from their roots."""

    def __init__(self, base: float, trees: Sequence[Tree]) -> None:
        self._base, self._trees = base, trees

    def sum(self, values: Sequence[float]) -> float:
        """``base`` and what each tree adds, for values parallel to the features, NaN: missing."""
        total = self._base
        for tree in self._trees:
            node = 0
            while (feature := tree.feature[node]) != LEAF:
                value, limit = values[feature], tree.value[node]
                missing = value != value  # noqa: PLR0124 - true for NaN alone
                left = tree.missing_left[node] if missing else value <= limit
                node = tree.left[node] if left else tree.right[node]
            total += tree.value[node]
        return total
