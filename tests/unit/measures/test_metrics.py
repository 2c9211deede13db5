"""Undefined measures, and empyrical and skfolio as oracles of the others."""

import empyrical
import msgspec
import numpy as np
import pytest
from skfolio.measures import cvar

from afterclose.measures.metrics import (
    TradeMetrics,
    expected_shortfall,
    filter_effect,
    max_drawdown,
    profit_factor,
    sharpe_per_trade,
    trade_metrics,
)

NONE = np.array([])
NOBODY = np.array([], dtype=bool)


def test_no_trades_have_no_measures_and_no_drawdown() -> None:
    assert trade_metrics(NONE, NOBODY, np.array([], dtype=np.int64)) == TradeMetrics(
        trades=0,
        bad_trades=0,
        bad_share=None,
        win_rate=None,
        expectancy=None,
        total_pnl=0.0,
        profit_factor=None,
        max_drawdown=0.0,
        expected_shortfall_5=None,
        sharpe_per_trade=None,
    )


def test_keep_selects_the_trades_that_are_measured() -> None:
    pnl, bad, exit_us = np.array([0.01, -0.5, 0.03]), np.array([False, True, False]), np.arange(3)
    kept = np.array([True, False, True])
    assert trade_metrics(pnl, bad, exit_us, kept) == trade_metrics(
        pnl[kept], bad[kept], exit_us[:2]
    )


def test_profit_factor_without_a_loss_is_undefined_and_without_a_gain_zero() -> None:
    assert profit_factor(np.array([0.01, 0.0])) is None
    assert profit_factor(np.array([-0.01, 0.0])) == 0


def test_sharpe_needs_two_different_trades() -> None:
    assert sharpe_per_trade(np.array([0.01])) is None
    assert sharpe_per_trade(np.full(30, -0.01)) is None  # the deviation computes to 1.8e-18
    assert sharpe_per_trade(np.array([0.01, np.nextafter(0.01, 1)])) is None
    assert sharpe_per_trade(np.zeros(5)) is None


def test_metrics_are_plain_json() -> None:
    encoded = msgspec.json.encode(trade_metrics(np.array([-1.0]), np.array([True]), np.array([0])))
    assert b'"max_drawdown":-1.0' in encoded
    assert b'"profit_factor":0.0' in encoded
    assert b'"sharpe_per_trade":null' in encoded


def test_a_filter_over_no_trades_has_no_kept_share() -> None:
    assert filter_effect(NONE, NOBODY, NOBODY).kept_share is None


@pytest.mark.parametrize("seed", range(5))
def test_drawdown_agrees_with_empyrical(seed: int) -> None:
    pnl = np.random.default_rng(seed).normal(0, 0.03, 400)
    assert max_drawdown(pnl) == pytest.approx(empyrical.max_drawdown(pnl), abs=1e-12)


def test_drawdown_of_very_many_gains_does_not_overflow() -> None:
    assert max_drawdown(np.append(np.full(200_000, 0.05), -0.2)) == pytest.approx(-0.2)


@pytest.mark.parametrize("count", [1, 7, 19, 20, 21, 40, 133, 1000])
def test_expected_shortfall_agrees_with_skfolio(count: int) -> None:
    pnl = np.random.default_rng(count).normal(0, 0.03, count)
    assert expected_shortfall(pnl) == pytest.approx(-cvar(pnl, beta=0.95), abs=1e-12)
