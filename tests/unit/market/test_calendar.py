"""The calendar library is asked inside its bounds, corrected by overrides, and may fail."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from exchange_calendars.calendar_utils import global_calendar_dispatcher

from afterclose.errors import CannotTell, ConfigError
from afterclose.market import calendar as market_calendar
from afterclose.market.calendar import (
    build_sessions,
    build_table,
    calendar_timezone,
    session_opens_us,
)
from afterclose.market.overrides import NO_OVERRIDES, Hours, Overrides
from afterclose.market.sessions import SessionTable

NOON = datetime(2026, 1, 27, 12, tzinfo=UTC)


def table(calendar: str, now: datetime, overrides: Overrides = NO_OVERRIDES) -> SessionTable:
    return build_table(calendar, now, overrides, library_version="any")


def dates(calendar: str, start: str, end: str, overrides: Overrides = NO_OVERRIDES) -> list[str]:
    found = build_sessions(calendar, date.fromisoformat(start), date.fromisoformat(end), overrides)
    return [session.date for session in found]


def test_a_table_spans_400_days_back_and_120_ahead() -> None:
    built = table("XNYS", NOON)
    assert (built.first, built.last) == ("2024-12-23", "2026-05-27")
    assert built.covers_from == datetime(2024, 12, 23, 5, tzinfo=UTC)
    assert built.covers_until == datetime(2026, 5, 28, 4, tzinfo=UTC)
    assert built.timezone == "America/New_York"
    assert built.sessions[0].date == "2024-12-23"
    assert built.sessions[-1].date == "2026-05-28"


def test_beyond_the_calendars_end_sessions_are_marked_as_assumed() -> None:
    built = table("XBOM", datetime(2026, 12, 1, tzinfo=UTC))
    assert built.calendar_ends == "2026-12-31"
    assert built.last == "2027-03-31"
    assert {s.date > "2026-12-31" for s in built.sessions if s.assumed} == {True}
    assert {s.date > "2026-12-31" for s in built.sessions if not s.assumed} == {False}


def test_the_horizon_starts_where_the_calendar_begins() -> None:
    built = table("XBOM", datetime(1997, 3, 1, tzinfo=UTC))
    assert built.first == "1997-01-01"


def test_a_replay_of_another_century_is_answered() -> None:
    assert "1999-12-31" in [
        s.date for s in table("XNYS", datetime(2000, 1, 3, tzinfo=UTC)).sessions
    ]


def test_years_beyond_the_calendars_end_have_the_regular_week_in_local_time() -> None:
    """Mumbai trades from 9:15 to 15:30, Monday to Friday; Korea from 9:00 to 15:30."""
    found = table("XBOM", datetime(2029, 1, 1, 12, tzinfo=UTC)).sessions
    (monday,) = (session for session in found if session.date == "2029-01-01")
    assert monday.open == datetime(2029, 1, 1, 3, 45, tzinfo=UTC)
    assert monday.close == datetime(2029, 1, 1, 10, 0, tzinfo=UTC)
    assert {date.fromisoformat(session.date).weekday() for session in found} == set(range(5))
    (other,) = build_sessions("XKRX", date(2051, 1, 2), date(2051, 1, 2), NO_OVERRIDES)
    assert (other.open.hour, other.close.hour, other.close.minute) == (0, 6, 30)


def test_an_exchange_that_closes_on_other_days_keeps_its_own_week() -> None:
    """Riyadh trades from Sunday to Thursday."""
    weekdays = {
        date.fromisoformat(day).weekday() for day in dates("XSAU", "2030-01-01", "2030-03-01")
    }
    assert weekdays == {6, 0, 1, 2, 3}


@pytest.mark.parametrize("year", [1, 5, 2300, 9999])
def test_a_year_the_library_chokes_on_cannot_be_told(year: int) -> None:
    with pytest.raises(CannotTell, match="XNYS gave no answer"):
        table("XNYS", datetime(year, 6, 1, tzinfo=UTC))


def test_an_overnight_session_after_the_last_local_day_is_in_the_table() -> None:
    """CMES opens on the evening before: the last evening belongs to the next date."""
    built = table("CMES", datetime(2026, 1, 27, tzinfo=UTC))
    assert built.last == "2026-05-27"
    assert built.is_open(datetime(2026, 5, 27, 23, tzinfo=UTC))


def test_a_range_inside_a_closed_week_has_no_sessions() -> None:
    assert dates("XHKG", "2025-01-31", "2025-02-02") == []


def test_a_range_across_the_calendars_end_goes_on_with_weekdays() -> None:
    assert dates("XBOM", "2026-12-31", "2027-01-05") == [
        "2026-12-31", "2027-01-01", "2027-01-04", "2027-01-05",
    ]  # fmt: skip


def test_an_override_adds_a_session_in_local_time() -> None:
    extra = Overrides({date(2026, 2, 1): Hours(time(9, 15), time(15, 30))}, "digest")
    found = build_sessions("XBOM", date(2026, 2, 1), date(2026, 2, 1), extra)
    assert [(s.date, s.open, s.close) for s in found] == [
        (
            "2026-02-01",
            datetime(2026, 2, 1, 3, 45, tzinfo=UTC),
            datetime(2026, 2, 1, 10, 0, tzinfo=UTC),
        )
    ]


def test_an_override_changes_the_hours_of_a_session() -> None:
    early = Overrides({date(2026, 1, 27): Hours(time(9, 30), time(12, 0))}, "digest")
    (found,) = build_sessions("XNYS", date(2026, 1, 27), date(2026, 1, 27), early)
    assert found.close == datetime(2026, 1, 27, 17, tzinfo=UTC)


def test_an_override_of_null_removes_a_session_and_may_name_a_holiday() -> None:
    gone = Overrides({date(2026, 1, 27): None, date(2026, 1, 25): None}, "digest")
    assert dates("XNYS", "2026-01-25", "2026-01-28", gone) == ["2026-01-26", "2026-01-28"]


def test_an_override_beyond_the_calendars_end_is_known_and_extends_it() -> None:
    later = Overrides({date(2027, 1, 1): None, date(2027, 1, 3): Hours(time(18), time(19))}, "d")
    found = build_sessions("XBOM", date(2026, 12, 31), date(2027, 1, 4), later)
    assert [(s.date, s.assumed) for s in found] == [
        ("2026-12-31", False), ("2027-01-03", False), ("2027-01-04", True),
    ]  # fmt: skip
    assert table("XBOM", datetime(2026, 12, 1, tzinfo=UTC), later).calendar_ends == "2027-01-03"


def test_an_override_that_overlaps_its_neighbour_is_a_config_error() -> None:
    """The Monday session of CMES has already opened on Sunday evening."""
    sunday = Overrides({date(2026, 1, 25): Hours(time(12, 0), time(23, 0))}, "digest")
    with pytest.raises(ConfigError, match=r"ML_CALENDAR_OVERRIDES='2026-01-26'"):
        dates("CMES", "2026-01-20", "2026-01-30", sunday)


def test_the_overrides_digest_is_kept_in_the_table() -> None:
    assert table("XNYS", NOON, Overrides({}, "abc")).overrides_sha256 == "abc"


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("XNYZ", "did you mean XNZE or XNYS"),
        ("xnys", "did you mean XNYS"),
        ("XNSE", "NSE keeps the sessions of BSE: use XBOM"),
        ("something", "use one of 24/5, 24/7, AIXK"),
    ],
)
def test_a_wrong_calendar_name_is_a_config_error_with_near_names(
    name: str, suggestion: str
) -> None:
    with pytest.raises(ConfigError, match=rf"ML_CALENDAR='{name}'.*{suggestion}"):
        table(name, NOON)


def test_an_alias_of_the_library_is_a_calendar() -> None:
    assert calendar_timezone("NYSE") == "America/New_York"
    assert dates("NYSE", "2026-01-27", "2026-01-27") == ["2026-01-27"]


class BrokenCalendar:
    """Stands in for a calendar whose library fails."""

    tz = ZoneInfo("America/New_York")

    def __init__(self, start: str, end: str) -> None:
        raise RuntimeError("holiday data is gone")

    @classmethod
    def bound_min(cls) -> None:
        return None

    bound_max = bound_min


@pytest.mark.parametrize(
    "ask",
    [
        lambda: table("XNYS", NOON),
        lambda: build_sessions("XNYS", date(2026, 1, 1), date(2026, 2, 1), NO_OVERRIDES),
        lambda: session_opens_us("XNYS", NOON, NOON, None),
    ],
)
def test_whatever_the_library_raises_is_cannot_tell_with_the_cause_in_words(
    ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    factories = global_calendar_dispatcher._calendar_factories
    monkeypatch.setitem(factories, "XNYS", BrokenCalendar)
    with pytest.raises(CannotTell, match="RuntimeError: holiday data is gone"):
        ask()


def test_session_opens_are_ascending_microseconds_with_a_day_more_at_each_end() -> None:
    opens = session_opens_us(
        "XNYS",
        datetime(2026, 1, 27, 15, tzinfo=UTC),
        datetime(2026, 1, 28, 15, tzinfo=UTC),
        None,
    )
    assert opens.dtype == np.int64
    assert opens.tolist() == [
        1769437800000000,  # Monday 26 January 2026, 09:30 in New York
        1769524200000000,
        1769610600000000,
        1769697000000000,
    ]


def test_session_opens_before_the_calendar_begins_cannot_be_told() -> None:
    with pytest.raises(CannotTell, match="begins on 1997-01-01, after 1980-02-02"):
        session_opens_us(
            "XBOM",
            datetime(1980, 1, 1, tzinfo=UTC),
            datetime(1980, 2, 1, tzinfo=UTC),
            None,
        )


@pytest.mark.parametrize("calendar", ["XNYS", "XBOM", "24/7"])
def test_days_inside_a_range_that_was_asked_for_before_are_answered_the_same(
    calendar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarter = ("2024-01-01", "2024-03-31")
    monkeypatch.setattr(market_calendar, "_kept", {})
    alone = dates(calendar, *quarter)
    monkeypatch.setattr(market_calendar, "_kept", {})
    years = dates(calendar, "2015-01-01", "2025-12-31")
    monkeypatch.setattr(market_calendar, "_ask_library", pytest.fail)
    assert dates(calendar, *quarter) == alone
    assert set(alone) < set(years)
