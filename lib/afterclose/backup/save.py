"""A scope into a store: only the pieces that are not there yet, then the list of all.

The scope's lock is held meanwhile, so that no job is half-way through a change; a job that comes
along ends with code 4, and its next tick does the work. The trading side appends without that
lock: what it appends later is in the next snapshot, a file is copied to the length it had.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from afterclose.backup.snapshot import (
    Piece,
    SavedFile,
    Snapshot,
    name_after,
    names,
    read_snapshot,
    write_snapshot,
)
from afterclose.backup.store import Store
from afterclose.disk.files import sha256_bytes, storage_errors
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import IntegrityError

PIECE_BYTES: Final = 16 << 20
"""The longest piece: what a backup holds in memory of a file of any length."""


class Saved(msgspec.Struct, frozen=True):
    """What a backup of one scope did; ``snapshot`` is empty when nothing had changed."""

    snapshot: str
    files: int
    sent_bytes: int


def save_scope(store: Store, root: Path, scope: str, now: datetime, wait_s: float) -> Saved:
    """Copy the scope in folder ``root``, and read back what was sent.

    Raises ScopeBusy, StorageError, and IntegrityError when the store gives back other bytes.
    """
    with scope_lock(root, wait_s=wait_s):
        earlier = names(store, scope)
        before = _newest_sound(store, scope, earlier)
        sending = _Sending(store, scope)
        files = tuple(sending.save(root, path, before) for path in scope_files(root))
        sending.check()
        after = Snapshot(scope=scope, at=now, files=files)
        name = ""
        if before is None or sending.sent or not after.same_bytes(before):
            name = name_after(earlier, now)
            write_snapshot(store, name, after)
        return Saved(name, len(files), sum(piece.bytes for piece in sending.sent))


class _Sending:
    """The pieces of a scope on their way into its store."""

    def __init__(self, store: Store, scope: str) -> None:
        self._store, self._folder = store, f"{scope}/pieces"
        self._there = store.sizes(self._folder)
        self.sent: list[Piece] = []

    def save(self, root: Path, path: Path, before: Snapshot | None) -> SavedFile:
        """One file, to the length that it has now."""
        name = path.relative_to(root).as_posix()
        with storage_errors(path), path.open("rb") as file:
            state = os.fstat(file.fileno())
            left, pieces = state.st_size, list[Piece]()
            for piece in before.pieces_of(name) if before else ():
                data = file.read(piece.bytes) if piece.bytes <= left else b""
                if len(data) != piece.bytes or sha256_bytes(data) != piece.sha256:
                    break
                pieces.append(self._sent(data, piece))
                left -= piece.bytes
            file.seek(sum(piece.bytes for piece in pieces))
            while data := file.read(min(left, PIECE_BYTES)):
                pieces.append(self._sent(data, Piece(sha256_bytes(data), len(data))))
                left -= len(data)
        return SavedFile(name, state.st_mtime_ns, tuple(pieces))

    def check(self) -> None:
        """Read back each piece that was sent. Raises IntegrityError."""
        for piece in self.sent:
            name = f"{self._folder}/{piece.sha256}"
            if sha256_bytes(self._store.read(name)) != piece.sha256:
                raise IntegrityError(
                    name, "the store gives back other bytes", "Look at the store, then run again"
                )

    def _sent(self, data: bytes, piece: Piece) -> Piece:
        """The piece, which is in the store from here on; one of another length is sent again."""
        if self._there.get(piece.sha256) != piece.bytes:
            self._store.write(f"{self._folder}/{piece.sha256}", data)
            self._there[piece.sha256] = piece.bytes
            self.sent.append(piece)
        return piece


def _newest_sound(store: Store, scope: str, earlier: list[str]) -> Snapshot | None:
    for name in reversed(earlier):
        try:
            return read_snapshot(store, scope, name)
        except IntegrityError:  # its pieces are found by their digests all the same
            continue
    return None


def scope_files(root: Path) -> Iterator[Path]:
    """All files of a scope but locks, heartbeats and what is half written: hidden ones."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        yield from (Path(folder) / name for name in sorted(files) if name[0] != ".")
