"""A snapshot: what a scope's files were at one moment, as lists of pieces by their SHA-256.

Pieces are stored once under their digest. A file that only grows keeps its earlier pieces and
gets one for its new bytes; one that was replaced gets new ones. So nothing need know which
files are appended to, a piece is never overwritten, and an older snapshot stays whole.
"""

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

import msgspec

from afterclose.backup.store import Store
from afterclose.disk.seal import is_sealed, seal
from afterclose.errors import UNREADABLE, IntegrityError

SNAPSHOT_VERSION: Final = 1
"""Of a snapshot's JSON; raise it when a field changes meaning or goes away."""


class Piece(msgspec.Struct, frozen=True):
    """A run of bytes: its SHA-256, which is its name, and how many."""

    sha256: str
    bytes: int


class SavedFile(msgspec.Struct, frozen=True):
    """A file of the scope: path in it, when it was written (ns since 1970), and its bytes."""

    path: str
    mtime_ns: int
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Its length."""
        return sum(piece.bytes for piece in self.pieces)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All files of the scope ``scope``, as they were at ``at``."""

    schema_version: int = SNAPSHOT_VERSION
    scope: str
    at: datetime
    files: tuple[SavedFile, ...]

    def pieces_of(self, path: str) -> tuple[Piece, ...]:
        """The pieces of one file; empty when there was none."""
        return next((file.pieces for file in self.files if file.path == path), ())

    def same_bytes(self, other: "Snapshot") -> bool:
        """Whether both have the same files with the same bytes."""
        mine, its = ({f.path: f.pieces for f in one.files} for one in (self, other))
        return mine == its


def names(store: Store, scope: str) -> list[str]:
    """The names of a scope's snapshots, oldest first."""
    return sorted(
        name.removesuffix(".json")
        for name in store.sizes(f"{scope}/snapshots")
        if name.endswith(".json")
    )


def name_after(earlier: list[str], now: datetime) -> str:
    """A number that only grows, whatever the clock says, and the moment for people."""
    number = int(earlier[-1].partition("-")[0]) + 1 if earlier else 1
    return f"{number:06d}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def write_snapshot(store: Store, name: str, snapshot: Snapshot) -> None:
    """Store a snapshot, and read it back. Raises StorageError, and IntegrityError."""
    store.write(_path(snapshot.scope, name), seal(msgspec.json.encode(snapshot)))
    if read_snapshot(store, snapshot.scope, name) != snapshot:
        raise IntegrityError(
            _path(snapshot.scope, name), "is not what was written", "Look at the store, run again"
        )


def read_snapshot(store: Store, scope: str, name: str) -> Snapshot:
    """A snapshot of that scope, none of whose paths leads out of it. Raises IntegrityError."""
    path = _path(scope, name)
    data = store.read(path)
    try:
        snapshot = msgspec.json.decode(data, type=Snapshot)
    except UNREADABLE as error:
        raise IntegrityError(path, f"not a snapshot ({error})", CHOOSE) from None
    if not is_sealed(data):
        raise IntegrityError(path, "changed since it was written", CHOOSE)
    if snapshot.schema_version != SNAPSHOT_VERSION or snapshot.scope != scope:
        raise IntegrityError(
            path,
            f"version {snapshot.schema_version} of scope {snapshot.scope}, not version "
            f"{SNAPSHOT_VERSION} of {scope}",
            CHOOSE,
        )
    for file in snapshot.files:
        parts = PurePosixPath(file.path).parts
        if not parts or "\0" in file.path or any(p in {"..", "/"} or p[0] == "." for p in parts):
            raise IntegrityError(path, f"{file.path!r} is no file of a scope", CHOOSE)
    return snapshot


CHOOSE: Final = "Choose an earlier one: make restore FROM=… SNAPSHOT=…"


def _path(scope: str, name: str) -> str:
    return f"{scope}/snapshots/{name}.json"
