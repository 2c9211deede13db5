"""A scope out of a store: assembled and checked beside, compared with what is there, moved in.

Nothing newer is overwritten. A log that is there must be a beginning of the one that comes back,
any other file must be the same or older, and there must be none that the snapshot does not know.

A restore that is killed leaves a scope that jobs refuse rather than one that looks whole: the
dataset's metadata comes first and the rows that it vouches for last. Run it again.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from afterclose.backup.save import scope_files
from afterclose.backup.snapshot import SavedFile, Snapshot
from afterclose.backup.store import Store
from afterclose.disk.files import (
    make_folder,
    move_durable,
    read_chunks,
    remove_folder,
    sha256_bytes,
    storage_errors,
    write_chunks_atomic,
)
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import IntegrityError, RefusedError
from afterclose.scope_files import DATASET_FILE, ROWS_FILE

ASSEMBLY: Final = ".tmp-restore"
"""Folder in the scope where its files are put together; not there afterwards."""

NAMED: Final = 3
"""Files that a refusal names; the others are counted."""


class NewerThere(RefusedError):
    """The scope has something that the snapshot does not have."""


def bring_back(store: Store, root: Path, snapshot: Snapshot, wait_s: float) -> int:
    """Make the files of ``root`` those of the snapshot; how many were written.

    Raises NewerThere before anything is changed, ScopeBusy, StorageError, and IntegrityError
    when the store's bytes are not those of the snapshot.
    """
    with scope_lock(root, wait_s=wait_s):
        assembly = root / ASSEMBLY
        _clear(assembly)
        try:
            for file in snapshot.files:
                _assemble(store, snapshot.scope, file, assembly / file.path)
            _refuse_newer(root, snapshot, assembly)
            different = [
                file
                for file in snapshot.files
                if not _is_beginning(root / file.path, assembly / file.path, whole=True)
            ]
            for file in sorted(different, key=_order):
                make_folder((root / file.path).parent)
                move_durable(assembly / file.path, root / file.path)
        finally:
            _clear(assembly)
    return len(different)


def _assemble(store: Store, scope: str, file: SavedFile, target: Path) -> None:
    write_chunks_atomic(target, _checked(store, scope, file))
    with storage_errors(target):
        os.utime(target, ns=(file.mtime_ns, file.mtime_ns))


def _checked(store: Store, scope: str, file: SavedFile) -> Iterator[bytes]:
    for piece in file.pieces:
        name = f"{scope}/pieces/{piece.sha256}"
        data = store.read(name)
        if sha256_bytes(data) != piece.sha256:
            raise IntegrityError(name, "is not what was saved", "Choose an earlier SNAPSHOT=…")
        yield data


def _refuse_newer(root: Path, snapshot: Snapshot, assembly: Path) -> None:
    saved = {file.path: file for file in snapshot.files}
    newer = []
    for path in scope_files(root):
        name = path.relative_to(root).as_posix()
        if name not in saved:
            newer.append(f"{name} is not in it")
        elif not _is_older(path, assembly / name, saved[name]):
            newer.append(f"{name} is newer")
    if newer:
        more = f" and {len(newer) - NAMED} more" if len(newer) > NAMED else ""
        raise NewerThere(
            f"{root} has what the snapshot of {snapshot.at:%Y-%m-%d %H:%M} UTC does not have: "
            f"{', '.join(newer[:NAMED])}{more}. Move that folder away first, or restore into an "
            "empty volume: LOGS_DIR=…"
        )


def _is_older(path: Path, saved: Path, file: SavedFile) -> bool:
    if _is_beginning(path, saved, whole=".jsonl" not in path.name):
        return True
    return ".jsonl" not in path.name and path.stat().st_mtime_ns <= file.mtime_ns


def _is_beginning(path: Path, of: Path, *, whole: bool) -> bool:
    """Whether a file's bytes begin another; with ``whole`` are all of it."""
    if not path.is_file():
        return False
    length, most = path.stat().st_size, of.stat().st_size
    if length > most or (whole and length != most):
        return False
    return all(a == b for a, b in zip(read_chunks(path), read_chunks(of, length), strict=True))


def _order(file: SavedFile) -> tuple[int, str]:
    return {DATASET_FILE: 0, ROWS_FILE: 2}.get(file.path, 1), file.path


def _clear(assembly: Path) -> None:
    if assembly.exists():
        remove_folder(assembly)
