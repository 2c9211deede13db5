"""The user's corrections to a market calendar: sessions to add, to change or to remove.

Exchanges announce special sessions weeks ahead, calendar libraries learn of them in their
next release: both known ones miss the Sunday session of XBOM on 2026-02-01. A small file
closes that gap without waiting for anybody::

    {"2026-02-01": {"open": "09:15", "close": "15:30"}, "2026-03-03": null}

Times are local to the exchange; null removes the day's session. The file is read strictly:
a mistyped date that changed nothing would be found out on the day it was needed.
"""

from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import NamedTuple

import msgspec

from afterclose.disk.files import sha256_bytes
from afterclose.errors import ConfigError

SETTING = "ML_CALENDAR_OVERRIDES"


class Hours(NamedTuple):
    """Local opening and closing time of one session, on the session's own date."""

    open: time
    close: time


class Overrides(NamedTuple):
    """The corrections by date (None removes), and the digest of the file they came from."""

    hours: Mapping[date, Hours | None]
    sha256: str


NO_OVERRIDES = Overrides({}, "")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    open: str
    close: str


def read_overrides(path: Path | None) -> Overrides:
    """Read the override file; None stands for no file.

    Raises ConfigError naming the file, the date and the problem when it is missing or
    anything in it is not understood.
    """
    if path is None:
        return NO_OVERRIDES
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _problem(path, f"cannot be read: {error.strerror}") from error
    try:
        entries = msgspec.json.decode(data, type=dict[str, _Entry | None])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        wanted = '{"2026-02-01": {"open": "09:15", "close": "15:30"}, "2026-03-03": null}'
        raise _problem(path, f"{error}; write JSON such as {wanted}") from error
    hours = {_date(path, day): _hours(path, day, entry) for day, entry in entries.items()}
    return Overrides(hours, sha256_bytes(data))


def _hours(path: Path, day: str, entry: _Entry | None) -> Hours | None:
    if entry is None:
        return None
    hours = Hours(_time(path, day, entry.open), _time(path, day, entry.close))
    if hours.open >= hours.close:
        raise _problem(path, f"{day} closes at {entry.close}, not after its open {entry.open}")
    return hours


def _date(path: Path, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise _problem(path, f"{text!r} is not a date; write YYYY-MM-DD")
    return day


def _time(path: Path, day: str, text: str) -> time:
    try:
        moment = time.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.strftime("%H:%M") != text:
        raise _problem(path, f"{day}: {text!r} is not a time of the day; write HH:MM, local")
    return moment


def _problem(path: Path, words: str) -> ConfigError:
    return ConfigError(SETTING, str(path), words)
