"""A market's regular week, for the days that its calendar does not know yet.

Some exchanges publish their holidays a year ahead, and calendar libraries end there (XBOM on
2026-12-31). Closed hours are closed hours in the year after, too: what can be assumed of a
weekday is what it was in most weeks of the last known year. Only holidays, early closes and
special sessions are not known, which the user's overrides say. To know nothing instead would
stop the nightly work on a date that nobody remembers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
WEEKS = 52
"""So many weeks before the end of a calendar say what its regular week is."""

Hours = tuple[datetime, datetime]
"""Open and close of one session, aware."""


class _LocalTime(NamedTuple):
    """A wall time of the exchange, some days after the session's date (-1: the evening before)."""

    days: int
    at: time

    @classmethod
    def of(cls, moment: datetime, day: date, zone: ZoneInfo) -> "_LocalTime":
        local = moment.astimezone(zone)
        return cls((local.date() - day).days, local.time())

    def on(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day + self.days * ONE_DAY, self.at, zone).astimezone(UTC)


class RegularWeek:
    """Opening hours by weekday: those of most weeks among ``known``, none where most had none.

    ``known`` are the sessions of about `WEEKS` whole weeks by date; hours are kept as wall
    times of ``zone``, so that daylight saving moves them.
    """

    def __init__(self, known: Mapping[date, Hours], zone: ZoneInfo) -> None:
        self._zone = zone
        kinds: dict[int, Counter[tuple[_LocalTime, _LocalTime]]] = {}
        for day, (opens, closes) in known.items():
            hours = _LocalTime.of(opens, day, zone), _LocalTime.of(closes, day, zone)
            kinds.setdefault(day.weekday(), Counter())[hours] += 1
        self._hours = {
            weekday: counts.most_common(1)[0][0]
            for weekday, counts in kinds.items()
            if counts.total() > WEEKS // 2
        }

    def sessions(self, first: date, last: date) -> Iterator[tuple[date, Hours]]:
        """The assumed sessions dated ``first`` to ``last``, both included, in order."""
        for number in range((last - first).days + 1):
            day = first + number * ONE_DAY
            if hours := self._hours.get(day.weekday()):
                opens, closes = hours
                yield day, (opens.on(day, self._zone), closes.on(day, self._zone))
