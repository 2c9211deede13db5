"""How each crontab line's last run ended: a small file that outlives the runner.

Cron as it is told its users by mail that a job failed; in a container nobody reads mail, and a
line that exits with 2 at every tick looks from outside like one with nothing to do. So the
runner keeps the last exit code and duration of each line in the scope's folder, where the
health check finds them. An ordered stop removes the file: whoever restarts the service has
just mended something; after a crash the results stand.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from afterclose.cron.crontab import Entry
from afterclose.disk.files import remove_file
from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE, StorageError

RESULTS_VERSION = 1
"""Raise it when a field changes meaning; results of another number are made anew."""


class LineResult(msgspec.Struct, frozen=True, kw_only=True):
    """The last ended run of one line, named by its number and text.

    ``exit_code`` is negative for a signal that ended it; ``duration_s`` is elapsed time in
    seconds; ``over_limit_s`` is the time limit that it was ended at, None where it was not.
    """

    line: int
    schedule: str
    command: str
    at: datetime
    exit_code: int
    duration_s: float
    over_limit_s: float | None = None


class _Results(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: Annotated[int, Meta(ge=1, le=RESULTS_VERSION)] = RESULTS_VERSION
    lines: tuple[LineResult, ...] = ()


class LineResults:
    """The results of one crontab's lines, in ``path``."""

    def __init__(self, path: Path, entries: Iterable[Entry]) -> None:
        """Take over what an earlier runner left of lines that are still the same."""
        self._path = path
        same = {(entry.schedule, entry.command): entry.number for entry in entries}
        self._lines = {
            (old.schedule, old.command): msgspec.structs.replace(old, line=number)
            for old in read_results(path)
            if (number := same.get((old.schedule, old.command)))
        }

    def add(self, result: LineResult) -> None:
        """Keep the result of a line's run that has just ended. Raises StorageError."""
        self._lines[result.schedule, result.command] = result
        lines = tuple(sorted(self._lines.values(), key=lambda kept: kept.line))
        write_sealed(self._path, _Results(lines=lines))

    def forget(self) -> None:
        """Remove the file, after an ordered stop."""
        with suppress(StorageError):
            remove_file(self._path)


def read_results(path: Path) -> tuple[LineResult, ...]:
    """The last results, by line; none where the file is absent or damaged."""
    try:
        return decode_sealed(path.read_bytes(), _Results).lines
    except (OSError, *UNREADABLE):
        return ()
