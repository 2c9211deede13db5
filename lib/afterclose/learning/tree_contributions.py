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
        while node.__class__ is tuple:
            position, limit, at_most, higher = node
            from_entry = at_most if self._entry[position] <= limit else higher
            from_reference = at_most if self._reference[position] <= limit else higher
            feature = position % self._features
            if from_entry is from_reference or feature in ours:
                node = from_entry
            elif feature in theirs:
                node = from_reference
            else:
                self.down(from_entry, (*ours, feature), theirs)
                theirs, node = (*theirs, feature), from_reference
        self._share(ours, node * _weight(len(ours), len(theirs)))
        self._share(theirs, -node * _weight(len(theirs), len(ours)))

    def _share(self, features: tuple[int, ...], gain: float) -> None:
        for feature in features:
            self.added[feature] += gain


@cache
def _weight(same: int, other: int) -> float:
    """(same - 1)! other! / (same + other)!, or 0 where there is none to give it to."""
    return 1 / (same * comb(same + other, same)) if same else 0.0
