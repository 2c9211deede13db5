"""Combinatorial splits and paths, against skfolio and purgedcv."""

import numpy as np
import pandas as pd
import pytest
from purgedcv import purge, reconstruct_paths
from skfolio.model_selection import CombinatorialPurgedCV

from afterclose.evaluating.cpcv import Combinations, assemble_paths, combinatorial_splits
from afterclose.learning.splits import no_embargo, session_embargo

DAY_US = 86_400_000_000
ROWS = 60
DECISION_US = np.arange(ROWS, dtype=np.int64) * DAY_US


def combined(held_days: object = 0.5, **options: object) -> Combinations:
    exit_us = DECISION_US + (np.asarray(held_days) * DAY_US).astype(np.int64)
    how = {"n_groups": 6, "n_test_groups": 2, **options}
    return combinatorial_splits(DECISION_US, np.broadcast_to(exit_us, ROWS), **how)


def test_six_groups_by_two_are_fifteen_splits_that_test_each_trade_five_times() -> None:
    splits = combined().splits
    assert len(splits) == 15
    tested = np.bincount(np.concatenate([split.test for split in splits]))
    assert tested.tolist() == [5] * ROWS
    for split in splits:
        assert sorted(np.concatenate(split).tolist()) == list(range(ROWS))


@pytest.mark.parametrize("held", [1, 2, 3])
def test_training_rows_agree_with_skfolio_for_a_constant_holding(held: int) -> None:
    """A trade of h days and a half overlaps h later decisions, and as many earlier ones."""
    oracle = CombinatorialPurgedCV(n_folds=6, n_test_folds=2, purged_size=held)
    expected = [train.tolist() for train, _ in oracle.split(np.zeros((ROWS, 1)))]
    assert [split.train.tolist() for split in combined(held + 0.5).splits] == expected


def test_the_embargo_after_a_test_agrees_with_skfolio() -> None:
    """Outcomes known at noon of the last tested day, one empty session, then training goes on.

    skfolio embargoes only what follows a test; before it, our embargo is taken off again.
    """
    oracle = CombinatorialPurgedCV(n_folds=6, n_test_folds=2, purged_size=0, embargo_size=1)
    opens_us = np.arange(-5, ROWS, dtype=np.int64) * DAY_US
    ours = combined(embargo_cutoff=session_embargo(opens_us, 1)).splits
    plain = combined().splits
    for split, free, (train, _) in zip(ours, plain, oracle.split(np.zeros((ROWS, 1))), strict=True):
        before_a_test = np.intersect1d(split.test - 1, free.train)
        assert np.union1d(split.train, before_a_test).tolist() == sorted(
            {*train.tolist(), *before_a_test.tolist()}
        )
        assert not np.intersect1d(split.train, before_a_test).size


def test_purging_agrees_with_purgedcv_for_uneven_holdings() -> None:
    held = np.random.default_rng(3).integers(1, 15, ROWS) + 0.5
    decided = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(DECISION_US, unit="us"))
    over = decided + pd.to_timedelta(held, unit="D")
    for split in combined(held).splits:
        others = np.setdiff1d(np.arange(ROWS), split.test)
        expected = purge(others, split.test, decided, over)
        # Theirs keeps a later row that fits between two outcomes of the test; ours waits for all.
        assert set(split.train.tolist()) <= set(expected.tolist())
        for row in set(expected.tolist()) - set(split.train.tolist()):
            block = split.test[split.test < row]
            assert (DECISION_US + held * DAY_US)[block].max() >= DECISION_US[row]


def test_no_training_trade_lives_through_a_test_and_both_sides_keep_their_embargo() -> None:
    held = np.random.default_rng(5).integers(1, 10, ROWS) + 0.5
    exit_us = DECISION_US + (held * DAY_US).astype(np.int64)
    opens_us = np.arange(-20, ROWS, dtype=np.int64) * DAY_US
    for groups, split in zip(*combined(held, embargo_cutoff=session_embargo(opens_us, 3))[1:],
                             strict=True):  # fmt: skip
        for group in groups:
            block = split.test[(split.test >= 10 * group) & (split.test < 10 * group + 10)]
            before, after = split.train[split.train < block[0]], split.train[split.train > block[0]]
            assert (exit_us[before] < DECISION_US[block[0]] - 3 * DAY_US).all()
            assert (DECISION_US[after] - 3 * DAY_US > exit_us[block].max()).all()


def test_trades_decided_together_stay_in_one_group() -> None:
    decision_us = np.repeat(np.arange(12, dtype=np.int64), 5) * DAY_US
    edges = combinatorial_splits(decision_us, decision_us, n_groups=7, n_test_groups=2).edges
    assert all(edge % 5 == 0 for edge in edges)
    assert len(edges) == 8


def test_there_are_no_splits_when_the_moments_make_fewer_groups() -> None:
    decision_us = np.repeat(np.arange(3, dtype=np.int64), 20)
    assert combinatorial_splits(decision_us, decision_us, n_groups=6, n_test_groups=2).splits == []
    nothing = np.zeros(0, dtype=np.int64)
    assert combinatorial_splits(nothing, nothing, n_groups=6, n_test_groups=2).splits == []


def test_testing_all_groups_or_none_is_refused() -> None:
    for n_test_groups in (0, 6):
        with pytest.raises(ValueError, match="groups"):
            combined(n_test_groups=n_test_groups)


def test_paths_agree_with_purgedcv() -> None:
    splits = combined()
    values = [np.full(len(split.test), number) for number, split in enumerate(splits.splits)]
    tests = [split.test for split in splits.splits]
    expected = reconstruct_paths(values, tests, 6, 2, ROWS)
    np.testing.assert_array_equal(assemble_paths(splits, values), expected)


def test_each_path_holds_each_trade_once_with_its_own_value() -> None:
    splits = combined(embargo_cutoff=no_embargo)
    paths = assemble_paths(splits, [split.test for split in splits.splits])
    assert paths.shape == (5, ROWS)
    assert (paths == np.arange(ROWS)).all()
