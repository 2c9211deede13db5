"""Timestamps of ledgers: ISO 8601, with or without an offset.

Moments are in UTC, because datetimes in one and the same zone object compare and subtract at
ten times the speed, and by the clock on the wall: in UTC that is right also in March.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LENGTHS_WITH_OFFSET = frozenset({25, 32})
"""Characters of ``2024-01-02T10:00:00-05:00``, without and with microseconds."""


class TimestampReader:
    """Reads timestamps; those without an offset are local times of ``timezone`` (IANA)."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def read(self, text: str) -> tuple[datetime, str]:
        """The moment in UTC, and its text with an offset; a local hour twice is the first.

        Raises ValueError or OverflowError for what is no moment.
        """
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC and len(text) in LENGTHS_WITH_OFFSET:
            return moment, text
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
            return moment.astimezone(UTC), moment.isoformat()
        written = text if len(text) in LENGTHS_WITH_OFFSET else moment.isoformat()
        return moment.astimezone(UTC), written
