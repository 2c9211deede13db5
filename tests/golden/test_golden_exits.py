"""Exits worked out by hand: what one bar does to a long from 100 and to a short from 100."""

import pytest

from afterclose.records import Bar
from afterclose.trading.exit_rules import Exit, ExitPlan, exit_on_bar

LONG = ExitPlan(stop_price=95, target_price=110, max_holding_days=5)
SHORT = ExitPlan(stop_price=105, target_price=90, max_holding_days=5)


def leaving(side: str, plan: ExitPlan, prices: tuple[float, ...], held: float = 1) -> Exit | None:
    opened, high, low, close = prices
    bar = Bar(symbol="X", timestamp="2026-01-27", open=opened, high=high, low=low, close=close)
    return exit_on_bar(side, plan, bar, held)


@pytest.mark.parametrize(
    ("prices", "exit_type", "price", "seen"),
    [
        ((100, 104, 94, 96), "STOP_LOSS", 95, (100, 95)),  # touched on the way
        ((100, 104, 95, 96), "STOP_LOSS", 95, (100, 95)),  # the low is the stop itself
        ((93, 94, 90, 92), "STOP_LOSS", 93, (93,)),  # gap: worse than the stop
        ((100, 111, 99, 105), "TAKE_PROFIT", 110, (99, 110)),
        ((113, 115, 94, 100), "TAKE_PROFIT", 113, (113,)),  # gap: the order fills at once
        ((100, 112, 94, 111), "STOP_LOSS", 95, (100, 95)),  # both inside one bar: the stop
    ],
)
def test_a_long_leaves_at(
    prices: tuple[float, ...], exit_type: str, price: float, seen: tuple[float, ...]
) -> None:
    leave = leaving("long", LONG, prices)
    assert leave is not None
    assert (leave.exit_type, leave.price, leave.seen_prices) == (exit_type, price, seen)


@pytest.mark.parametrize(
    ("prices", "exit_type", "price", "seen"),
    [
        ((100, 106, 98, 104), "STOP_LOSS", 105, (100, 105)),
        ((107, 110, 104, 105), "STOP_LOSS", 107, (107,)),
        ((100, 101, 89, 95), "TAKE_PROFIT", 90, (101, 90)),
        ((88, 106, 87, 90), "TAKE_PROFIT", 88, (88,)),
        ((100, 106, 89, 90), "STOP_LOSS", 105, (100, 105)),
    ],
)
def test_a_short_leaves_at(
    prices: tuple[float, ...], exit_type: str, price: float, seen: tuple[float, ...]
) -> None:
    leave = leaving("short", SHORT, prices)
    assert leave is not None
    assert (leave.exit_type, leave.price, leave.seen_prices) == (exit_type, price, seen)


def test_time_ends_a_trade_at_the_close_of_the_first_bar_that_is_late_enough() -> None:
    quiet = (100.0, 104.0, 96.0, 101.0)
    assert leaving("long", LONG, quiet, held=4.99) is None
    leave = leaving("long", LONG, quiet, held=5)
    assert leave is not None
    assert (leave.exit_type, leave.price, leave.seen_prices) == ("TIME_EXIT", 101, (96, 104))


def test_a_stop_in_the_last_bar_comes_before_the_time() -> None:
    leave = leaving("long", LONG, (100, 104, 94, 101), held=9)
    assert leave is not None
    assert (leave.exit_type, leave.price) == ("STOP_LOSS", 95)


def test_without_a_plan_no_bar_ends_a_trade() -> None:
    assert leaving("long", ExitPlan(), (50, 200, 1, 1.5), held=1e6) is None
    assert leaving("short", ExitPlan(), (50, 200, 1, 1.5), held=1e6) is None
