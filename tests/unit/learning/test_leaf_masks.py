"""`leaf_masks`: the same leaves in the same order as a walk, so equal to the last bit."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from afterclose.learning.leaf_masks import LeafMasks, fits
from afterclose.learning.tree_card import LEAF, Tree

LIMITS = (-1.0, 0.0, 0.5, 1.0)
VALUES = (-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0, math.nan, math.inf, -math.inf)


def random_tree(generator: np.random.Generator, leaves: int) -> Tree:
    """A tree of any shape: leaves are split until there are as many as wanted."""
    columns: dict[str, list[Any]] = {name: [] for name in Tree.__struct_fields__}

    def grow(wanted: int) -> int:
        node = len(columns["feature"])
        value = float(generator.normal() if wanted == 1 else generator.choice(LIMITS))
        feature = LEAF if wanted == 1 else int(generator.integers(3))
        cells = (feature, value, bool(generator.integers(2)), 0, 0)
        for name, cell in zip(columns, cells, strict=True):
            columns[name].append(cell)
        if wanted > 1:
            left = int(generator.integers(1, wanted))
            columns["left"][node] = grow(left)
            columns["right"][node] = grow(wanted - left)
        return node

    grow(leaves)
    return Tree(**{name: tuple(column) for name, column in columns.items()})


def walked(base: float, trees: list[Tree], values: tuple[float, ...]) -> float:
    """As docs/scorecard.md says it."""
    total = base
    for tree in trees:
        node = 0
        while tree.feature[node] != LEAF:
            value = values[tree.feature[node]]
            left = tree.missing_left[node] if math.isnan(value) else value <= tree.value[node]
            node = tree.left[node] if left else tree.right[node]
        total += tree.value[node]
    return total


@pytest.mark.parametrize("seed", range(5))
def test_every_entry_has_the_sum_of_a_walk_to_the_last_bit(seed: int) -> None:
    generator = np.random.default_rng(seed)
    trees = [random_tree(generator, int(generator.integers(1, 9))) for _ in range(20)]
    masks = LeafMasks(0.1, trees, features=3)
    assert all(map(fits, trees))
    for values in product(VALUES, repeat=3):
        assert masks.sum(values) == walked(0.1, trees, values)


def test_no_tree_at_all_is_the_base() -> None:
    assert LeafMasks(-0.3, [], features=2).sum([0.0, math.nan]) == -0.3


def test_what_a_byte_cannot_stand_for_does_not_fit() -> None:
    generator = np.random.default_rng(0)
    assert fits(random_tree(generator, 8))
    assert not fits(random_tree(generator, 9))
    shared = Tree((0, 1, -1, -1), (0.0,) * 4, (True,) * 4, (1, 2, 0, 0), (2, 3, 0, 0))
    assert shared.holds(2)  # node 2 has two parents
    assert not fits(shared)
