"""The bets are fair, whatever the PnL looks like, and nothing but the choice moves them."""

import math
from itertools import combinations

import numpy as np
import pytest

from afterclose.evaluating.evidence import (
    BATCH_TRADES,
    _log_mean_payoffs,
    evidence,
    evidence_at,
    stake_path,
)
from afterclose.evaluating.verdicts import Verdicts, abstain


def trades(batches: int, seed: int = 0) -> tuple[np.ndarray, Verdicts]:
    """Heavy-tailed PnL and scores that know nothing of it."""
    rng = np.random.default_rng(seed)
    count = batches * BATCH_TRADES
    score = rng.beta(3, 4, count)
    return 0.003 + 0.02 * rng.standard_t(2.5, count), Verdicts(score, score <= 0.5)


@pytest.mark.parametrize("chosen", range(7))
def test_the_mean_payoff_is_that_of_all_choices(chosen: int) -> None:
    payoffs = np.random.default_rng(1).uniform(0.2, 5, 6)
    every = [math.prod(payoffs[list(choice)]) for choice in combinations(range(6), chosen)]
    assert _log_mean_payoffs(payoffs)[chosen] == pytest.approx(math.log(np.mean(every)), abs=1e-12)


def test_choosing_at_random_neither_wins_nor_loses_on_average() -> None:
    pnl = np.random.default_rng(2).standard_t(2, BATCH_TRADES)
    stakes = []
    for pair in combinations(range(BATCH_TRADES), 2):
        verdicts = abstain(BATCH_TRADES)
        verdicts.size[list(pair)] = 0
        stakes.append(math.exp(evidence(pnl, verdicts).log_stake))
    assert np.mean(stakes) == pytest.approx(1.0, abs=1e-12)


def test_luck_reaches_twenty_times_the_stake_less_often_than_one_time_in_twenty() -> None:
    reached = [evidence(*trades(40, seed)).log_peak >= math.log(20) for seed in range(400)]
    assert np.mean(reached) <= 0.05


def test_a_filter_that_knows_gains_and_its_opposite_loses() -> None:
    pnl, verdicts = trades(20)
    score = np.where(pnl < 0, 0.7, 0.3) + 0.01 * verdicts.score
    assert evidence(pnl, Verdicts(score, score <= 0.5)).log_stake > 20
    wrong = evidence(-pnl, Verdicts(score, score <= 0.5))
    assert wrong.log_stake < 0
    assert wrong.p_value == 1.0


@pytest.mark.parametrize("keep", [True, False])
def test_without_a_choice_there_is_no_bet(keep: bool) -> None:
    pnl, _ = trades(3)
    verdicts = Verdicts(np.full(60, np.nan), np.full(60, keep))
    assert stake_path(pnl, verdicts) == pytest.approx([0.0] * 4, abs=1e-12)


def test_equal_scores_are_chosen_together_so_that_they_choose_nothing() -> None:
    pnl, _ = trades(3)
    verdicts = Verdicts(np.full(60, 0.4), np.ones(60, dtype=bool))
    assert stake_path(pnl, verdicts) == pytest.approx([0.0] * 4, abs=1e-12)


def test_equal_pnl_is_no_news() -> None:
    _, verdicts = trades(2)
    assert stake_path(np.full(40, -0.03), verdicts) == pytest.approx([0.0] * 3, abs=1e-12)


def test_the_order_of_the_trades_of_a_batch_does_not_matter() -> None:
    pnl, verdicts = trades(2)
    order = np.concatenate([np.arange(20)[::-1], np.arange(20, 40)[::-1]])
    shuffled = stake_path(pnl[order], verdicts.take(order))
    assert shuffled == pytest.approx(stake_path(pnl, verdicts), abs=1e-12)


def test_new_trades_only_add_to_the_path_and_a_part_of_a_batch_waits() -> None:
    pnl, verdicts = trades(6)
    whole = stake_path(pnl, verdicts)
    assert len(whole) == 7
    for known in (0, 19, 20, 59, 101):
        part = stake_path(pnl[:known], verdicts.take(np.arange(known)))
        assert part == pytest.approx(whole[: known // 20 + 1], abs=1e-12)


def test_the_peak_stays_when_the_stake_has_shrunk() -> None:
    found = evidence_at(np.array([0.0, 3.0, 1.0]))
    assert (found.batches, found.log_stake, found.log_peak) == (2, 1.0, 3.0)
    assert found.p_value == pytest.approx(math.exp(-1))


def test_no_trades_are_no_evidence() -> None:
    found = evidence(np.zeros(0), abstain(0))
    assert (found.batches, found.log_stake, found.log_peak, found.p_value) == (0, 0, 0, 1)
