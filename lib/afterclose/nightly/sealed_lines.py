"""The logs of sealed lines (journal, decisions): which lines are bad, and putting them aside.

A damaged line cannot be derived from anything, and the others do not depend on it. So it is
kept beside and blanked where it stands: the log stays the file that a running process has
open, and every sound line keeps its place.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from afterclose.disk.files import blank_durable, keep_beside
from afterclose.disk.line_appender import TORN
from afterclose.disk.seal import is_sealed
from afterclose.errors import UNREADABLE


class BadLine(NamedTuple):
    """A line that does not stand: its number from 1, where it begins, its bytes, and why."""

    number: int
    start_bytes: int
    data: bytes
    what: str


class _Handled(msgspec.Struct, frozen=True):
    """What a line says of the session that it is about."""

    session: str | None = None
    job: str | None = None


def is_ahead(session: str, now: datetime) -> bool:
    """Whether a session's date is later than today's anywhere on earth: a clock was ahead."""
    return session > (now + timedelta(days=1)).date().isoformat()


def bad_lines(path: Path, now: datetime) -> Iterator[BadLine]:
    """The lines of a log that are damaged, or of a cycle whose session is still to come.

    Blank lines were put aside, and those that end with `TORN` are the rest of a write that was
    interrupted: neither is damage. None without a file.
    """
    if not path.exists():
        return
    start_bytes = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.isspace() and (fault := _fault(line, now)):
                yield BadLine(number, start_bytes, line, fault)
            start_bytes += len(line)


def put_aside(path: Path, bad: list[BadLine]) -> Path:
    """Keep the lines in `<name>.damaged-<digest>`, blank them, and return that file.

    Raises StorageError; run again, it goes on.
    """
    kept = keep_beside(path, "damaged", b"".join(line.data for line in bad))
    for line in bad:
        blank_durable(path, line.start_bytes, len(line.data))
    return kept


def _fault(line: bytes, now: datetime) -> str:
    if not line.endswith(b"\n"):
        return "an unfinished line, left by an interrupted write; the next job's line ends it"
    if line.endswith(TORN + b"\n"):
        return ""
    try:
        handled = msgspec.json.decode(line, type=_Handled)
    except UNREADABLE as error:
        return f"not JSON ({error})"
    if not is_sealed(line):
        return "changed since it was written"
    if handled.job and handled.session and is_ahead(handled.session, now):
        return f"of session {handled.session}, which is still to come: a clock was ahead"
    return ""
