"""The planted truth is the one that was asked for."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from afterclose.learning.training import TrainingOptions, label
from afterclose.study.gates.planted_trades import (
    DAY_US,
    break_even_loss_pct,
    planted_trades,
    volatile_trades,
)


def odds_ratios(dataset, rows: slice = slice(None)) -> np.ndarray:
    """Of a bad trade for one standard deviation of each feature."""
    bad = label(dataset, TrainingOptions())[rows]
    fitted = LogisticRegression(C=np.inf).fit(dataset.features[rows], bad)
    return np.exp(fitted.coef_[0])


@pytest.mark.parametrize(("odds_ratio", "bad_share"), [(1.0, 0.32), (3.0, 0.35)])
def test_one_feature_has_the_odds_ratio_and_the_others_have_none(
    odds_ratio: float, bad_share: float
) -> None:
    dataset = planted_trades(20_000, 1, odds_ratio=odds_ratio)
    found = odds_ratios(dataset)
    assert found[0] == pytest.approx(odds_ratio, rel=0.06)
    assert found[1:] == pytest.approx(1.0, rel=0.06)
    assert label(dataset, TrainingOptions()).mean() == pytest.approx(bad_share, abs=0.01)


def test_a_flip_turns_the_odds_round() -> None:
    dataset = planted_trades(20_000, 2, odds_ratio=3.0, flip_at=10_000)
    assert odds_ratios(dataset, slice(10_000))[0] == pytest.approx(3, rel=0.08)
    assert odds_ratios(dataset, slice(10_000, None))[0] == pytest.approx(1 / 3, rel=0.08)


def test_the_size_of_wins_and_losses_is_that_of_swing_trades() -> None:
    pnl = planted_trades(20_000, 3, odds_ratio=1.0).realized_pnl_pct
    assert pnl[pnl > 0].mean() == pytest.approx(0.021, abs=0.001)
    assert pnl[pnl < 0].mean() == pytest.approx(-0.033, abs=0.001)


@pytest.mark.parametrize("odds_ratio", [1.0, 1.437, 3.0])
def test_rules_break_even_within_three_standard_errors(odds_ratio: float) -> None:
    loss_pct = break_even_loss_pct(odds_ratio)
    pnl = planted_trades(200_000, 0, odds_ratio=odds_ratio, loss_pct=loss_pct).realized_pnl_pct
    assert abs(pnl.mean()) < 3 * pnl.std() / math.sqrt(len(pnl))


def test_volatility_tells_bad_trades_and_says_nothing_of_money() -> None:
    dataset = volatile_trades(20_000, 4)
    pnl, calm = dataset.realized_pnl_pct, dataset.features[:, 0] < 0
    assert odds_ratios(dataset)[0] > 1.2
    error = pnl.std() / np.sqrt(len(pnl) / 4)
    assert pnl[calm].mean() == pytest.approx(pnl[~calm].mean(), abs=3 * error)


def test_trades_come_two_to_four_a_day_and_last_one_to_six() -> None:
    dataset = planted_trades(900, 5, odds_ratio=1.0)
    _, a_day = np.unique(dataset.decision_us, return_counts=True)
    assert set(a_day[:-1]) == {2, 3, 4}
    days = (dataset.exit_us - dataset.decision_us) / DAY_US
    assert set(days) == {1, 2, 3, 4, 5, 6}
    assert np.all(np.diff(dataset.decision_us) >= 0)


def test_a_seed_always_makes_the_same_trades() -> None:
    first, again = (planted_trades(50, 6, odds_ratio=3.0) for _ in range(2))
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.realized_pnl_pct, again.realized_pnl_pct)
    assert not np.array_equal(planted_trades(50, 7, odds_ratio=3.0).features, first.features)
