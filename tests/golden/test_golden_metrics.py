"""Measures of trades, worked out by hand."""

import numpy as np
import pytest

from afterclose.measures.metrics import (
    FilterEffect,
    expected_shortfall,
    filter_effect,
    max_drawdown,
    trade_metrics,
)


def test_thirty_losses_then_ten_gains_are_a_drawdown_of_26_percent() -> None:
    pnl = np.array([-0.01] * 30 + [0.02] * 10)
    assert max_drawdown(pnl) == pytest.approx(-0.2603, abs=5e-5)  # 0.99 ** 30 is 0.7397


def test_an_immediate_loss_counts_from_the_starting_capital() -> None:
    assert max_drawdown(np.array([-0.10, 0.50, 0.20])) == pytest.approx(-0.10)


def test_the_deepest_fall_is_from_the_peak_before_it() -> None:
    # 1.00, 1.10, 0.55, 1.10, 0.99
    assert max_drawdown(np.array([0.10, -0.50, 1.00, -0.10])) == pytest.approx(-0.50)


def test_lost_capital_stays_lost() -> None:
    assert max_drawdown(np.array([0.5, -1.0, 3.0])) == -1
    assert max_drawdown(np.array([-1.5, 3.0])) == -1  # a short may lose more than it put in


def test_drawdown_follows_the_exits_and_not_the_decisions() -> None:
    pnl, bad = np.array([0.5, -0.5]), np.array([False, True])
    gain_first = trade_metrics(pnl, bad, np.array([1, 2]))
    loss_first = trade_metrics(pnl, bad, np.array([2, 1]))
    assert gain_first.max_drawdown == pytest.approx(-0.5)
    assert loss_first.max_drawdown == pytest.approx(-0.5)
    smaller = trade_metrics(np.array([-0.1, -0.1, 0.5]), np.zeros(3, bool), np.array([1, 3, 2]))
    assert smaller.max_drawdown == pytest.approx(-0.1)  # 0.9, 1.35, 1.215


def test_measures_of_eight_trades() -> None:
    pnl = np.array([0.02, -0.01, 0.03, 0.0, -0.02, 0.01, 0.04, -0.03])
    bad = np.array([True, True, False, False, True, False, False, True])
    metrics = trade_metrics(pnl, bad, np.arange(8))
    assert metrics.trades == 8
    assert metrics.bad_trades == 4
    assert metrics.bad_share == 0.5
    assert metrics.win_rate == 0.5  # four above zero: breaking even is no win, a bad trade can be
    assert metrics.expectancy == pytest.approx(0.005)
    assert metrics.total_pnl == pytest.approx(0.04)
    assert metrics.profit_factor == pytest.approx(10 / 6)
    assert metrics.expected_shortfall_5 == -0.03
    assert metrics.sharpe_per_trade == pytest.approx(0.2041241)  # 0.005 / 0.0244949


def test_expected_shortfall_is_the_mean_of_the_worst_twentieth() -> None:
    forty = np.array([-0.10, -0.06] + [0.01] * 38)
    assert expected_shortfall(forty) == pytest.approx(-0.08)
    assert expected_shortfall(forty[:30]) == pytest.approx(-0.13 / 1.5)  # -0.10 and half of -0.06


def test_blocking_three_of_six_trades() -> None:
    pnl = np.array([0.05, -0.04, 0.01, -0.02, 0.03, -0.01])
    bad = np.array([False, True, True, True, False, True])
    keep = np.array([True, False, False, True, False, True])
    assert filter_effect(pnl, bad, keep) == FilterEffect(
        blocked=3,
        kept_share=0.5,
        bad_trades_avoided=2,
        good_trades_lost=1,
        pnl_avoided=-0.04,
        pnl_forgone=pytest.approx(0.04),
    )
