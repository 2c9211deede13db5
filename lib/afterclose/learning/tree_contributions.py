"""Exact Shapley values of boosted trees against one reference entry.

Between two entries, a leaf can be reached only by taking some features from the one and some
from the other: "ours" are the features that must come from the entry, "theirs" those that
must come from the reference. For such a leaf the Shapley values have a closed form (Lundberg
et al., 2020, "From local explanations to global understanding", algorithm 3), so one walk
that follows both entries where they part gives the sum over all 2^n coalitions.

The reference is the same for every entry, so where it goes is settled once, when the trees are
prepared. Each node where the entries part settles its feature from the sums of its two
branches; adding each leaf to each of its features would take twice as long. What a small tree
gives depends on which of its seven tests the entry passes and on nothing else, so it is kept.
"""

import math
from collections.abc import Sequence
from math import comb
from typing import Any

from afterclose.learning.leaf_masks import NodeTests, Test, fits
from afterclose.learning.tree_card import LEAF, Tree

Node = Any
"""A leaf's addend; or a tuple: the feature and where to read it, what to compare with, whether
the reference is at most that, where the reference goes, and where it does not."""

_Weights = list[list[tuple[float, float]]]


Parts = tuple[tuple[int, float], ...]
"""Of one tree: features, and what each adds."""


class TreeContributions:
    """Trees prepared for one ``reference``, values as for the scorer; threads may share them."""

    def __init__(self, trees: Sequence[Tree], reference: Sequence[float]) -> None:
        self._features = len(reference)
        entry = _twice(reference)
        self._roots = tuple(_prepared(tree, entry) for tree in trees)
        tallest = max(map(_height, trees), default=0)
        self._weights = _weights(min(self._features, tallest))
        small = all(map(fits, trees))
        self._tests = NodeTests(_tests_of(trees, self._features), len(trees)) if small else None
        self._known: tuple[dict[int, Parts], ...] = tuple({} for _ in trees)

    def of(self, values: Sequence[float]) -> list[float]:
        """What each feature adds to the trees' sum between the reference and ``values``."""
        entry, added = _twice(values), [0.0] * self._features
        if self._tests is None:
            for root in self._roots:
                _Walk(entry, added, self._weights).down(root, 0, 0, 0, 0)
            return added
        for number, passed in enumerate(self._tests.bytes_of(values)):
            parts = self._known[number].get(passed)
            if parts is None:
                parts = self._known[number][passed] = self._parts(self._roots[number], entry)
            for feature, addend in parts:
                added[feature] += addend
        return added

    def _parts(self, root: Node, entry: Sequence[float]) -> Parts:
        added = [0.0] * self._features
        _Walk(entry, added, self._weights).down(root, 0, 0, 0, 0)
        return tuple((feature, addend) for feature, addend in enumerate(added) if addend)


class _Walk:
    """Follows one tree for the entry and the reference, and adds what it gives to ``added``."""

    def __init__(self, entry: Sequence[float], added: list[float], weights: _Weights) -> None:
        self._entry, self._added, self._weights = entry, added, weights

    def down(
        self, node: Node, ours: int, theirs: int, n_ours: int, n_theirs: int
    ) -> tuple[float, float]:
        """What the leaves below ``node`` give each of ours, and take from each of theirs.

        ``ours`` and ``theirs`` are bit masks of features, with their numbers beside them.
        """
        entry = self._entry
        while node.__class__ is tuple:
            feature, position, limit, at_most, same, other = node
            bit = 1 << feature
            if (entry[position] <= limit) is at_most or theirs & bit:
                node = same
            elif ours & bit:
                node = other
            else:
                gain, given = self.down(other, ours | bit, theirs, n_ours + 1, n_theirs)
                kept, loss = self.down(same, ours, theirs | bit, n_ours, n_theirs + 1)
                self._added[feature] += gain - loss
                return gain + kept, given + loss
        of_ours, of_theirs = self._weights[n_ours][n_theirs]
        return node * of_ours, node * of_theirs


def _weights(most: int) -> _Weights:
    """The share of each of ours, and of each of theirs, for up to ``most`` of both."""
    numbers = range(most + 1)
    return [
        [(_share(ours, theirs), _share(theirs, ours)) for theirs in numbers] for ours in numbers
    ]


def _share(same: int, other: int) -> float:
    """(same - 1)! other! / (same + other)!, and nothing where there is nobody to share."""
    return 1 / (same * comb(same + other, same)) if same else 0.0


def _tests_of(trees: Sequence[Tree], features: int) -> list[list[Test]]:
    """By feature: each node of each tree with a bit of its own in the tree's byte."""
    tests: list[list[Test]] = [[] for _ in range(features)]
    for number, tree in enumerate(trees):
        inner = [node for node, feature in enumerate(tree.feature) if feature != LEAF]
        for bit, node in enumerate(inner):
            failed = ~(1 << (8 * number + bit))
            tests[tree.feature[node]].append((tree.value[node], failed, tree.missing_left[node]))
    return tests


def _height(tree: Tree) -> int:
    """The most nodes between the root and a leaf, the root included: no path has more features."""
    heights = [0] * len(tree.feature)
    for node in reversed(range(len(heights))):  # children first: they stand behind their parents
        if tree.feature[node] != LEAF:
            heights[node] = 1 + max(heights[tree.left[node]], heights[tree.right[node]])
    return heights[0]


def _twice(values: Sequence[float]) -> list[float]:
    """The values with NaN as the lowest of all, then again with NaN as the highest.

    Each node reads the one that falls to the side where it wants a missing value.
    """
    below = [-math.inf if value != value else value for value in values]  # noqa: PLR0124 - NaN
    above = [math.inf if value != value else value for value in values]  # noqa: PLR0124 - NaN
    return below + above


def _prepared(tree: Tree, reference: Sequence[float]) -> Node:
    features = len(reference) // 2
    nodes: list[Node] = list(tree.value)
    for node in reversed(range(len(nodes))):  # children first: they stand behind their parents
        feature, limit = tree.feature[node], tree.value[node]
        if feature == LEAF:
            continue
        position = feature if tree.missing_left[node] else feature + features
        left, right = nodes[tree.left[node]], nodes[tree.right[node]]
        at_most = reference[position] <= limit
        same, other = (left, right) if at_most else (right, left)
        nodes[node] = feature, position, limit, at_most, same, other
    return nodes[0]
