"""When the market trades, answered from a small file.

`ml_sessions.json` keeps the sessions around now, because asking the calendar library costs
a second of imports (`afterclose.market.calendar`). The file is a cache: absent, damaged, of another
calendar or nearly run out, it is made anew by whoever may. The trading process may not: it
reads the file or says that it cannot tell. The obvious alternative, computing weekdays and
hours here, knows no holidays, early closes or special sessions.

Whoever cannot be told must not train: a clock that is down is not a closed market.
"""

import os
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE, CannotTell, InputError, StorageError
from afterclose.market.sessions import Session, SessionTable
from afterclose.scope_files import SESSIONS_FILE
from afterclose.settings import Settings

if TYPE_CHECKING:
    from afterclose.market.overrides import Overrides

__all__ = ["MarketClock", "Session", "market_timezone"]


TIMEZONES = {"XNYS": "America/New_York", "XBOM": "Asia/Kolkata", "24/7": "UTC"}
"""Of the calendars that have a market's name; others are looked up."""

TICK = timedelta(minutes=15)
"""How often cron asks whether a session is due."""

LONGEST_BREAK = timedelta(hours=2)
"""A market that closes for longer does close, however late its nightly work begins."""

LIBRARIES = ("exchange_calendars", "pandas")
"""What the sessions depend on: with pandas 3.1 the special Saturdays of XBOM vanish."""


class MarketClock:
    """The sessions of one calendar.

    Every method that takes ``now`` raises InputError for a naive one, and CannotTell where
    the calendar has no answer: the file is absent and may not be built, the library failed,
    or the moment lies outside the calendar's bounds. With ``may_build`` it also raises
    ConfigError for an unknown calendar name or an unusable override file.
    """

    def __init__(
        self,
        calendar: str,
        cache_path: Path,
        overrides_path: Path | None = None,
        *,
        may_build: bool = False,
        delay_minutes: int = 0,
    ) -> None:
        """Keep the sessions of ``calendar`` in ``cache_path``.

        ``delay_minutes`` is how long after a close the nightly work begins: a market that
        opens again before then and one tick have passed is treated as one that never closes.

        ``may_build``: ask the calendar library (and import pandas) when the file does not
        answer. Only `ensure` and `refresh` write the file; answers never do, so that a
        refused job leaves no trace.
        """
        self.calendar = calendar
        self.cache_path = cache_path
        self.overrides_path = overrides_path
        self.may_build = may_build
        self._shortest_pause = min(timedelta(minutes=delay_minutes) + TICK, LONGEST_BREAK)
        self._table: SessionTable | None = None

    @classmethod
    def from_settings(cls, settings: Settings, *, may_build: bool = False) -> "MarketClock":
        """The clock of a scope; jobs may build, the trading process may not."""
        overrides = Path(settings.calendar_overrides) if settings.calendar_overrides else None
        path = settings.root / SESSIONS_FILE
        delay_minutes = settings.after_close_delay_minutes
        return cls(
            settings.calendar_name,
            path,
            overrides,
            may_build=may_build,
            delay_minutes=delay_minutes,
        )

    @property
    def always_open(self) -> bool:
        """Whether the market never closes; its sessions are then UTC days."""
        return self.calendar == "24/7"

    @property
    def timezone(self) -> str:
        """The exchange's time zone, such as Asia/Kolkata. Raises CannotTell or ConfigError."""
        if (known := TIMEZONES.get(self.calendar)) is not None:
            return known
        try:
            return (self._table or self._load()).timezone
        except CannotTell:
            if not self.may_build:
                raise
        from afterclose.market.calendar import calendar_timezone

        return calendar_timezone(self.calendar)

    def is_open(self, now: datetime) -> bool:
        """Whether a session runs at ``now``: from its open up to, not including, its close."""
        return self._table_for(now).is_open(now)

    def market_open_for_training(self, now: datetime) -> bool:
        """Whether the market forbids training at ``now``.

        One that never closes does not, nor does a session that began as the one before it
        closed (24/5, futures): there is no better moment than after that close.
        """
        if self.always_open:
            return False
        table = self._table_for(now)
        return table.is_open(now) and not table.follows_on(
            table.running_or_next(now), self._shortest_pause
        )

    def never_closes(self, now: datetime) -> bool:
        """Whether the running or next session ends as another begins, or began as one ended.

        To lock such sessions, one after the other, would leave no moment for a promotion.
        """
        if self.always_open:
            return True
        table = self._table_for(now)
        return table.touches(table.running_or_next(now), self._shortest_pause)

    def last_completed(self, now: datetime, delay_minutes: int = 0) -> Session:
        """The last session whose close lies ``delay_minutes`` or more before ``now``."""
        return self._table_for(now).last_completed(now, timedelta(minutes=delay_minutes))

    def session_for_lock(self, now: datetime) -> Session:
        """The session that runs at ``now``, or else the next one."""
        return self._table_for(now).running_or_next(now)

    def sessions_between(self, start: datetime, end: datetime) -> int:
        """How many sessions closed after ``start`` and by ``end``; 0 when end is earlier."""
        table = self._table_for(end)
        self._check_covered(table, start)
        return table.closes_between(start, end)

    def calendar_ends(self, now: datetime) -> str | None:
        """The last date that the calendar or an override knows, such as 2026-12-31.

        Beyond it sessions are assumed. None where that is months away.
        """
        return self._table_for(now).calendar_ends

    def ensure(self, now: datetime) -> None:
        """Make or renew the file unless it is what would be built now."""
        _check_aware(now)
        self._table = self._stored_for(now)
        if self._table is None:
            self.refresh(now)

    def refresh(self, now: datetime) -> None:
        """Build the table around ``now`` and write it; where that fails keep it in memory."""
        _check_aware(now)
        self._table = self._build(now)
        try:
            write_sealed(self.cache_path, self._table)
        except StorageError as error:
            import logging  # on the error path only

            logging.getLogger(__name__).warning("market sessions are not kept: %s", error)

    def _table_for(self, now: datetime) -> SessionTable:
        _check_aware(now)
        if self._table is None or not self._table.is_fresh_for(now):
            may = self.may_build
            self._table = (self._stored_for(now) or self._build(now)) if may else self._load()
        self._check_covered(self._table, now)
        return self._table

    def _stored_for(self, now: datetime) -> SessionTable | None:
        """The table on disk if it is what would be built now."""
        overrides = self._overrides.sha256 if self.overrides_path else ""
        wanted = (library_version(), overrides)
        try:
            table = self._load()
        except CannotTell:
            return None
        same = (table.library_version, table.overrides_sha256) == wanted
        return table if same and table.is_fresh_for(now) else None

    def _load(self) -> SessionTable:
        path = self.cache_path
        try:
            table = decode_sealed(path.read_bytes(), SessionTable)
        except FileNotFoundError:
            raise CannotTell(f"{path} does not exist yet; `make cycle` writes it") from None
        except (OSError, *UNREADABLE) as error:
            raise CannotTell(f"{path} is unusable ({error}); `make cycle` renews it") from error
        if table.calendar != self.calendar:
            raise CannotTell(
                f"{path} holds {table.calendar}, not {self.calendar}; `make cycle` renews it"
            )
        return table

    def _build(self, now: datetime) -> SessionTable:
        try:
            from afterclose.market.calendar import build_table
        except ImportError as error:
            raise CannotTell(f"the calendar library cannot be imported: {error}") from error
        return build_table(self.calendar, now, self._overrides, library_version=library_version())

    def _check_covered(self, table: SessionTable, moment: datetime) -> None:
        _check_aware(moment)
        if not table.covers(moment):
            fresh = table.is_fresh_for(moment)
            remedy = "a newer exchange_calendars may know it" if fresh else "`make cycle` renews it"
            raise CannotTell(
                f"the calendar {self.calendar} is known from {table.first} to {table.last}, and "
                f"{moment.isoformat()} lies outside; {remedy}"
            )

    @cached_property
    def _overrides(self) -> "Overrides":
        from afterclose.market.overrides import read_overrides  # most scopes have none

        return read_overrides(self.overrides_path)


def market_timezone(settings: Settings) -> str:
    """The time zone of a scope's market, in which naive timestamps are read.

    Raises ConfigError for an unknown calendar name, CannotTell when the library fails.
    """
    return MarketClock.from_settings(settings, may_build=True).timezone


@cache
def library_version() -> str:
    """What the sessions come from, such as "exchange_calendars 4.13.2, pandas 3.0.6".

    Read off the names of the installed distributions' folders: importlib.metadata would
    parse them, after 30 ms of imports on every tick.
    """
    return ", ".join(f"{name} {_installed_version(name)}" for name in LIBRARIES)


def _installed_version(name: str) -> str:
    for entry in filter(None, sys.path):
        with suppress(OSError):  # a folder that this user may not read holds nothing it imports
            for folder in os.listdir(entry):  # noqa: PTH208 - a third of the time of a glob
                if folder.startswith(f"{name}-") and folder.endswith("-info"):
                    return Path(folder).stem.removeprefix(f"{name}-")
    return "of unknown version"


def _check_aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise InputError(
            f"the moment {moment.isoformat()} has no offset from UTC; the market clock takes "
            "aware datetimes, such as datetime.now(UTC)"
        )
