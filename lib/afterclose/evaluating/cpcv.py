"""Combinatorial purged cross-validation: many histories out of one, as index arrays.

Walking forward tells one story, and a model that was lucky in it looks good. Here time is cut
into groups, every choice of a few of them tests what the others taught, and the tests are
put together to whole paths: each a complete out-of-sample history, by other models (López
de Prado, *Advances in Financial Machine Learning*, 2018, chapter 12). It judges the recipe,
not what could have been traded: most models have seen the future of what they test.

That is why both edges of a test block are kept clean. Before it, training outcomes must be
known in time, as in `afterclose.learning.splits`. After it, a training trade must be decided once
all of the block's outcomes are known and the embargo is over, because its features still show the
prices that the tested trades lived through (section 7.4.2).
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import combinations, groupby
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from afterclose.arrays import Indices
from afterclose.learning.splits import EmbargoCutoff, Split, TimesUs, no_embargo

Value = TypeVar("Value", bound=np.generic)


class Combinations(NamedTuple):
    """All splits, and the edges of the groups: group g is rows ``edges[g]`` to ``edges[g + 1]``.

    ``tested[s]`` are the groups that split s tests, ascending.
    """

    edges: Indices
    tested: list[tuple[int, ...]]
    splits: list[Split]


def combinatorial_splits(
    decision_us: TimesUs,
    exit_us: TimesUs,
    *,
    n_groups: int,
    n_test_groups: int,
    embargo_cutoff: EmbargoCutoff = no_embargo,
) -> Combinations:
    """Each choice of ``n_test_groups`` of ``n_groups`` groups of nearly equal size, once.

    Rows are sorted by decision, and those decided at the same moment are never parted. The
    embargo after a block is as long as the one before: a row is kept when a test that began
    at its decision would keep the block. There are no splits when the rows make fewer groups.
    Raises ValueError when so many groups cannot be chosen.
    """
    if not 0 < n_test_groups < n_groups:
        raise ValueError(f"cannot test {n_test_groups} of {n_groups} groups")
    edges = _group_edges(decision_us, n_groups)
    if np.any(np.diff(edges) < 1):
        return Combinations(edges, [], [])
    tested = list(combinations(range(n_groups), n_test_groups))
    splits = [_split(decision_us, exit_us, edges, groups, embargo_cutoff) for groups in tested]
    return Combinations(edges, tested, splits)


def assemble_paths(
    combined: Combinations, tests: Sequence[npt.NDArray[Value]]
) -> npt.NDArray[Value]:
    """One row a path, one column a trade, from each split's values on its test rows.

    Each group is tested by as many splits as there are paths; path p takes the p-th of them.
    """
    edges, tested, splits = combined
    n_paths = sum(0 in groups for groups in tested)
    paths = np.empty((n_paths, edges[-1]), dtype=tests[0].dtype)
    used = [0] * (len(edges) - 1)
    for groups, split, values in zip(tested, splits, tests, strict=True):
        for group in groups:
            start, stop = edges[group], edges[group + 1]
            first = np.searchsorted(split.test, start)
            paths[used[group], start:stop] = values[first : first + stop - start]
            used[group] += 1
    return paths


def _group_edges(decision_us: TimesUs, n_groups: int) -> Indices:
    rows = len(decision_us)
    wanted = np.linspace(0, rows, n_groups + 1).round().astype(np.intp)[1:-1]
    inner = np.searchsorted(decision_us, decision_us[wanted], side="left") if rows else wanted
    return np.concatenate([[0], inner, [rows]])


def _split(
    decision_us: TimesUs,
    exit_us: TimesUs,
    edges: Indices,
    groups: tuple[int, ...],
    embargo_cutoff: EmbargoCutoff,
) -> Split:
    rows = np.arange(len(decision_us))
    is_test, clean = np.zeros(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)

    def cutoff_us(row: int) -> int:
        decided_us = int(decision_us[row])
        return min(decided_us, embargo_cutoff(decided_us))

    for first, last in _blocks(groups):
        start, stop = int(edges[first]), int(edges[last + 1])
        is_test[start:stop] = True
        last_exit_us = int(exit_us[start:stop].max())
        free = bisect_right(rows, last_exit_us, lo=stop, key=cutoff_us)
        clean[:start] &= exit_us[:start] < cutoff_us(start)
        clean[stop:free] = False
    return Split(
        np.flatnonzero(~is_test & clean), np.flatnonzero(is_test), np.flatnonzero(~is_test & ~clean)
    )


def _blocks(groups: tuple[int, ...]) -> list[tuple[int, int]]:
    """First and last group of each run of neighbours: between them nothing is trained on."""
    runs = groupby(enumerate(groups), key=lambda pair: pair[1] - pair[0])
    members = [[group for _, group in run] for _, run in runs]
    return [(run[0], run[-1]) for run in members]
