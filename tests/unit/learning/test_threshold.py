"""The tuned threshold keeps the trades that earned most, and never fewer than half."""

import numpy as np
import pytest

from afterclose.learning.threshold import BLOCK_NONE, choose_threshold, share_threshold


def test_the_worst_fifth_is_cut_off_where_it_loses() -> None:
    """Ten risks 0.05 to 0.95; the two highest lose, the others earn 1 %."""
    risks = np.arange(10) / 10 + 0.05
    pnl = np.where(risks > 0.8, -0.05, 0.01)
    assert choose_threshold(risks, pnl) == pytest.approx(0.75)


def test_of_equals_the_one_that_keeps_most_wins() -> None:
    risks = np.arange(10) / 10
    assert choose_threshold(risks, np.full(10, 0.01)) == BLOCK_NONE
    assert choose_threshold(risks, np.zeros(10)) == BLOCK_NONE


def test_nothing_is_blocked_where_the_risky_trades_earn_most() -> None:
    risks = np.arange(100) / 100
    assert choose_threshold(risks, risks) == BLOCK_NONE


def test_half_of_the_trades_are_kept_however_bad_they_are() -> None:
    risks = np.arange(100) / 100
    pnl = np.where(risks < 0.1, 0.10, -0.05)
    assert choose_threshold(risks, pnl) == pytest.approx(0.49)


def test_trades_with_equal_risks_stay_together() -> None:
    risks = np.array([0.2] * 5 + [0.4] * 5)
    pnl = np.array([0.01] * 5 + [-0.01] * 5)
    assert choose_threshold(risks, pnl) == pytest.approx(0.2)


def test_the_trade_at_the_cut_is_kept_and_its_last_digits_do_not_matter() -> None:
    risks = np.array([0.1, 0.2000000004, 0.3, 0.9])
    pnl = np.array([0.01, 0.02, -0.01, -0.01])
    chosen = choose_threshold(risks, pnl)
    assert chosen == 0.200001
    assert choose_threshold(risks + 1e-13, pnl) == chosen


def test_a_single_trade_is_kept() -> None:
    assert choose_threshold(np.array([0.7]), np.array([-0.5])) == BLOCK_NONE


def test_no_trades_have_no_threshold() -> None:
    assert choose_threshold(np.zeros(0), np.zeros(0)) is None


@pytest.mark.parametrize(("share", "blocked"), [(0.1, 1), (0.2, 2), (0.3, 3), (0.25, 2), (0.9, 9)])
def test_a_share_of_ten_scores_is_above_the_threshold(share: float, blocked: int) -> None:
    risks = np.array([0.31, 0.12, 0.98, 0.55, 0.47, 0.66, 0.21, 0.75, 0.83, 0.05])
    assert (risks > share_threshold(risks, share)).sum() == blocked


def test_scores_that_do_not_differ_block_nothing() -> None:
    assert share_threshold(np.full(50, 0.62), 0.2) == pytest.approx(0.62)
    assert not (np.full(50, 0.62) > share_threshold(np.full(50, 0.62), 0.2)).any()


def test_without_an_unseen_score_a_share_blocks_nothing() -> None:
    assert share_threshold(np.zeros(0), 0.2) == BLOCK_NONE
