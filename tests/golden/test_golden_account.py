"""Accounts reckoned by hand: what money a policy makes, when, and on how much capital.

Four trades, all decided at noon UTC. Bought for 1,000, 2,000, 500 and 1,000:

    A  day 0 to day 2   +10 % of 1,000  = +100
    B  day 1 to day 2    -5 % of 2,000  = -100
    C  day 1 to day 3   +20 % of   500  = +100
    D  day 3 to day 4   -30 % of 1,000  = -300

Open at once: A alone 1,000; A, B and C 3,500; C alone 500; D enters as C ends: 1,000.
"""

from dataclasses import replace

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.account import account_view, largest_open
from afterclose.evaluating.baselines import atr_sizes, random_sizes, together
from afterclose.evaluating.sessions import median_sessions_held
from training_builders import dataset_of

DAY_US = 86_400_000_000
NOON_US = 19_724 * DAY_US + DAY_US // 2
DECIDED, ENDED = np.array([0, 1, 1, 3]), np.array([2, 2, 3, 4])


def trades() -> Dataset:
    made = dataset_of({"x": [0, 0, 0, 0]}, pnl_pct=[0.1, -0.05, 0.2, -0.3])
    return replace(
        made,
        decision_us=NOON_US + DECIDED * DAY_US,
        exit_us=NOON_US + ENDED * DAY_US,
        notional=np.array([1000.0, 2000.0, 500.0, 1000.0]),
        quantity=np.array([10.0, 20.0, 5.0, 10.0]),
    )


def test_the_capital_is_the_most_that_was_open_at_once() -> None:
    made = trades()
    assert largest_open(made.decision_us, made.exit_us, made.notional) == 3500
    at_once = np.array([NOON_US])
    assert largest_open(at_once, at_once, np.array([700.0])) == 700


def test_the_rules_account_day_by_day() -> None:
    """Day 2 books A and B: 0. Day 3 books C: +100. Day 4 books D: -300."""
    account = account_view(
        trades(),
        {"rules_only": np.ones(4), "rules_ml": np.array([1.0, 0.0, 1.0, 0.5])},
        capital=2000.0,
        resamples=200,
        seed=0,
    )
    assert account is not None
    rules, kept = account.policies["rules_only"], account.policies["rules_ml"]
    assert rules.net_pnl == pytest.approx(-200)
    assert rules.return_on_capital == pytest.approx(-0.1)
    assert rules.max_drawdown == pytest.approx(-300)  # from 2,100 to 1,800
    assert rules.max_drawdown_pct == pytest.approx(-300 / 2100)
    assert rules.worst_day == pytest.approx(-300)
    assert rules.expected_shortfall == pytest.approx(-300)
    assert rules.pnl_over_shortfall == pytest.approx(-200 / 300)
    # Days in trades times money, over 4 days of 2,000: 2 x 1,000 + 2,000 + 2 x 500 + 1,000.
    assert rules.exposure == pytest.approx(6000 / 8000)
    # Without B, and D at half its size: +100 on day 2, +100 on day 3, -150 on day 4.
    assert kept.net_pnl == pytest.approx(50)
    assert kept.max_drawdown == pytest.approx(-150)
    assert kept.max_drawdown_pct == pytest.approx(-150 / 2200)
    change = account.differences["rules_only"]
    assert change["net_pnl"].value == pytest.approx(250)
    assert change["max_drawdown"].value == pytest.approx(150)
    # Taken away: all of B, -100, and half of D, -150.
    away = account.taken_away
    assert (away.decisions, away.net_pnl) == (2, pytest.approx(-250))
    assert away.mean_net_pnl == pytest.approx(-125)
    assert account.sizes == "as_traded"
    assert (account.sessions, account.capital_is_set) == (3, True)


def test_equal_money_and_single_units_are_named() -> None:
    policies = {"rules_only": np.ones(4), "rules_ml": np.ones(4)}
    for changes, sizes in (
        ({"notional": np.full(4, 500.0)}, "equal"),
        ({"quantity": np.ones(4)}, "one_unit"),
    ):
        made = replace(trades(), **changes)
        account = account_view(made, policies, capital=0.0, resamples=200, seed=0)
        assert account is not None
        assert account.sizes == sizes
        assert account.taken_away.mean_net_pnl is None


def test_a_median_trade_is_held_for_two_sessions() -> None:
    """Held 2, 1, 2 and 1 days: the median of 1.5 is two whole sessions."""
    assert median_sessions_held(NOON_US + DECIDED * DAY_US, NOON_US + ENDED * DAY_US) == 2


def test_sizes_handed_out_at_random_are_the_mean_of_their_sessions() -> None:
    """Sessions of 3, 2 and 6 decisions: the first two join to five."""
    day = np.repeat([0, 1, 2], [3, 2, 6])
    decided = NOON_US + day * DAY_US
    assert together(decided).tolist() == [0] * 5 + [1] * 6
    size = np.array([1, 0, 0, 1, 1, 1, 1, 1, 1, 0.5, 0.0])
    expected = [3 / 5] * 5 + [4.5 / 6] * 6
    assert random_sizes(decided, size) == pytest.approx(expected)


def test_atr_takes_as_much_from_its_own_in_each_window() -> None:
    atr = np.array([0.01, 0.05, 0.03, np.nan, 0.02, 0.04])
    size = np.array([0.0, 1.0, 0.5, 0.0, 1.0, 1.0])
    window = np.array([0, 0, 0, 1, 1, 1])
    assert atr_sizes(atr, size, window).tolist() == [1.0, 0.0, 0.5, 1.0, 1.0, 0.0]
