"""The embargo of a scope's calendar: how long before a test training outcomes must be known.

`afterclose.learning.splits` counts in sessions that it is given; this is where they come from. The
calendar library, and pandas with it, is imported when the first split is made: a ledger that is
still too small to be split does not wait for it.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.learning.splits import EmbargoCutoff, TimesUs, no_embargo, session_embargo

DAY_US: Final = timedelta(days=1) // MICROSECOND


def embargo_cutoff(
    dataset: Dataset, sessions: int, calendar: str = "", overrides_path: Path | None = None
) -> EmbargoCutoff:
    """The cutoff that keeps ``sessions`` whole sessions empty between training and test.

    Without a calendar a session is a UTC day. The cutoff, when it is called, raises
    CannotTell when the calendar does not reach the dataset's time, ConfigError for an
    unknown calendar or a bad override file.
    """
    if sessions == 0 or not len(dataset):
        return no_embargo
    if not calendar:
        return lambda test_start_us: (test_start_us // DAY_US - sessions) * DAY_US
    first, last = (EPOCH + int(dataset.decision_us[row]) * MICROSECOND for row in (0, -1))
    return _CalendarEmbargo(sessions, calendar, first, last, overrides_path)


class _CalendarEmbargo:
    """Asks the calendar once, and can be sent to other processes."""

    def __init__(
        self,
        sessions: int,
        calendar: str,
        first: datetime,
        last: datetime,
        overrides_path: Path | None,
    ) -> None:
        self._sessions = sessions
        self._question = (calendar, first, last, overrides_path)
        self._opens_us: TimesUs | None = None

    def __call__(self, test_start_us: int) -> int:
        if self._opens_us is None:
            from afterclose.market.calendar import session_opens_us

            self._opens_us = session_opens_us(*self._question)
        return session_embargo(self._opens_us, self._sessions)(test_start_us)
