"""Exact Shapley values of boosted trees against one reference entry.

Between two entries, a leaf can be reached only by taking some features from the one and some
from the other: ``ours`` are the features that must come from the entry, ``theirs`` those that
must come from the reference. For such a leaf the Shapley values have a closed form (Lundberg
et al., 2020, "From local explanations to global understanding", algorithm 3), so one walk
that follows both entries where they part gives the sum over all 2^n coalitions.
"""

from collections.abc import Sequence
from functools import cache
from math import comb
from typing import Any

Node = Any
"""As in `afterclose.learning.tree_scorer`: a leaf's addend, or where to read, what to compare
with, and the nodes at most and above."""


def contributions_between(
    roots: Sequence[Node], entry: Sequence[float], reference: Sequence[float], features: int
) -> list[float]:
    """What each feature adds to the trees' sum between ``reference`` and ``entry``.

    Both list their values as the tree scorer does: once with NaN low, then with NaN high.
    """
    walk = _Walk(entry, reference, features)
    for root in roots:
        walk.down(root, (), ())
    return walk.added


class _Walk:
    def __init__(self, entry: Sequence[float], reference: Sequence[float], features: int) -> None:
        self.added = [0.0] * features
        self._entry, self._reference, self._features = entry, reference, features

    def down(self, node: Node, ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
        """Add what the leaves below ``node`` give, that need these features of each side."""
        entry, reference = self._entry, self._reference
        while node.__class__ is tuple:
            position, limit, at_most, higher = node
            from_entry = at_most if entry[position] <= limit else higher
            if from_entry is (at_most if reference[position] <= limit else higher):
                node = from_entry
                continue
            feature = position % self._features
            if feature in ours:
                node = from_entry
                continue
            if feature not in theirs:
                self.down(from_entry, (*ours, feature), theirs)
                theirs = (*theirs, feature)
            node = higher if from_entry is at_most else at_most
        self._share(node, ours, theirs)

    def _share(self, leaf: float, ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
        if ours:
            gain = leaf * _weight(len(ours), len(theirs))
            for feature in ours:
                self.added[feature] += gain
        if theirs:
            loss = leaf * _weight(len(theirs), len(ours))
            for feature in theirs:
                self.added[feature] -= loss


@cache
def _weight(same: int, other: int) -> float:
    """(same - 1)! other! / (same + other)!, for a ``same`` of at least 1."""
    return 1 / (same * comb(same + other, same))
