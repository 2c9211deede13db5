"""What must hold of every split, whatever the trades."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.learning.splits import (
    Split,
    chronological_split,
    purged_walk_forward,
    session_embargo,
)

Trades = tuple[np.ndarray, np.ndarray]


@st.composite
def trades(draw: st.DrawFn) -> Trades:
    """Sorted decisions with many ties, and exits from at once to long after."""
    pairs = draw(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=60)
    )
    decision = np.array(sorted(first for first, _ in pairs), dtype=np.int64)
    return decision, decision + np.array([second for _, second in pairs])


def check_split(split: Split, decision: np.ndarray, exit_: np.ndarray) -> None:
    test_start = decision[split.test[0]]
    assert np.all(exit_[split.train] < test_start)
    assert np.all(decision[split.train] < test_start)
    together = np.concatenate(split)
    assert len(set(together.tolist())) == len(together)
    others = np.setdiff1d(np.arange(len(decision)), split.test)
    assert not np.isin(decision[others], decision[split.test]).any()


@settings(max_examples=60, deadline=None)
@given(trades(), st.floats(0.05, 0.5))
def test_no_training_outcome_reaches_into_the_held_out_part(rows: Trades, fraction: float) -> None:
    split = chronological_split(*rows, fraction)
    check_split(split, *rows)
    assert len(np.concatenate(split)) == len(rows[0])
    assert len(split.test) >= max(1, round(len(rows[0]) * fraction))


@settings(max_examples=60, deadline=None)
@given(trades(), st.integers(1, 12), st.integers(1, 60))
def test_each_row_after_the_first_training_part_is_tested_exactly_once(
    rows: Trades, n_windows: int, min_train: int
) -> None:
    splits = purged_walk_forward(*rows, n_windows=n_windows, min_train=min_train)
    assert len(splits) <= n_windows
    tested = [row for split in splits for row in split.test.tolist()]
    if splits:
        assert tested == list(range(tested[0], len(rows[0])))
        assert tested[0] >= min_train
    for split in splits:
        check_split(split, *rows)
        assert len(split.train) + len(split.purged) == split.test[0]


@settings(max_examples=60, deadline=None)
@given(trades(), st.integers(1, 5), st.sets(st.integers(-20, 100), min_size=1))
def test_whole_empty_sessions_lie_between_training_and_test(
    rows: Trades, sessions: int, opens: set[int]
) -> None:
    session_opens = np.array(sorted(opens), dtype=np.int64)
    embargo = session_embargo(session_opens, sessions)
    for split in purged_walk_forward(*rows, min_train=2, embargo_cutoff=embargo):
        if not len(split.train):
            continue
        last_exit, test_start = rows[1][split.train].max(), rows[0][split.test[0]]
        opened_between = session_opens[(session_opens > last_exit) & (session_opens <= test_start)]
        # One opening more than sessions: each empty one ends where the next begins.
        assert len(opened_between) > sessions
