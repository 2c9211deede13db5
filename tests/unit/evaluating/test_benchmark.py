"""Buy and hold, by hand."""

import numpy as np
import pytest

from afterclose.evaluating.benchmark import buy_and_hold

DAYS = np.array([10, 11, 12, 15])


def test_capital_is_spread_evenly_on_the_first_day_and_left_there() -> None:
    closes = {
        "A": (DAYS, np.array([50.0, 100.0, 110.0, 120.0])),
        "B": (DAYS, np.array([9.0, 10.0, 10.0, 5.0])),
    }
    earned = buy_and_hold(closes, 11, [11, 12, 13, 15], 1000.0)
    assert earned == pytest.approx([0, 50, 50, -150])  # day 13 has no close


def test_a_symbol_that_comes_later_earns_nothing_before() -> None:
    closes = {"A": (DAYS[2:], np.array([10.0, 20.0]))}
    assert buy_and_hold(closes, 10, [10, 11, 12, 15], 100.0) == pytest.approx([0, 0, 0, 100])


def test_without_bars_after_the_start_there_is_no_line() -> None:
    assert buy_and_hold({}, 10, [10], 100.0) is None
    assert buy_and_hold({"A": (DAYS, np.ones(4))}, 99, [100], 100.0) is None
