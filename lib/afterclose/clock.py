"""The wall clock: the only module that reads it.

`now` is a parameter everywhere else, so a night in 2008 can be replayed and a test needs
no patching. Market sessions are `afterclose.market.clock`.
"""

import time
from datetime import UTC, date, datetime

from afterclose.errors import InputError


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds of a clock that never goes back; for durations only."""
    return time.monotonic()


def parse_now(text: str | None) -> datetime:
    """The moment named by ``--now`` (ISO 8601), or the present one for None.

    A moment without an offset is taken as UTC. Raises InputError for anything else.
    """
    if text is None:
        return utc_now()
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(
            f"--now {text!r} is not a moment; write ISO 8601, such as 2026-01-27T21:30:00+00:00"
        ) from None


def check_date(option: str, text: str | None) -> None:
    """Raise InputError naming ``option`` unless its value is a date, or None."""
    try:
        if text is None or date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass
    raise InputError(f"{option} {text!r} is not a date; write YYYY-MM-DD")
