"""The switch that puts a scope's filters on the rules alone, at their next check.

It is a file that is there or not: asking for it takes a running filter about a microsecond,
needs no lock, and there is nothing in it that could be damaged. A setting would be read at the
next start only, and an event of the registry would have to be verified at each check.
"""

import os
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from afterclose.disk.files import remove_file
from afterclose.disk.sealed_json import as_text, decode_sealed, write_sealed
from afterclose.errors import UNREADABLE
from afterclose.scope_files import SWITCH_FILE
from afterclose.settings import Settings

SWITCH_VERSION = 1
"""What is in a file of another number is not told; it is off all the same."""


class SwitchedOff(msgspec.Struct, frozen=True, kw_only=True):
    """Who switched the filter off, when and why; for people, the file's being there counts."""

    schema_version: Annotated[int, Meta(ge=1, le=SWITCH_VERSION)] = SWITCH_VERSION
    at: datetime | None = None
    by: str = "unknown"
    reason: str = ""


class Switch:
    """The switch of one scope."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.root / SWITCH_FILE
        self._name = str(self._path)

    def is_off(self) -> bool:
        """Whether the scope's filters are to leave all to the rules. Never raises."""
        return os.access(self._name, os.F_OK)

    def read(self) -> SwitchedOff | None:
        """Who switched it off; None while it is on. A damaged file is off all the same."""
        if not self.is_off():
            return None
        try:
            return decode_sealed(self._path.read_bytes(), SwitchedOff)
        except (OSError, *UNREADABLE):
            return SwitchedOff()

    def turn_off(self, now: datetime, by: str, reason: str) -> None:
        """Rules alone from each filter's next check on. Raises StorageError."""
        found = SwitchedOff(at=now, by=as_text(by), reason=as_text(reason))
        write_sealed(self._path, found)

    def turn_on(self) -> None:
        """Let filters answer again. Raises StorageError."""
        remove_file(self._path)
