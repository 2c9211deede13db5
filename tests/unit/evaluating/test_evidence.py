"""The bets are fair under luck that hangs together, and win where scores know something."""

import math

import numpy as np
import pytest

from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.evidence import DAY_US, Track, _log_payoffs, evidence, stake_path
from training_builders import learnable

SESSIONS, A_SESSION, HELD_DAYS = 700, 12, 12


def market_trades(seed: int, *, persistence: float, knows: float = 0.0) -> Track:
    """Trades that share their market for two weeks, and a score shared by each session."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=SESSIONS + HELD_DAYS)
    market = np.convolve(shocks, np.ones(HELD_DAYS) / math.sqrt(HELD_DAYS), "valid")[:SESSIONS]
    score = np.zeros(SESSIONS)
    for day in range(1, SESSIONS):
        score[day] = persistence * score[day - 1] + rng.normal()
    day = np.repeat(np.arange(SESSIONS), A_SESSION)
    own = rng.normal(size=len(day))
    pnl = 0.03 * (0.7 * market[day] + 0.7 * rng.normal(size=len(day)) - knows * own)
    decision_us = day * DAY_US
    unknown = np.full(len(day), np.nan)
    return Track(decision_us, decision_us + HELD_DAYS * DAY_US, pnl, score[day] + own, unknown)


@pytest.mark.parametrize("persistence", [0.0, 0.9, 0.99])
def test_a_market_wide_score_that_knows_nothing_hardly_ever_reaches_forty(
    persistence: float,
) -> None:
    """At 1 in 40 more than 12 of 200 has a chance below 1 in 500."""
    peaks = [evidence(market_trades(seed, persistence=persistence)).log_peak for seed in range(200)]
    assert sum(peak >= math.log(40) for peak in peaks) <= 12


def test_the_mean_stake_under_luck_is_at_most_one() -> None:
    stakes = [math.exp(evidence(market_trades(s, persistence=0.9)).log_stake) for s in range(200)]
    assert np.mean(stakes) <= 1 + 3 * np.std(stakes) / math.sqrt(len(stakes))


def test_a_score_that_knows_wins_and_its_opposite_loses() -> None:
    track = market_trades(1, persistence=0.0, knows=0.4)
    assert evidence(track).log_stake > math.log(40)
    assert evidence(track._replace(score=-track.score)).log_stake < 0


def test_how_wide_the_scores_of_a_cohort_are_changes_nothing() -> None:
    """A first model is wild: its wide scores must not make later gains look small."""
    plain = market_trades(1, persistence=0.0, knows=0.4)
    score = plain.score - plain.score.mean()
    first = plain.decision_us < 200 * DAY_US  # twenty cohorts
    assert evidence(plain).log_stake == pytest.approx(
        evidence(plain._replace(score=np.where(first, 20 * score, score))).log_stake, rel=0.2
    )


def test_each_bet_pays_one_on_average_or_less_when_signs_are_luck() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.standard_t(2, 30)
    signs = rng.choice([-1, 1], (4000, 30))
    payoffs = np.exp([_log_payoffs(sign * sizes).sum(axis=0) for sign in signs])
    error = payoffs.std(axis=0) / math.sqrt(len(signs))
    assert np.all(payoffs.mean(axis=0) <= 1 + 3 * error)


def test_later_trades_only_add_to_the_path() -> None:
    track = market_trades(2, persistence=0.9)
    whole = stake_path(track).log_stake
    part = stake_path(Track(*(column[: 300 * A_SESSION + 1] for column in track))).log_stake
    assert len(part) == 31
    assert part == pytest.approx(whole[:31], abs=1e-9)


def test_a_night_knows_the_cohorts_whose_trades_have_closed() -> None:
    path = stake_path(market_trades(3, persistence=0.0))
    assert len(path.known_at((9 + HELD_DAYS) * DAY_US - 1)) == 1
    assert len(path.known_at((9 + HELD_DAYS) * DAY_US)) == 2


def test_little_history_says_how_many_decision_days_are_needed() -> None:
    track = market_trades(4, persistence=0.0)
    short = evidence(Track(*(column[: 101 * A_SESSION] for column in track)))
    assert (short.cohorts, short.decision_days_needed) == (10, 500)
    assert evidence(Track(*(column[:0] for column in track))).p_value == 1


def test_scores_that_are_missing_or_equal_bet_nothing() -> None:
    track = market_trades(5, persistence=0.0)
    for score in (np.full(len(track.pnl), np.nan), np.full(len(track.pnl), 0.4)):
        assert np.abs(stake_path(track._replace(score=score)).log_stake).max() < 1e-12


def test_ten_fills_of_each_decision_are_the_decisions() -> None:
    dataset = learnable(50)
    ten = dataset.take(np.repeat(np.arange(50), 10))
    again = one_row_a_decision(ten)
    assert again.trade_id == dataset.trade_id
    assert again.realized_pnl_pct == pytest.approx(dataset.realized_pnl_pct, abs=1e-15)
    assert np.array_equal(again.exit_us, dataset.exit_us)
    assert one_row_a_decision(dataset) is dataset
