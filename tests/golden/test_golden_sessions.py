"""Sessions known from the exchanges' own announcements, written down by hand.

NYSE: holidays and early closings (nyse.com/markets/hours-calendars). BSE and NSE: trading
holiday lists and circulars on special sessions (bseindia.com, nseindia.com).
"""

from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from afterclose.market.calendar import build_sessions, session_opens_us
from afterclose.market.clock import MarketClock
from afterclose.market.overrides import NO_OVERRIDES
from afterclose.market.sessions import Session


@cache
def sessions_of(calendar: str) -> dict[str, Session]:
    found = build_sessions(calendar, date(2001, 1, 1), date(2026, 12, 31), NO_OVERRIDES)
    return {session.date: session for session in found}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "holiday",
    [
        "2001-09-11",  # the attacks; closed until the 17th
        "2001-09-14",
        "2004-06-11",  # mourning for Ronald Reagan
        "2007-01-02",  # mourning for Gerald Ford
        "2012-10-29",  # hurricane Sandy
        "2012-10-30",
        "2018-12-05",  # mourning for George H. W. Bush
        "2021-04-02",  # Good Friday
        "2022-06-20",  # Juneteenth, observed on Monday
        "2024-01-15",  # Martin Luther King Jr. Day
        "2024-07-04",
        "2024-11-28",  # Thanksgiving
        "2025-01-09",  # mourning for Jimmy Carter
        "2026-07-03",  # Independence Day, observed on Friday
    ],
)
def test_new_york_is_closed_on_a_holiday(holiday: str) -> None:
    assert holiday not in sessions_of("XNYS")


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2024-07-03", "2024-07-03T17:00"),
        ("2024-11-29", "2024-11-29T18:00"),  # the day after Thanksgiving, 13:00 local
        ("2024-12-24", "2024-12-24T18:00"),
        ("2023-11-24", "2023-11-24T18:00"),
    ],
)
def test_new_york_closes_early_at_one_in_the_afternoon(day: str, close: str) -> None:
    assert sessions_of("XNYS")[day].close == utc(close)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2024-03-08", "2024-03-08T14:30", "2024-03-08T21:00"),  # the Friday before summer time
        ("2024-03-11", "2024-03-11T13:30", "2024-03-11T20:00"),  # the Monday after it began
        ("2024-11-01", "2024-11-01T13:30", "2024-11-01T20:00"),  # its last Friday
        ("2024-11-04", "2024-11-04T14:30", "2024-11-04T21:00"),
    ],
)
def test_daylight_saving_moves_new_york_against_utc(day: str, opens: str, closes: str) -> None:
    assert sessions_of("XNYS")[day] == Session(day, utc(opens), utc(closes))


@pytest.mark.parametrize(("year", "sessions"), [(2001, 248), (2023, 250), (2024, 252), (2025, 250)])
def test_new_york_had_this_many_sessions_in_a_year(year: int, sessions: int) -> None:
    assert sum(day.startswith(str(year)) for day in sessions_of("XNYS")) == sessions


@pytest.mark.parametrize("saturday", ["2024-01-20", "2025-02-01"])
def test_mumbai_traded_on_special_saturdays(saturday: str) -> None:
    session = sessions_of("XBOM")[saturday]
    assert session.open == utc(f"{saturday}T03:45")  # 09:15 local
    assert session.close == utc(f"{saturday}T10:00")  # 15:30 local


def test_pandas_is_older_than_the_release_that_loses_the_special_saturdays() -> None:
    assert tuple(int(part) for part in version("pandas").split(".")[:2]) < (3, 1)


@pytest.mark.parametrize(
    "holiday",
    [
        "2024-01-22",  # consecration at Ayodhya, in exchange for Saturday the 20th
        "2024-05-20",  # general election in Mumbai
        "2024-11-20",  # state election
        "2025-08-15",  # Independence Day
        "2026-01-26",  # Republic Day
    ],
)
def test_mumbai_is_closed_on_a_holiday(holiday: str) -> None:
    assert holiday not in sessions_of("XBOM")


def test_the_budget_sunday_that_the_library_misses_is_supplied_by_an_override(
    tmp_path: Path,
) -> None:
    """1 February 2026: NSE and BSE held a full session for the Union Budget."""
    sunday = datetime(2026, 2, 1, 6, tzinfo=UTC)
    cache = tmp_path / "ml_sessions.json"
    assert not MarketClock("XBOM", cache, may_build=True).is_open(sunday)

    overrides = tmp_path / "overrides.json"
    overrides.write_text('{"2026-02-01": {"open": "09:15", "close": "15:30"}}')
    clock = MarketClock("XBOM", cache, overrides, may_build=True)
    assert clock.is_open(sunday)
    assert not clock.is_open(utc("2026-02-01T10:00"))
    assert clock.last_completed(utc("2026-02-01T10:30"), 30).date == "2026-02-01"
    assert clock.session_for_lock(utc("2026-01-31T12:00")).date == "2026-02-01"


def test_an_embargo_counts_the_supplied_sunday(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.json"
    overrides.write_text('{"2026-02-01": {"open": "09:15", "close": "15:30"}}')
    friday, monday = utc("2026-01-30T00:00"), utc("2026-02-02T00:00")
    without = session_opens_us("XBOM", friday, monday, None)
    supplied = session_opens_us("XBOM", friday, monday, overrides)
    assert set(supplied) - set(without) == {1769917500000000}  # 2026-02-01T03:45Z


def test_mumbai_keeps_its_regular_week_after_the_last_published_year(tmp_path: Path) -> None:
    """1 January 2027 is a Friday: 9:15 to 15:30 in Mumbai is 3:45 to 10:00 UTC."""
    clock = MarketClock("XBOM", tmp_path / "ml_sessions.json", may_build=True)
    assert clock.last_completed(utc("2027-01-01T10:29:59"), 30).date == "2026-12-31"
    assert clock.last_completed(utc("2027-01-01T10:30:00"), 30).date == "2027-01-01"
    assert clock.session_for_lock(utc("2027-01-02T12:00")).open == utc("2027-01-04T03:45")


def test_tokyo_does_not_close_for_lunch() -> None:
    """Between its two halves nothing trades, and nothing should train either."""
    session = sessions_of("XTKS")["2026-01-27"]
    noon_in_tokyo = utc("2026-01-27T03:00")
    assert session.open < noon_in_tokyo < session.close
