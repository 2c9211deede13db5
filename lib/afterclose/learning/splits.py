"""Which rows train and which test: chronological, purged and embargoed, as index arrays.

A trade's outcome is known only at its exit, days after its decision. A training row that is
still open when the test window begins has seen the future of that window, so it is purged;
an embargo empties some whole sessions more, because neighbouring trades share prices (López
de Prado, *Advances in Financial Machine Learning*, 2018, section 7.4). Scikit-learn's
`TimeSeriesSplit` knows one time per row and leaves such rows in (PEER: 21 of 600).

Times are int64 microseconds since the epoch, UTC; rows are sorted by decision. Rows decided
at the same moment are never parted: they are the same night's signals.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from afterclose.arrays import Indices, Integers

TimesUs = Integers
"""Microseconds since the epoch, UTC, one per row."""

EmbargoCutoff = Callable[[int], int]
"""Maps a test start to the moment before which every training row must have exited (µs)."""


class Split(NamedTuple):
    """Disjoint row positions: what trains, what tests, and what was purged between them."""

    train: Indices
    test: Indices
    purged: Indices


def no_embargo(test_start_us: int) -> int:
    """The cutoff of purging alone: training rows must have exited before the test starts."""
    return test_start_us


def session_embargo(session_opens_us: TimesUs, sessions: int) -> EmbargoCutoff:
    """An embargo of whole market sessions.

    ``session_opens_us`` are the ascending opens of all sessions that matter. The cutoff is
    the open of the session ``sessions`` before the one that the test starts in (or has just
    followed), so that many whole sessions lie empty between the last training exit and the
    first test decision. Sessions missing from either end of the list only ever purge more:
    before the first known session nothing is kept. Raises ValueError for a negative count.
    """
    if sessions < 0:
        raise ValueError(f"an embargo cannot be negative: {sessions} sessions")
    if sessions == 0:
        return no_embargo

    def cutoff(test_start_us: int) -> int:
        current = int(np.searchsorted(session_opens_us, test_start_us, side="right")) - 1
        if current < sessions:
            return int(np.iinfo(np.int64).min)
        return int(session_opens_us[current - sessions])

    return cutoff


def chronological_split(
    decision_us: TimesUs,
    exit_us: TimesUs,
    test_fraction: float,
    embargo_cutoff: EmbargoCutoff = no_embargo,
) -> Split:
    """Hold out the newest ``test_fraction`` of the rows; purge and embargo the rest.

    At least one row is held out, and more than the fraction when the boundary falls among
    rows decided at one moment. The training part may be empty. Raises ValueError for no
    rows, unsorted rows or a fraction outside (0, 1).
    """
    _check(decision_us, exit_us)
    if not 0 < test_fraction < 1:
        raise ValueError(f"the test fraction must lie between 0 and 1, not {test_fraction}")
    rows = len(decision_us)
    boundary = rows - max(1, round(rows * test_fraction))
    first = int(np.searchsorted(decision_us, decision_us[boundary], side="left"))
    return _split(decision_us, exit_us, first, rows, embargo_cutoff)


def purged_walk_forward(
    decision_us: TimesUs,
    exit_us: TimesUs,
    *,
    n_windows: int = 8,
    min_train: int,
    embargo_cutoff: EmbargoCutoff = no_embargo,
) -> list[Split]:
    """Walk forward with an expanding training part: each row past the first part tests once.

    The rows after the first ``min_train`` are cut into up to ``n_windows`` test windows of
    nearly equal size, in order; each trains on all rows before it that were over in time.
    Fewer windows come back when ties or few rows leave no room, none when no row is left to
    test. A training part may be empty after purging. Raises ValueError for no rows, unsorted
    rows, or a count below 1.
    """
    _check(decision_us, exit_us)
    if n_windows < 1 or min_train < 1:
        raise ValueError(f"need a window and a training row, not {n_windows} and {min_train}")
    rows = len(decision_us)
    if min_train >= rows:
        return []
    wanted = np.linspace(min_train, rows, n_windows + 1).round().astype(np.intp)[:-1]
    # A boundary among ties moves behind them: the first training part never shrinks.
    starts = np.unique(np.searchsorted(decision_us, decision_us[wanted - 1], side="right"))
    edges = np.append(starts[starts < rows], rows)
    return [
        _split(decision_us, exit_us, int(start), int(stop), embargo_cutoff)
        for start, stop in pairwise(edges)
    ]


def _split(
    decision_us: TimesUs, exit_us: TimesUs, start: int, stop: int, embargo_cutoff: EmbargoCutoff
) -> Split:
    test_start_us = int(decision_us[start])
    cutoff_us = min(test_start_us, embargo_cutoff(test_start_us))
    known = exit_us[:start] < cutoff_us
    return Split(np.flatnonzero(known), np.arange(start, stop), np.flatnonzero(~known))


def _check(decision_us: TimesUs, exit_us: TimesUs) -> None:
    if len(decision_us) == 0 or len(decision_us) != len(exit_us):
        raise ValueError(f"{len(decision_us)} decisions and {len(exit_us)} exits cannot be split")
    if np.any(decision_us[1:] < decision_us[:-1]):
        raise ValueError("rows must be sorted by decision time")
