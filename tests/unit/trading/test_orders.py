"""`orders`: what a trade can be made of, in plain numbers; all else is an InputError."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from afterclose.errors import InputError
from afterclose.trading.orders import above_0, bar_of, moment_of, order_of
from trading_builders import make_bar, make_signal

NEW_YORK = ZoneInfo("America/New_York")


def test_a_naive_moment_is_the_markets_local_time() -> None:
    order = order_of(make_signal(timestamp="2026-01-27T16:00:00"), NEW_YORK)
    assert order.entered.astimezone(UTC) == datetime(2026, 1, 27, 21, tzinfo=UTC)


def test_the_decision_is_at_the_entry_unless_it_was_earlier() -> None:
    assert order_of(make_signal(), NEW_YORK).decided == order_of(make_signal(), NEW_YORK).entered
    earlier = make_signal(decision_timestamp="2026-01-26T16:00:00-05:00")
    assert order_of(earlier, NEW_YORK).decided == datetime(2026, 1, 26, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-27T21:00:00Z",
        "2026-01-27 16:00",
        datetime(2026, 1, 27, 21, tzinfo=UTC),
        datetime(2026, 1, 27, 16),  # noqa: DTZ001 - naive on purpose
        pd.Timestamp("2026-01-27T21:00", tz="UTC"),
    ],
)
def test_a_moment_may_be_text_or_any_datetime(value: Any) -> None:
    assert moment_of("timestamp", value, NEW_YORK) == datetime(2026, 1, 27, 21, tzinfo=UTC)


@pytest.mark.parametrize("value", ["soon", "", None, 1769547600, pd.NaT])
def test_what_is_no_moment_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InputError, match="exit_time="):
        moment_of("exit_time", value, NEW_YORK)


@pytest.mark.parametrize("value", [100, np.float64(100), np.int64(100), Decimal(100)])
def test_numbers_of_all_types_become_plain_floats(value: Any) -> None:
    assert type(above_0("price", value)) is float
    assert above_0("price", value) == 100


@pytest.mark.parametrize(
    "value", [0, -1, math.nan, math.inf, "100", True, None, [100], Decimal("NaN"), 10**400]
)
@pytest.mark.parametrize("field", ["price", "quantity", "stop_price", "max_holding_days"])
def test_a_signal_with_a_number_that_is_none_is_refused_by_name(field: str, value: Any) -> None:
    if value is None and field in {"stop_price", "max_holding_days"}:
        assert order_of(make_signal(**{field: value}), NEW_YORK)
    else:
        with pytest.raises(InputError, match=f"{field}="):
            order_of(make_signal(**{field: value}), NEW_YORK)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"side": "LONG"}, "side='LONG': must be one of long, short"),
        ({"side": None}, "side=None"),
        ({"symbol": ""}, "symbol=''"),
        ({"symbol": 7}, "symbol=7"),
        ({"rule_confidence": math.nan}, "rule_confidence=nan"),
        ({"decision_timestamp": "2026-01-28"}, "after the entry"),
    ],
)
def test_a_signal_that_cannot_be_a_trade_is_refused(overrides: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        order_of(make_signal(**overrides), NEW_YORK)


def test_a_bar_with_its_high_below_its_low_is_refused() -> None:
    with pytest.raises(InputError, match=r"high 99\.0 is below low 100\.0"):
        bar_of(make_bar(28, (100, 99, 100, 100)), NEW_YORK)


@pytest.mark.parametrize("position", range(4))
def test_a_bar_without_a_price_is_refused(position: int) -> None:
    prices = [100.0] * 4
    prices[position] = math.nan
    with pytest.raises(InputError, match="nan"):
        bar_of(make_bar(28, tuple(prices)), NEW_YORK)  # type: ignore[arg-type]


def test_an_open_a_little_outside_of_the_range_is_let_through() -> None:
    bar, moment = bar_of(make_bar(28, (100.001, 100, 99, 99.5)), NEW_YORK)
    assert bar.open == 100.001
    assert moment == datetime(2026, 1, 28, 21, tzinfo=UTC)
