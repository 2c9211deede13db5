"""p-values against exact counts and simulated luck; deflation against purgedcv."""

import math
from itertools import product

import numpy as np
import pytest
from purgedcv import deflated_sharpe_ratio

from afterclose.evaluating import significance as tested
from afterclose.evaluating.significance import (
    deflated_sharpe,
    sidak,
    significance,
)

PNL = np.random.default_rng(4).normal(0.001, 0.02, 12)


def luck_of_blocking(pnl, keep, block, **options):
    """The p-value over one stretch of time."""
    one = np.zeros(len(pnl), dtype=int)
    return tested.luck_of_blocking(pnl, keep.astype(float), block, one, **options)


def test_a_share_that_changes_with_the_years_is_no_knowledge() -> None:
    """Twice as many are blocked in the worse half: one piece of luck, and not fifty."""
    rng = np.random.default_rng(5)
    late = np.arange(4000) >= 2000
    pnl = rng.normal(0.004, 0.02, 4000) - 0.008 * late
    keep = rng.random(4000) > np.where(late, 0.4, 0.1)
    block = np.arange(4000) // 40
    naive, _ = luck_of_blocking(pnl, keep, block, draws=999, seed=0)
    size, half = keep.astype(float), late.astype(int)
    p_value, _ = tested.luck_of_blocking(pnl, size, block, half, draws=999, seed=0)
    assert naive < 0.01
    assert p_value > 0.05


@pytest.mark.parametrize("kept", [(0, 5, 7), (1, 2, 3, 4, 6, 9, 10, 11), (8,)])
def test_p_value_agrees_with_trying_every_sign(kept: tuple[int, ...]) -> None:
    keep, block = np.isin(np.arange(12), kept), np.arange(12) // 2
    blocked = ~keep - np.mean(~keep)
    parts = [float((blocked * (PNL.mean() - PNL))[block == number].sum()) for number in range(6)]
    sums = [np.dot(signs, parts) for signs in product([-1, 1], repeat=6)]
    wider = math.sqrt(6 / 5)  # one mean was estimated from six blocks
    exact = np.mean(wider * np.array(sums) >= sum(parts) - 1e-12)
    p_value, draws = luck_of_blocking(PNL, keep, block, draws=10_000, seed=1)
    assert draws == 10_000
    assert p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000) + 1e-4)


def test_the_best_choice_of_many_has_the_smallest_p_value_and_never_zero() -> None:
    pnl = np.where(np.arange(200) % 2, 0.01, -0.01)
    assert luck_of_blocking(pnl, pnl > 0, np.arange(200) // 4, draws=999, seed=0) == (0.001, 999)


def test_ties_count_against_the_filter() -> None:
    keep, block = np.arange(30) < 11, np.arange(30)
    assert luck_of_blocking(np.full(30, 0.1), keep, block, draws=200, seed=0)[0] == 1.0


def test_a_few_blocks_cannot_be_surprising() -> None:
    pnl = np.where(np.arange(40) % 2, 0.01, -0.01)
    p_value, _ = luck_of_blocking(pnl, pnl > 0, np.arange(40) // 10, draws=10_000, seed=0)
    assert p_value == pytest.approx(1 / 16, abs=0.01)


def test_whole_blocks_at_random_pass_no_more_often_than_promised_in_short_stretches() -> None:
    """Four stretches of five blocks: their own means make parts look smaller than they are."""
    rng = np.random.default_rng(2)
    block = np.repeat(np.arange(20), 10)
    small = 0
    for seed in range(1000):
        pnl = rng.normal(size=20)[block] + 0.1 * rng.normal(size=200)
        size = (rng.normal(size=20)[block] < 0.5).astype(float)
        p_value, _ = tested.luck_of_blocking(pnl, size, block, block // 5, draws=199, seed=seed)
        small += p_value is not None and p_value <= 0.05
    assert small <= 70  # at 5 % more has a chance of 1 in 300


@pytest.mark.parametrize("shared", [False, True])
def test_useless_filters_are_called_significant_no_more_often_than_promised(shared: bool) -> None:
    """Also where a filter blocks whole sessions, whose trades share the market for two weeks."""
    rng = np.random.default_rng(11)
    session = np.repeat(np.arange(250), 8)
    small = 0
    for seed in range(300):
        market = np.convolve(rng.normal(size=261), np.ones(12) / math.sqrt(12), "valid")
        pnl = 0.02 * (market[session] + rng.standard_t(3, 2000))
        wave = np.cumsum(rng.normal(size=250)) if shared else rng.normal(size=2000)
        score = wave[session] if shared else wave
        keep = score < np.quantile(score, 0.8)
        p_value, _ = luck_of_blocking(pnl, keep, session // 24, draws=199, seed=seed)
        small += p_value <= 0.05
    assert small <= 27  # at 5 % more has a chance of 1 in 500


def test_an_edge_in_each_session_is_found() -> None:
    rng = np.random.default_rng(3)
    pnl = rng.normal(0, 0.02, 4000)
    keep = pnl + rng.normal(0, 0.2, 4000) > -0.17  # it knows a little
    p_value, _ = luck_of_blocking(pnl, keep, np.arange(4000) // 100, draws=9999, seed=0)
    assert p_value < 0.01


def test_the_sizes_are_judged_and_not_only_what_was_blocked() -> None:
    """Of two filters that block the same, the one that halves winners is no better than luck."""
    rng = np.random.default_rng(6)
    pnl = rng.normal(0, 0.02, 2000)
    blocked, block = rng.random(2000) < 0.1, np.arange(2000) // 40
    wise = np.where(blocked, 0.0, np.where(pnl < 0, 0.5, 1.0))
    unwise = np.where(blocked, 0.0, np.where(pnl > 0, 0.5, 1.0))
    p_values = [luck_of_blocking(pnl, size, block, draws=999, seed=0)[0] for size in (wise, unwise)]
    assert p_values[0] == 0.001
    assert p_values[1] > 0.9
    halved = luck_of_blocking(pnl, 0.5 + 0.5 * (pnl > 0), block, draws=999, seed=0)
    assert halved == (0.001, 999)  # though nothing was blocked


@pytest.mark.parametrize("size", [np.ones(12), np.zeros(12), np.full(12, 0.5)])
def test_equal_sizes_have_no_p_value(size: np.ndarray) -> None:
    result = significance(
        PNL,
        size,
        block=np.arange(12),
        stretch=np.zeros(12, int),
        candidates_tried=3,
        draws=100,
        seed=0,
    )
    assert (result.p_value, result.p_value_deflated, result.permuted_draws) == (None, None, 0)
    assert result.candidates_tried == 3


def test_no_trades_have_no_significance() -> None:
    nothing = np.array([])
    result = significance(
        nothing,
        nothing,
        block=np.arange(0),
        stretch=np.arange(0),
        candidates_tried=1,
        draws=100,
        seed=0,
    )
    assert (result.p_value, result.deflated_sharpe) == (None, None)


def test_sidak_by_hand() -> None:
    assert sidak(0.05, 1) == pytest.approx(0.05)
    assert sidak(0.05, 10) == pytest.approx(0.4012631)  # 1 - 0.95 ** 10
    assert sidak(1.0, 7) == 1.0


@pytest.mark.parametrize("tries", [1, 2, 50, 1000])
def test_deflated_sharpe_agrees_with_purgedcv(tries: int) -> None:
    gains = np.random.default_rng(8).standard_t(5, 3000) * 0.01 + 0.0004
    oracle = deflated_sharpe_ratio(gains, tries, 1 / (len(gains) - 1))
    # The oracle corrects skew and kurtosis for small samples; the paper does not.
    assert deflated_sharpe(gains, tries) == pytest.approx(oracle, abs=1e-4)


def test_deflated_sharpe_falls_with_every_further_try() -> None:
    gains = np.random.default_rng(8).normal(0.002, 0.02, 500)
    deflated = [deflated_sharpe(gains, tries) for tries in (1, 2, 5, 20, 100)]
    assert deflated == sorted(deflated, reverse=True)
    assert deflated[0] > 0.9
    assert deflated[-1] < 0.6


@pytest.mark.parametrize("gains", [[], [0.1, 0.2, 0.3], [0.0] * 30])
def test_gains_without_a_spread_have_no_deflated_sharpe(gains: list[float]) -> None:
    assert deflated_sharpe(np.array(gains), 2) is None
