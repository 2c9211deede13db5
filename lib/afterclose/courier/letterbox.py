"""The courier's state: which alerts people know of, and what waits to be sent.

A digest is written down before it is sent and crossed out when its receiver has answered, so a
kill loses nothing. Between the receiver's answer and that note lies a moment that no disk can
cover: what is sent again after it carries the same id, and says that it may be a repeat.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from afterclose.disk.files import write_atomic
from afterclose.disk.seal import is_damaged, seal
from afterclose.errors import UNREADABLE

STATE_FILE: Final = "courier.json"


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

    schema_version: int = 1
    known: dict[str, dict[str, str]] = {}
    pinged: dict[str, str] = {}
    digests: list[Digest] = []
    digest_at: datetime | None = None
    waits: dict[str, Wait] = {}


def read_letterbox(folder: Path) -> Letterbox:
    """The state; an empty one where there is none, or it is damaged: then all is said again."""
    try:
        data = (folder / STATE_FILE).read_bytes()
        return Letterbox() if is_damaged(data) else msgspec.json.decode(data, type=Letterbox)
    except (OSError, *UNREADABLE):
        return Letterbox()


def write_letterbox(folder: Path, box: Letterbox) -> None:
    """Replace the state. Raises StorageError."""
    write_atomic(folder / STATE_FILE, seal(msgspec.json.encode(box)) + b"\n")
