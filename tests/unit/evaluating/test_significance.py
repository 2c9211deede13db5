"""p-values against exact counts and the normal law; deflation against purgedcv."""

import math
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from purgedcv import deflated_sharpe_ratio

from afterclose.evaluating.significance import deflated_sharpe, random_blocking, sidak, significance
from afterclose.parallel import run_all

PNL = np.random.default_rng(4).normal(0.001, 0.02, 12)


@pytest.mark.parametrize("kept", [(0, 5, 7), (1, 2, 3, 4, 6, 9, 10, 11), (8,)])
def test_p_value_agrees_with_trying_every_choice(kept: tuple[int, ...]) -> None:
    keep = np.isin(np.arange(12), kept)
    sums = [PNL[list(choice)].sum() for choice in combinations(range(12), len(kept))]
    exact = np.mean(np.array(sums) >= PNL[keep].sum() - 1e-12)
    p_value, draws = random_blocking(PNL, keep, draws=10_000, seed=1)
    assert draws == 10_000
    assert p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000) + 1e-4)


def test_the_best_choice_of_many_has_the_smallest_p_value_and_never_zero() -> None:
    pnl = np.arange(100) / 1000
    assert random_blocking(pnl, pnl > 0.05, draws=999, seed=0) == (1 / 1000, 999)


def test_ties_count_against_the_filter() -> None:
    assert random_blocking(np.full(30, 0.1), np.arange(30) < 11, draws=200, seed=0)[0] == 1.0


def test_windows_of_shared_orders_agree_with_the_normal_law() -> None:
    rng = np.random.default_rng(2)
    pnl = rng.normal(0, 0.02, 30_000)
    keep = pnl + rng.normal(0, 2.5, 30_000) > 0  # a filter that is worth about one sigma
    share = keep.mean()
    error = pnl.std(ddof=1) * math.sqrt((1 - share) / keep.sum())
    normal = 0.5 * math.erfc((pnl[keep].mean() - pnl.mean()) / error / math.sqrt(2))
    p_value, draws = random_blocking(pnl, keep, draws=10_000, seed=3)
    assert draws >= 10_000
    assert p_value == pytest.approx(normal, abs=0.02)


def test_orders_made_in_pairs_vary_no_more_than_independent_ones() -> None:
    # 2,500 trades: 90 x 90 orders. Their p-value scatters as 8,100 draws or more would.
    rng = np.random.default_rng(7)
    pnl = rng.normal(0, 0.02, 2_500)
    keep = pnl + rng.normal(0, 1, 2_500) > 0
    share = keep.mean()
    error = pnl.std(ddof=1) * math.sqrt((1 - share) / keep.sum())
    normal = 0.5 * math.erfc((pnl[keep].mean() - pnl.mean()) / error / math.sqrt(2))
    answers = [random_blocking(pnl, keep, draws=10_000, seed=seed) for seed in range(12)]
    assert {draws for _, draws in answers} == {16_200}
    found = np.array([p_value for p_value, _ in answers])
    expected = math.sqrt(normal * (1 - normal) / 8_100)
    assert found.mean() == pytest.approx(normal, abs=4 * expected / math.sqrt(12) + 0.002)
    assert 0.3 * expected < found.std(ddof=1) < 1.6 * expected


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_the_p_value_does_not_depend_on_the_number_of_workers(n_jobs: int) -> None:
    rng = np.random.default_rng(6)
    pnl = rng.normal(0, 0.02, 6_000)
    keep = pnl + rng.normal(0, 1, 6_000) > 0
    alone = random_blocking(pnl, keep, draws=10_000, seed=1)
    spread = partial(run_all, n_jobs=n_jobs, backend="threading")
    assert random_blocking(pnl, keep, draws=10_000, seed=1, run_all=spread) == alone
    assert 0.001 < alone[0] < 0.999
    assert alone[1] >= 10_000


def test_useless_filters_are_called_significant_no_more_often_than_promised() -> None:
    rng = np.random.default_rng(11)
    p_values = []
    for seed in range(300):
        pnl = rng.standard_t(3, 60) * 0.02
        p_values.append(random_blocking(pnl, rng.random(60) < 0.7, draws=199, seed=seed)[0])
    small = np.mean(np.array(p_values) <= 0.1)
    assert 0.04 < small < 0.16


@pytest.mark.parametrize("keep", [np.ones(12, bool), np.zeros(12, bool)])
def test_blocking_nothing_or_everything_has_no_p_value(keep: np.ndarray) -> None:
    result = significance(PNL, keep, candidates_tried=3, draws=100, seed=0)
    assert (result.p_value, result.p_value_deflated, result.permuted_draws) == (None, None, 0)
    assert result.candidates_tried == 3


def test_no_trades_have_no_significance() -> None:
    nothing = np.array([])
    result = significance(nothing, nothing.astype(bool), candidates_tried=1, draws=100, seed=0)
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
