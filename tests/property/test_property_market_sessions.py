"""The table of sessions agrees with the calendar library at any moment it covers."""

from datetime import UTC, datetime, timedelta
from functools import cache

import exchange_calendars
import pandas as pd
import pytest
from exchange_calendars import ExchangeCalendar
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.market.calendar import build_table
from afterclose.market.overrides import NO_OVERRIDES
from afterclose.market.sessions import SessionTable

CALENDARS = ["XNYS", "XBOM", "24/7", "CMES", "XHKG"]
MOMENTS = st.datetimes(
    datetime(2025, 1, 10),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2026, 5, 10),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


@cache
def table_of(calendar: str) -> SessionTable:
    now = datetime(2026, 1, 27, tzinfo=UTC)
    return build_table(calendar, now, NO_OVERRIDES, library_version="any")


@cache
def oracle_of(calendar: str) -> ExchangeCalendar:
    return exchange_calendars.get_calendar(calendar, start="2024-06-03", end="2026-12-31")


@pytest.mark.parametrize("calendar", CALENDARS)
@settings(max_examples=40, deadline=None)
@given(now=MOMENTS)
def test_a_moment_lies_where_the_library_puts_it(calendar: str, now: datetime) -> None:
    table, oracle = table_of(calendar), oracle_of(calendar)
    moment = pd.Timestamp(now)
    assert table.is_open(now) == oracle.is_open_at_time(moment, side="left", ignore_breaks=True)
    closes = oracle.closes
    assert table.last_completed(now, timedelta()).close == closes[closes <= moment].iloc[-1]
    assert table.running_or_next(now).close == closes[closes > moment].iloc[0]


@pytest.mark.parametrize("calendar", CALENDARS)
@settings(max_examples=40, deadline=None)
@given(now=MOMENTS, delay=st.timedeltas(timedelta(), timedelta(days=1)))
def test_the_completed_session_is_the_one_before_the_running_or_next(
    calendar: str, now: datetime, delay: timedelta
) -> None:
    table = table_of(calendar)
    done, coming = table.last_completed(now, delay), table.running_or_next(now - delay)
    assert table.sessions.index(coming) == table.sessions.index(done) + 1
