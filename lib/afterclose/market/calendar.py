"""The calendar library, asked: sessions of an exchange as plain values.

This is the only module that imports exchange_calendars, and pandas with it, which costs
about a second; `afterclose.market.clock` keeps its answers in a file so that a cron tick and the
trading process need not. The library is asked for explicit dates inside its own bounds: its
defaults end a year after *today*, which would make a replay depend on the wall clock, and
XBOM raises beyond the last year whose holidays are published. From there on the market's
regular week stands in, and its sessions are marked as assumed.
"""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
from exchange_calendars.calendar_utils import global_calendar_dispatcher

from afterclose.arrays import Integers
from afterclose.errors import AftercloseError, CannotTell, ConfigError
from afterclose.market.overrides import SETTING, Overrides, read_overrides
from afterclose.market.regular_week import ONE_DAY, WEEKS, RegularWeek
from afterclose.market.sessions import DAYS_AHEAD, DAYS_BACK, Session, SessionTable, overlapping

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

PADDING = timedelta(days=14)
"""Asked for on each side of a range: the library refuses a range without a session, and an
exchange may close for a whole week (XHKG at the lunar new year)."""

TOLD = date(1700, 1, 1), date(2201, 12, 31)
"""Beyond, a clock or a date is wrong. The library, which counts nanoseconds, spends a minute on the
year 9999 before it chokes."""

FOLLOWS = {"NSE": "XBOM", "XNSE": "XBOM"}
"""Exchanges that the library does not have, and the calendar that they keep."""


class _KeptHours(NamedTuple):
    """All that the library says of the days from ``start`` to ``end``."""

    start: date
    end: date
    hours: dict[date, tuple[datetime, datetime]]


MARGIN_BACK, MARGIN_AHEAD = timedelta(days=5 * 365), timedelta(days=365)
"""What is asked for beyond the days that are wanted, so that it is asked once."""

_kept: dict[Any, _KeptHours] = {}
"""The longest range that this process has asked for, by the library's class."""


def build_table(
    calendar: str, now: datetime, overrides: Overrides, *, library_version: str
) -> SessionTable:
    """The sessions around ``now``, clipped to the calendar's bounds, overrides applied.

    Raises ConfigError for an unknown calendar or an override that overlaps its neighbour,
    and CannotTell, with the cause in words, when the calendar has no answer.
    """
    with _library_errors(calendar):
        today = now.astimezone(UTC).date()
        first, last = today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)
        # a session may begin on the evening before its date (CMES): one day more at each end
        sessions = build_sessions(calendar, first - ONE_DAY, last + ONE_DAY, overrides)
        kind = _kind(calendar)
        low, high = _bounds(kind)
        first = max(first, low)
        # A person who lists the holidays of the next year says that the days up to there are known.
        checked_until = max((high, *overrides.hours))
        return SessionTable(
            calendar=calendar,
            library_version=library_version,
            overrides_sha256=overrides.sha256,
            timezone=kind.tz.key,
            built_for=now.astimezone(UTC),
            first=first.isoformat(),
            last=last.isoformat(),
            calendar_ends=checked_until.isoformat() if checked_until < last else None,
            covers_from=_utc(first, time.min, kind.tz),
            covers_until=_utc(last + ONE_DAY, time.min, kind.tz),
            sessions=tuple(sessions),
        )


def build_sessions(calendar: str, start: date, end: date, overrides: Overrides) -> list[Session]:
    """The sessions dated ``start`` to ``end``, both included, in order.

    The range is clipped to the calendar's beginning. Beyond its end the regular week of its
    last year stands in; such a session is marked as assumed unless an override names it.
    Raises as `build_table` does.
    """
    with _library_errors(calendar):
        kind = _kind(calendar)
        if not TOLD[0] <= end <= TOLD[1]:
            raise CannotTell(
                f"the market calendar {calendar} gave no answer: {end} is not between {TOLD[0]} "
                f"and {TOLD[1]}; look at the clock, or at the dates of the trades"
            )
        low, high = _bounds(kind)
        if end < low:
            raise CannotTell(
                f"the market calendar {calendar} begins on {low}, after {end}; "
                f"a release after exchange_calendars {exchange_calendars.__version__} may know it"
            )
        start = max(start, low)
        hours = _known_hours(kind, start - PADDING, end + PADDING, low, high)
        for day, own in overrides.hours.items():
            if day >= low:
                hours[day] = own and (_utc(day, own.open, kind.tz), _utc(day, own.close, kind.tz))
    sessions = [
        Session(day.isoformat(), *when, assumed=day > high and day not in overrides.hours)
        for day, when in sorted(hours.items())
        if when is not None and start <= day <= end
    ]
    if (late := overlapping(sessions)) is not None:
        raise ConfigError(SETTING, late.date, "opens before the session before it has closed")
    return sessions


def session_opens_us(
    calendar: str, start: datetime, end: datetime, overrides_path: Path | None
) -> Integers:
    """Opens of the sessions from ``start`` to ``end``: int64 µs since the epoch, ascending.

    Whole days, one more at each end, clipped to the calendar's bounds. Raises as
    `build_table` does; CannotTell too where the calendar knows none of these days.
    """
    sessions = build_sessions(
        calendar,
        start.astimezone(UTC).date() - ONE_DAY,
        end.astimezone(UTC).date() + ONE_DAY,
        read_overrides(overrides_path),
    )
    return np.array([(session.open - EPOCH) // MICROSECOND for session in sessions], np.int64)


def calendar_timezone(calendar: str) -> str:
    """The exchange's time zone, such as Asia/Tokyo. Raises as `build_table` does."""
    with _library_errors(calendar):
        return str(_kind(calendar).tz.key)


def _kind(calendar: str) -> Any:
    """The library's class for a calendar: its bounds cannot be had without a slow instance."""
    known = global_calendar_dispatcher
    if not known.has_calendar(calendar):
        raise ConfigError("ML_CALENDAR", calendar, f"no such calendar; {_suggestion(calendar)}")
    return known._calendar_factories[known.resolve_alias(calendar)]  # noqa: SLF001 - no public way


def _suggestion(calendar: str) -> str:
    wanted = calendar.upper()
    names = exchange_calendars.get_calendar_names()
    if near := FOLLOWS.get(wanted):
        return f"NSE keeps the sessions of BSE: use {near}"
    if near_names := difflib.get_close_matches(wanted, names, n=3):
        return f"did you mean {' or '.join(near_names)}?"
    return f"use one of {', '.join(names)}"


def _bounds(kind: Any) -> tuple[date, date]:
    low, high = kind.bound_min(), kind.bound_max()
    return (
        date.min if low is None else low.date(),
        date.max if high is None else high.date(),
    )


def _known_hours(
    kind: Any, start: date, end: date, low: date, high: date
) -> dict[date, tuple[datetime, datetime] | None]:
    """The library's sessions by date, and behind its bound ``high`` those of the regular week."""
    hours = {}
    if start <= high:
        hours = _library_hours(kind, max(start, low), min(end, high), low, high)
    if end > high:
        year = _library_hours(kind, high - (WEEKS * 7 - 1) * ONE_DAY, high, low, high)
        known = {day: when for day, when in year.items() if when is not None}
        hours |= RegularWeek(known, kind.tz).sessions(max(start, high + ONE_DAY), end)
    return hours


def _library_hours(
    kind: Any, start: date, end: date, low: date, high: date
) -> dict[date, tuple[datetime, datetime] | None]:
    """The library's sessions by date, from the range kept in this process if it has them.

    The library takes about as long for a quarter as for ten years, and a cycle asks for
    the days around now and for those of the whole dataset. So it is asked for years more
    than are wanted, inside its bounds ``low`` and ``high``, and for what it said before.
    """
    kept = _kept.get(kind)
    if kept is None or start < kept.start or end > kept.end:
        first = start - MARGIN_BACK if start - low > MARGIN_BACK else low
        last = end + MARGIN_AHEAD if high - end > MARGIN_AHEAD else high
        if kept:
            first, last = min(first, kept.start), max(last, kept.end)
        kept = _kept[kind] = _KeptHours(first, last, _ask_library(kind, first, last))
    return {day: hours for day, hours in kept.hours.items() if start <= day <= end}


def _ask_library(kind: Any, start: date, end: date) -> dict[date, tuple[datetime, datetime]]:
    schedule = kind(start=start.isoformat(), end=end.isoformat()).schedule
    columns = zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    return {
        label.date(): (
            opens.to_pydatetime().astimezone(UTC),
            closes.to_pydatetime().astimezone(UTC),
        )
        for label, opens, closes in columns
    }


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


@contextmanager
def _library_errors(calendar: str) -> Iterator[None]:
    try:
        yield
    except AftercloseError:
        raise
    except Exception as error:  # whatever the library raises, it means: no answer
        raise CannotTell(
            f"the market calendar {calendar} gave no answer: {type(error).__name__}: {error}"
        ) from error
