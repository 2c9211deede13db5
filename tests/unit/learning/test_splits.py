"""Edges of `afterclose.learning.splits`, and two libraries as oracles of its purging."""

import numpy as np
import pandas as pd
import pytest
from purgedcv import purge
from skfolio.model_selection import WalkForward

from afterclose.learning.splits import (
    chronological_split,
    no_embargo,
    purged_walk_forward,
    session_embargo,
)

DAYS = np.arange(100, dtype=np.int64)


def test_embargo_of_no_session_is_purging_alone() -> None:
    assert session_embargo(DAYS, 0) is no_embargo


def test_embargo_counts_from_the_session_that_the_test_starts_in_or_follows() -> None:
    opens = np.array([100, 200, 300, 400])
    cutoff = session_embargo(opens, 2)
    assert cutoff(300) == 100  # at the open itself the session has begun
    assert cutoff(399) == 100
    assert cutoff(5000) == 200  # after the last known session


def test_embargo_that_reaches_before_the_known_sessions_keeps_nothing() -> None:
    cutoff = session_embargo(np.array([50, 60, 70]), 2)
    split = chronological_split(DAYS, DAYS + 1, 0.35, cutoff)
    assert split.test[0] == 65
    assert len(split.train) == 0


def test_a_negative_embargo_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 sessions"):
        session_embargo(DAYS, -1)


def test_one_row_is_held_out_and_leaves_nothing_to_train_on() -> None:
    split = chronological_split(np.array([5]), np.array([6]), 0.2)
    assert [part.tolist() for part in split] == [[], [0], []]


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2, float("nan")])
def test_a_test_fraction_outside_0_to_1_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        chronological_split(DAYS, DAYS, fraction)


def test_unsorted_empty_or_unequal_times_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        chronological_split(DAYS[::-1], DAYS, 0.2)
    with pytest.raises(ValueError, match="0 decisions"):
        chronological_split(DAYS[:0], DAYS[:0], 0.2)
    with pytest.raises(ValueError, match="99 exits"):
        purged_walk_forward(DAYS, DAYS[1:], min_train=10)


def test_walk_forward_needs_a_window_and_a_training_row() -> None:
    with pytest.raises(ValueError, match="0 and 5"):
        purged_walk_forward(DAYS, DAYS, n_windows=0, min_train=5)
    with pytest.raises(ValueError, match="8 and 0"):
        purged_walk_forward(DAYS, DAYS, min_train=0)


def test_walk_forward_without_rows_left_to_test_has_no_window() -> None:
    assert purged_walk_forward(DAYS, DAYS + 1, min_train=100) == []
    tied = np.zeros(10, dtype=np.int64)
    assert purged_walk_forward(tied, tied + 1, min_train=3) == []


def test_more_windows_than_rows_give_one_window_a_row() -> None:
    splits = purged_walk_forward(DAYS[:5], DAYS[:5] + 1, n_windows=50, min_train=2)
    assert [split.test.tolist() for split in splits] == [[2], [3], [4]]


def test_training_rows_and_tests_agree_with_skfolio_for_a_constant_holding() -> None:
    held = 3
    ours = purged_walk_forward(DAYS, DAYS + held, n_windows=6, min_train=40)
    # Ours also drops a row that exits exactly as the test starts: one more than its overlap.
    oracle = WalkForward(test_size=10, train_size=40 - held, expand_train=True, purged_size=held)
    expected = list(oracle.split(DAYS.reshape(-1, 1)))
    assert len(ours) == len(expected) == 6
    for split, (train, test) in zip(ours, expected, strict=True):
        assert split.train.tolist() == train.tolist()
        assert split.test.tolist() == test.tolist()


def test_purging_agrees_with_purgedcv_for_uneven_holdings() -> None:
    rng = np.random.default_rng(7)
    decided = np.sort(rng.integers(0, 10**9, 300))
    exited = decided + rng.integers(1, 10**8, 300)
    times = [pd.Series(pd.to_datetime(values, unit="us")) for values in (decided, exited)]
    for split in purged_walk_forward(decided, exited, n_windows=5, min_train=60):
        candidates = np.arange(split.test[0])
        assert split.train.tolist() == purge(candidates, split.test, *times).tolist()
