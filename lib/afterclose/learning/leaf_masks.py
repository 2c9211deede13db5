"""The sum of small trees for one entry, all trees at once, by masks of leaves.

A node whose test fails rules out every leaf on its left. So each feature needs one search for
its value among the limits of all trees, and a mask of the leaves that are still possible; the
masks together leave one leaf a tree, the first possible one (Lucchese et al., 2015, "QuickScorer").
Walking each tree by itself takes two to three times as long in plain Python.

A tree has a byte of the mask, so it has at most eight leaves, as the learners of ML_MODEL make
them. The sum adds the same leaves in the same order as a walk: it is equal to the last bit.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import reduce
from operator import add, getitem
from typing import Final

from afterclose.learning.tree_card import LEAF, Tree

MAX_LEAVES: Final = 8

_FIRST_POSSIBLE: Final = bytes(
    (mask & -mask).bit_length() - 1 if mask else 0 for mask in range(256)
)
"""For each byte the number of its lowest bit that is set."""


def fits(tree: Tree) -> bool:
    """Whether a byte can stand for ``tree``; its nodes must hang together as a tree's do."""
    inner = [node for node, feature in enumerate(tree.feature) if feature != LEAF]
    children = [*(tree.left[node] for node in inner), *(tree.right[node] for node in inner)]
    leaves = len(tree.feature) - len(inner)
    return leaves <= MAX_LEAVES and sorted(children) == list(range(1, len(tree.feature)))


Test = tuple[float, int, bool]
"""A node: its limit, the mask that its failing leaves, and whether a missing value passes."""


class NodeTests:
    """Tests of many trees on one entry at a time: a byte of a mask for each tree; read-only.

    ``nodes`` are the tests by feature. A value passes that is at most the limit.
    """

    def __init__(self, nodes: Sequence[list[Test]], trees: int) -> None:
        self._bytes, self._all = trees, (1 << 8 * trees) - 1
        self._columns = tuple(_column(tests, self._all) for tests in nodes)

    def bytes_of(self, values: Sequence[float]) -> bytes:
        """The masks that are left for values parallel to the features, NaN where missing."""
        left = self._all
        for (limits, masks), value in zip(self._columns, values, strict=True):
            known = value == value  # noqa: PLR0124 - false for NaN, the quickest way to ask
            left &= masks[bisect_left(limits, value) if known else -1]
        return left.to_bytes(self._bytes, "little")


class LeafMasks:
    """Trees that `fits` is true of, over that many ``features``; read-only."""

    def __init__(self, base: float, trees: Sequence[Tree], features: int) -> None:
        self._base = base
        nodes: list[list[Test]] = [[] for _ in range(features)]
        self._leaves = tuple(
            _leaves_of(tree, 8 * number, nodes) for number, tree in enumerate(trees)
        )
        self._tests = NodeTests(nodes, len(trees))

    def sum(self, values: Sequence[float]) -> float:
        """``base`` and what each tree adds, for values parallel to the features, NaN: missing."""
        first = self._tests.bytes_of(values).translate(_FIRST_POSSIBLE)
        return reduce(add, map(getitem, self._leaves, first), self._base)


def _leaves_of(tree: Tree, shift: int, nodes: list[list[Test]]) -> tuple[float, ...]:
    """The leaves of a tree from left to right; its nodes are added to those of their features."""
    leaves: list[float] = []

    def below(node: int) -> int:
        """The mask of the leaves under ``node``."""
        feature = tree.feature[node]
        if feature == LEAF:
            leaves.append(tree.value[node])
            return 1 << (shift + len(leaves) - 1)
        left = below(tree.left[node])
        nodes[feature].append((tree.value[node], ~left, tree.missing_left[node]))
        return left | below(tree.right[node])

    below(0)
    return tuple(leaves)


def _column(tests: list[Test], everything: int) -> tuple[list[float], list[int]]:
    """The limits of one feature, ascending, and the mask for a value above so many of them.

    The last mask is that of a missing value.
    """
    limits, masks = [], [everything]
    missing = everything
    for limit, failed, missing_passes in sorted(tests):
        limits.append(limit)
        masks.append(masks[-1] & failed)
        missing &= ~0 if missing_passes else failed
    return limits, [*masks, missing]
