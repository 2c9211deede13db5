"""Which closes a history stops at: every night, or the last of each week, month or quarter.

The gates' evidence may be looked at any number of times, so a study that stops less often
promotes later, and not more.
"""

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from afterclose.market.overrides import read_overrides
from afterclose.settings import Settings

Stride = str
"""How often a history stops: one of `STRIDES`."""

STRIDES: Final = ("night", "week", "month", "quarter")

WEEK = timedelta(days=7)


class Night(NamedTuple):
    """A session after which the nightly work runs: its date, its close, and the open after it."""

    session: str
    closes_at: datetime
    next_open: datetime


def nights_between(settings: Settings, first: date, last: date, every: Stride) -> list[Night]:
    """The nights from ``first`` to ``last``; the last session of all is one too.

    Raises what `afterclose.market.calendar.build_sessions` raises.
    """
    from afterclose.market.calendar import build_sessions  # the calendar library: a second

    path = settings.calendar_overrides
    overrides = read_overrides(Path(path) if path else None)
    sessions = build_sessions(settings.calendar_name, first, last + 2 * WEEK, overrides)
    nights = [
        Night(session.date, session.close, after.open)
        for session, after in pairwise(sessions)
        if session.date <= last.isoformat()
    ]
    stretches = [_stretch(night.session, every) for night in nights]
    ends = [here != after for here, after in zip(stretches, [*stretches[1:], None], strict=True)]
    return [night for night, ends_one in zip(nights, ends, strict=True) if ends_one]


def _stretch(session: str, every: Stride) -> object:
    """What the nights of one stretch have in common, and no other stretch."""
    day = date.fromisoformat(session)
    return {
        "night": day,
        "week": day.isocalendar()[:2],
        "month": (day.year, day.month),
        "quarter": (day.year, (day.month - 1) // 3),
    }[every]
