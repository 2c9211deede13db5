"""The money of a few trades, by hand."""

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.money_record import MAX_SESSIONS, REST, money_record
from training_builders import dataset_of

SIZE = np.array([1.0, 0.0, 0.5, 1.0])


def four() -> Dataset:
    """Decided 2 to 5 January 2024 (a Tuesday first), ended 30 hours later; 1,000 each."""
    return dataset_of({"heat": [0.0] * 4}, pnl_pct=[0.10, -0.20, -0.04, 0.06])


def record_of(trades: Dataset, size: np.ndarray):
    policies = {"rules_only": np.ones(len(trades)), "rules_ml": size}
    return money_record(trades, trades.realized_pnl_pct < 0, policies, capital=1000.0)


def test_curves_are_net_pnl_so_far_by_the_session_of_the_exit() -> None:
    found = record_of(four(), SIZE)
    assert found.earned.values["rules_only"] == pytest.approx([100, -100, -140, -80])
    assert found.earned.values["rules_ml"] == pytest.approx([100, 100, 80, 140])
    assert found.earned.days == [19725, 19726, 19727, 19728]  # 3 to 6 January 2024
    assert found.sessions == 4


def test_a_month_and_a_weekday_count_what_was_decided_and_what_was_touched() -> None:
    found = record_of(four(), SIZE)
    (month,) = found.months
    assert (month.name, month.decisions, month.touched, month.bad) == ("2024-01", 4, 2, 2)
    assert (month.rules, month.filtered) == pytest.approx((-80, 140))
    days = found.breakdowns["weekday"]
    assert [day.name for day in days] == ["Tuesday", "Wednesday", "Thursday", "Friday"]
    assert [day.rules for day in days] == pytest.approx([100, -200, -40, 60])
    assert "side" not in found.breakdowns  # all are long: nothing to compare


def test_the_deepest_fall_is_first_and_says_when_it_was_recovered() -> None:
    found = record_of(four(), SIZE)
    (rules,) = found.drawdowns["rules_only"]
    assert (rules.peak, rules.deepest, rules.recovered) == (19725, 19727, None)
    assert rules.depth == pytest.approx(-240)
    assert rules.depth_pct == pytest.approx(-240 / 1100)
    (filtered,) = found.drawdowns["rules_ml"]
    assert (filtered.depth, filtered.recovered) == (-20, 19728)


def test_the_rolling_mean_counts_only_trades_that_were_made() -> None:
    found = record_of(four(), SIZE)
    assert found.rolling_decisions == 1  # a quarter of four
    assert found.rolling.values["rules_ml"] == [100, None, -20, 60]


def test_many_symbols_end_in_one_row_and_no_money_is_lost() -> None:
    trades = dataset_of({"heat": [0.0] * 100}, pnl_pct=np.linspace(-0.1, 0.1, 100))
    trades.symbol[:] = [f"S{row}" for row in range(100)]
    rows = record_of(trades, np.zeros(100)).breakdowns["symbol"]
    assert rows[-1].name == REST
    assert sum(row.decisions for row in rows) == 100
    assert sum(row.rules for row in rows) == pytest.approx(0, abs=1e-3)


def test_a_long_curve_keeps_its_highs_lows_and_ends() -> None:
    random = np.random.default_rng(1)
    trades = dataset_of({"heat": [0.0] * 9000}, pnl_pct=0.02 * random.normal(size=9000))
    whole = np.cumsum(trades.net_pnl)
    kept = record_of(trades, np.ones(9000)).earned
    assert len(kept.days) <= MAX_SESSIONS + 2
    values = kept.values["rules_only"]
    assert (max(values), min(values)) == pytest.approx((whole.max(), whole.min()))
    assert values[-1] == pytest.approx(whole[-1])


def test_no_trades_have_no_record() -> None:
    assert record_of(four().take([]), np.zeros(0)) is None
