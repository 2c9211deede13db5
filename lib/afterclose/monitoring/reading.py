"""How far files of lines were read, and whether what was read is still there.

A guard over the last bytes before a position tells a file that was replaced or rewritten; then
all is read anew. Hashing all of it each night would take longer than reading what is new.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

GUARD_BYTES: Final = 4096


class Position(msgspec.Struct, frozen=True):
    """How far a file of lines was read, and a checksum of the bytes just before."""

    offset: int = 0
    guard: int = 0


def position_at(path: Path, offset: int) -> Position:
    """The position at ``offset`` of a file, with its guard."""
    return Position(offset, _guard(path, offset))


def still_holds(path: Path, position: Position) -> bool:
    """Whether the file still has the bytes before ``position`` that were read."""
    return position.offset == 0 or _guard(path, position.offset) == position.guard


def _guard(path: Path, offset: int) -> int:
    start = max(0, offset - GUARD_BYTES)
    try:
        with path.open("rb") as file:
            file.seek(start)
            return zlib.crc32(file.read(offset - start))
    except OSError:
        return -1


def lines_from(path: Path, position: Position) -> Iterator[tuple[int, bytes]]:
    """Each whole line of a log from ``position`` on, with the byte behind it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(position.offset)
        end = position.offset
        for line in file:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield end, line
