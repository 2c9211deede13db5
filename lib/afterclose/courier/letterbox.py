"""The courier's state: which alerts people know of, and what waits to be sent.

A digest is written down before it is sent and crossed out when its receiver has answered, so a
kill loses nothing. Between the receiver's answer and that note lies a moment that no disk can
cover: what is sent again after it carries the same id, and says that it may be a repeat.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE

STATE_FILE: Final = "courier.json"

LETTERBOX_VERSION: Final = 1
"""Of the state. One of another number counts as none: all is said again."""


class Digest(msgspec.Struct, kw_only=True):
    """One message: its lines, and the receivers (digests of their URLs) that lack it.

    ``trying`` is the receiver that a send was begun to and not ended.
    """

    id: str
    at: datetime
    lines: list[str]
    to: list[str]
    trying: str | None = None


class Wait(msgspec.Struct, kw_only=True):
    """A receiver that failed: how often in a row, and when it is tried again."""

    failures: int
    until: datetime


class Letterbox(msgspec.Struct, kw_only=True):
    """``known`` has the alerts that were said, by scope and key; ``pinged`` the journal line that
    was pinged last, by scope; ``waits`` the receivers that failed.
    """  # noqa: D205 - one sentence

    schema_version: Annotated[int, Meta(ge=1, le=LETTERBOX_VERSION)] = LETTERBOX_VERSION
    known: dict[str, dict[str, str]] = {}
    pinged: dict[str, str] = {}
    digests: list[Digest] = []
    digest_at: datetime | None = None
    waits: dict[str, Wait] = {}


def read_letterbox(folder: Path) -> Letterbox:
    """The state; an empty one where there is none, or it is damaged: then all is said again."""
    try:
        data = (folder / STATE_FILE).read_bytes()
        return decode_sealed(data, Letterbox)
    except (OSError, *UNREADABLE):
        return Letterbox()


def write_letterbox(folder: Path, box: Letterbox) -> None:
    """Replace the state. Raises StorageError."""
    write_sealed(folder / STATE_FILE, box)
