"""Market sessions as values: when each opens and closes, and what that says about a moment.

The calendar library answers the same questions, but importing it costs a second (pandas).
A table of some hundred sessions, searched by bisection, answers in microseconds and can be
kept as a file (`afterclose.market.clock`). All moments are aware; a session runs from its open up
to, not including, its close. A lunch break counts as open: nothing should train in it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from afterclose.errors import CannotTell

DAYS_BACK = 400
"""A table reaches this far into the past: the age of a model is counted in sessions."""

DAYS_AHEAD = 120
"""A table reaches this far into the future, so that readers outlive a quarter's silence."""

RENEWAL_MARGIN_DAYS = 14
"""A table is renewed this long before its future runs out."""

TABLE_VERSION = 2
"""To raise it, say here which older tables are read: the first trading session after an upgrade
may come before the cycle that would build a new one. Tables of 1 are built anew."""

Moment = Annotated[datetime, Meta(tz=True)]
"""An aware datetime, in UTC wherever this project made it."""

_close_of = attrgetter("close")


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """One trading session: ``date`` is the exchange's name for it, such as 2026-01-27.

    ``assumed``: the calendar does not know this day; it is one of the market's regular week.
    """

    date: str
    open: Moment
    close: Moment
    assumed: bool = False


def overlapping(sessions: Iterable[Session]) -> Session | None:
    """The first session that opens before its forerunner has closed; None when in order."""
    return next((b for a, b in pairwise(sessions) if a.close > b.open), None)


class SessionTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every session of a calendar around one moment, and how far the table can be trusted.

    The table knows all moments from ``covers_from`` up to, not including, ``covers_until``:
    the local days ``first`` to ``last``. They are fewer than wanted where the calendar
    itself begins. ``calendar_ends`` is the last date that the calendar, or an override,
    knows; None where that is not before ``last``. Raise `TABLE_VERSION` when a field
    changes meaning.
    """

    schema_version: Annotated[int, Meta(ge=2, le=TABLE_VERSION)] = TABLE_VERSION
    calendar: str
    library_version: str
    overrides_sha256: str
    timezone: str
    built_for: Moment
    first: str
    last: str
    calendar_ends: str | None = None
    covers_from: Moment
    covers_until: Moment
    sessions: tuple[Session, ...]

    def __post_init__(self) -> None:
        for session in self.sessions:
            if session.open >= session.close:
                raise ValueError(f"session {session.date} closes before it opens")
        if (late := overlapping(self.sessions)) is not None:
            raise ValueError(f"session {late.date} opens before the one before it has closed")

    def is_fresh_for(self, now: datetime) -> bool:
        """Whether a table built for ``now`` would say nothing more that matters."""
        return abs(now - self.built_for) <= timedelta(days=DAYS_AHEAD - RENEWAL_MARGIN_DAYS)

    def covers(self, now: datetime) -> bool:
        """Whether the table knows all that happens at ``now``."""
        return self.covers_from <= now < self.covers_until

    def is_open(self, now: datetime) -> bool:
        """Whether a session runs at ``now``."""
        position = self._closed_by(now)
        return position < len(self.sessions) and self.sessions[position].open <= now

    def last_completed(self, now: datetime, delay: timedelta) -> Session:
        """The last session that had closed ``delay`` before ``now``. Raises CannotTell."""
        position = self._closed_by(now - delay)
        if position == 0:
            raise CannotTell(
                f"no session of {self.calendar} is known to have closed by {now.isoformat()}: "
                f"its calendar begins on {self.first}"
            )
        return self.sessions[position - 1]

    def running_or_next(self, now: datetime) -> Session:
        """The session that runs at ``now``, or else the next one. Raises CannotTell."""
        position = self._closed_by(now)
        if position == len(self.sessions):
            raise CannotTell(
                f"no session of {self.calendar} is known after {now.isoformat()}: "
                f"its calendar ends on {self.last}"
            )
        return self.sessions[position]

    def touches(self, session: Session, pause: timedelta) -> bool:
        """Whether the market closes for less than ``pause`` before or after a session."""
        return self.follows_on(session, pause) or (
            (position := self._closed_by(session.open)) + 1 < len(self.sessions)
            and self.sessions[position + 1].open - session.close < pause
        )

    def follows_on(self, session: Session, pause: timedelta) -> bool:
        """Whether the market was closed for less than ``pause`` before a session."""
        position = self._closed_by(session.open)
        return position > 0 and session.open - self.sessions[position - 1].close < pause

    def closes_between(self, start: datetime, end: datetime) -> int:
        """How many sessions closed after ``start`` and by ``end``; 0 when end is earlier."""
        return max(0, self._closed_by(end) - self._closed_by(start))

    def _closed_by(self, moment: datetime) -> int:
        return bisect_right(self.sessions, moment, key=_close_of)
