"""Purging and embargo by hand: ten trades, one a day, some held for long."""

import numpy as np

from afterclose.learning.splits import chronological_split, purged_walk_forward, session_embargo

DECIDED = np.arange(10, dtype=np.int64)  # days 0 to 9; any unit of time will do
HELD = np.array([1, 1, 9, 1, 1, 3, 1, 1, 1, 1])  # trade 2 is open until day 11, trade 5 until 8
EXITED = DECIDED + HELD


def test_a_trade_still_open_when_the_test_starts_is_purged() -> None:
    split = chronological_split(DECIDED, EXITED, 0.3)
    assert split.test.tolist() == [7, 8, 9]
    assert split.train.tolist() == [0, 1, 3, 4]  # 2 and 5 are open; 6 exits as the test starts
    assert split.purged.tolist() == [2, 5, 6]


def test_an_embargo_of_two_sessions_leaves_two_whole_sessions_empty() -> None:
    embargo = session_embargo(DECIDED, 2)  # a session opens at each whole number
    split = chronological_split(DECIDED, EXITED, 0.3, embargo)
    # The test starts on day 7, so days 5 and 6 must be empty: only exits before 5 may train.
    assert split.train.tolist() == [0, 1, 3]
    assert split.purged.tolist() == [2, 4, 5, 6]


def test_walk_forward_windows_follow_each_other_and_training_expands() -> None:
    first, second = purged_walk_forward(DECIDED, EXITED, n_windows=2, min_train=4)
    assert (first.train.tolist(), first.test.tolist()) == ([0, 1], [4, 5, 6])
    assert (second.train.tolist(), second.test.tolist()) == ([0, 1, 3, 4], [7, 8, 9])


def test_trades_of_one_moment_are_all_held_out_together() -> None:
    decided = np.array([0, 1, 2, 3, 3, 3, 3, 8, 9, 10])
    split = chronological_split(decided, decided + 1, 0.4)  # row 6 is one of the four at 3
    assert split.test.tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert split.train.tolist() == [0, 1]
