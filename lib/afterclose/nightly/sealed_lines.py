"""The logs of sealed lines (journal, decisions): which lines are damaged, and putting them aside.

A damaged line cannot be derived from anything, and the others do not depend on it. So it is
kept beside and blanked where it stands: the log stays the file that a running process has
open, and every sound line keeps its place.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from afterclose.disk.files import blank_durable, keep_beside
from afterclose.disk.seal import is_sealed
from afterclose.errors import UNREADABLE


class BadLine(NamedTuple):
    """A line that does not stand: its number from 1, where it begins, its bytes, and why."""

    number: int
    start_bytes: int
    data: bytes
    what: str


def bad_lines(path: Path) -> Iterator[BadLine]:
    """The lines of a log that are damaged; blank ones were put aside. None without a file."""
    if not path.exists():
        return
    start_bytes = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.isspace() and (fault := _fault(line)):
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


def _fault(line: bytes) -> str:
    if not line.endswith(b"\n"):
        return "an unfinished line, left by an interrupted write"
    try:
        msgspec.json.decode(line)
    except UNREADABLE as error:
        return f"not JSON ({error})"
    return "" if is_sealed(line) else "changed since it was written"
