"""Scoring boosted trees one entry at a time in plain Python: no library, nothing unpickled.

scikit-learn takes half a millisecond for one row, nearly all of it before the first
comparison. Here a tree is nested tuples, and a missing value is an infinity that each node
reads from the side it wants it to fall to, so that a step is one comparison.
"""

import math
from collections.abc import Sequence
from typing import Any

from afterclose.learning.curves import Sigmoid, log_odds_of, logistic
from afterclose.learning.explanation import Parts, mixed
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer, Scorer
from afterclose.learning.tree_card import LEAF, AnyCard, EnsembleCard, Tree, TreeCard
from afterclose.learning.tree_contributions import contributions_between

Node = Any
"""A leaf's addend; or a tuple: where to read, what to compare with, the nodes at most and above."""


class TreeScorer(Scorer):
    """Scores by a `TreeCard`."""

    def __init__(self, card: TreeCard, max_abs_z: float = math.inf) -> None:
        super().__init__(card, max_abs_z)
        self._base = card.base
        self._risk_at = card.curve.risk
        sigmoid = card.curve if isinstance(card.curve, Sigmoid) else Sigmoid()
        self._log_odds_scale, self._log_odds_shift = sigmoid.slope, sigmoid.offset
        self._curve_after = logistic if isinstance(card.curve, Sigmoid) else card.curve.risk
        self._roots = tuple(_nested(tree, len(card.feature_names)) for tree in card.trees)
        self._average = _entry(card.train_mean)
        self._average_sum = self._sum(self._average)

    def risk_of(self, values: Sequence[float]) -> float:
        """The score of values parallel to ``feature_names``, NaN where missing."""
        return self._risk_at(self._sum(_entry(values)))

    def parts_of(self, values: Sequence[float]) -> Parts:
        """The log-odds of values as for `risk_of`, taken apart.

        A sigmoid that calibrates is in them; an isotonic curve comes after them.
        """
        scale, features = self._log_odds_scale, len(self.feature_names)
        added = contributions_between(self._roots, _entry(values), self._average, features)
        base = scale * self._average_sum + self._log_odds_shift
        return Parts(base, tuple(scale * addend for addend in added))

    def curve(self, log_odds: float) -> float:
        """The risk score at these log-odds, as `parts_of` has them."""
        return self._curve_after(log_odds)

    def _sum(self, entry: Sequence[float]) -> float:
        log_odds = self._base
        for root in self._roots:
            node = root
            while node.__class__ is tuple:
                position, limit, at_most, higher = node
                node = at_most if entry[position] <= limit else higher
            log_odds += node
        return log_odds


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
        """The log-odds of values as for `risk_of`, taken apart."""
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


def _entry(values: Sequence[float]) -> list[float]:
    """The values with NaN as the lowest of all, then again with NaN as the highest."""
    below = [-math.inf if value != value else value for value in values]  # noqa: PLR0124 - NaN
    above = [math.inf if value != value else value for value in values]  # noqa: PLR0124 - NaN
    return below + above


def _nested(tree: Tree, features: int) -> Node:
    """The root of a tree; an entry lists its values with NaN low, then again with NaN high."""
    nodes: list[Node] = list(tree.value)
    for node in reversed(range(len(nodes))):  # children first: they stand behind their parents
        feature = tree.feature[node]
        if feature != LEAF:
            position = feature if tree.missing_left[node] else feature + features
            left, right = nodes[tree.left[node]], nodes[tree.right[node]]
            nodes[node] = position, tree.value[node], left, right
    return nodes[0]
