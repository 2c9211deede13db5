"""Durable writes: the only functions in the project that change bytes on disk.

A whole file is written beside its target, flushed, synced and renamed over it, then the
folder is synced; an append is one write of whole lines plus a sync. So a reader sees the
old file or the new one, never half, and after a crash at most the tail of an append is
torn. Plain `open(..., "w")` fails each of these on a full disk (PEER: a registry of 0 bytes
with the promotion reported as done).

Every system call that changes the disk goes through `LAYER`, so that a crash test can fail
each one in turn without patching `os` for everybody.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import StorageError

CHUNK_BYTES = 1 << 20

LEFTOVER_AGE_S = 3600.0

GROUP_UMASK = 0o002

FILE_MODE = 0o666
"""Less the process's umask, as for any file."""


LAYER = DiskLayer()


def write_atomic(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` so that readers see the old or the new, never half.

    Raises StorageError with the path and the remedy; then the old file is untouched.
    """
    write_chunks_atomic(path, (data,))


def write_chunks_atomic(path: Path, chunks: Iterable[bytes]) -> None:
    """Replace ``path`` as `write_atomic` does, by bytes that are never in memory together.

    Whatever the chunks raise leaves the old file untouched, and is raised.
    """
    with storage_errors(path):
        make_folder(path.parent)
        # Not tempfile: its imports cost a cron tick 9 ms, and one process writes one file at
        # a time. A killed process leaves it behind: `remove_leftovers`.
        temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            try:
                for data in chunks:
                    write_all(descriptor, data)
                LAYER.fsync(descriptor)
            finally:
                os.close(descriptor)
            LAYER.replace(temporary, path)
        except BaseException:  # whatever it is: nothing is left behind, then raised
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


def keep_beside(path: Path, kind: str, data: bytes) -> Path:
    """Keep bytes of ``path`` as `<name>.<kind>-<digest>`: never twice, and none over another.

    Returns that path. Raises StorageError.
    """
    beside = path.with_name(f"{path.name}.{kind}-{sha256_bytes(data)[:12]}")
    write_atomic(beside, data)
    return beside


def append_durable(path: Path, data: bytes, *, sync: bool = True) -> int:
    """Append whole lines in one write and return the file's length before it.

    If the write fails half way the file is cut back to that length. ``data`` must end with
    a newline. Raises StorageError. With ``sync=False`` the data survives a kill of the
    process but not a power cut (the decision log: the disk must never delay a trade).
    """
    if not data.endswith(b"\n"):
        raise ValueError("append_durable takes whole lines")
    with storage_errors(path):
        make_folder(path.parent)
        existed = path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        try:
            before = os.fstat(descriptor).st_size
            try:
                write_all(descriptor, data)
                if sync:
                    LAYER.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    LAYER.truncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        if sync and not existed:
            sync_folder(path.parent)
        return before


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold the kernel's lock on a file of lines that several processes append to.

    The file is made when there is none. The lock is for the moment of an append, which may
    have to cut a half-written line back: without it, that cut could take another process's
    line along. Raises StorageError.
    """
    import fcntl

    with storage_errors(path):
        make_folder(path.parent)
        existed = path.exists()
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not existed:
                sync_folder(path.parent)
            yield


def truncate_durable(path: Path, length_bytes: int) -> None:
    """Cut ``path`` back to its first ``length_bytes`` bytes. Raises StorageError."""
    with storage_errors(path):
        descriptor = os.open(path, os.O_WRONLY)
        try:
            LAYER.truncate(descriptor, length_bytes)
            LAYER.fsync(descriptor)
        finally:
            os.close(descriptor)


def blank_durable(path: Path, start_bytes: int, length_bytes: int) -> None:
    """Overwrite bytes with spaces, the last of them with a newline, in place.

    A process that has the file open for appending goes on undisturbed; renaming a mended
    copy over it would send that process's lines to a file without a name. Raises
    StorageError.
    """
    with storage_errors(path):
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.lseek(descriptor, start_bytes, os.SEEK_SET)
            write_all(descriptor, b" " * (length_bytes - 1) + b"\n")
            LAYER.fsync(descriptor)
        finally:
            os.close(descriptor)


def publish_folder(temporary: Path, target: Path) -> None:
    """Rename a finished folder into place: its files appear all at once or not at all."""
    with storage_errors(target):
        sync_folder(temporary)
    move_durable(temporary, target)


def move_durable(source: Path, target: Path) -> None:
    """Rename ``source`` to ``target``, over a file that is there. Raises StorageError."""
    with storage_errors(target):
        LAYER.replace(source, target)
        sync_folder(target.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there, so that it stays away. Raises StorageError."""
    with storage_errors(path):
        if path.exists():
            LAYER.remove(path)
            sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left: temporary files an hour older than the newest file.

    Compared with files, not with a clock, which may be another host's. Younger ones may
    belong to a process that lives. Raises StorageError.
    """
    with storage_errors(folder):
        if not (left := list(folder.glob(".*.tmp"))):
            return
        newest_s = max(path.stat().st_mtime for path in folder.iterdir())
        for path in left:
            if newest_s - path.stat().st_mtime > LEFTOVER_AGE_S:
                LAYER.remove(path)


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it; its name is gone before its files go one by one.

    Raises StorageError; what is left then has a name that begins with ``.tmp-``.
    """
    with storage_errors(path):
        doomed = path
        if not path.name.startswith(".tmp-"):
            doomed = path.with_name(f".tmp-{path.name}")
            LAYER.replace(path, doomed)
            sync_folder(path.parent)
        for inside in sorted(doomed.rglob("*"), reverse=True):
            LAYER.remove(inside)
        LAYER.remove(doomed)


def make_folder(path: Path) -> None:
    """Create a folder and its parents. Raises StorageError naming what is in the way.

    Each new one is synced into its parent: what is synced inside would have no name else.
    """
    with storage_errors(path):
        if path.is_dir():
            return
        new = [folder for folder in (path, *path.parents) if not folder.exists()]
        LAYER.make_folder(path)
        for folder in new:
            with suppress(PermissionError):  # a parent that may be written to, but not read
                sync_folder(folder.parent)


def share_with_group() -> None:
    """Let this process, and what it starts, make files and folders that their group may write.

    A trading process of another user that shares the group can then log its verdicts and lock
    its session. For the edge alone: a umask is a whole process's.
    """
    os.umask(GROUP_UMASK)


def sha256_bytes(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    import hashlib  # loads OpenSSL, which a tick with nothing due never needs

    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path, length_bytes: int | None = None) -> str:
    """SHA-256 of a file, or of its first ``length_bytes`` bytes, in constant memory."""
    import hashlib

    digest = hashlib.sha256()
    for chunk in read_chunks(path, length_bytes):
        digest.update(chunk)
    return digest.hexdigest()


def read_chunks(path: Path, length_bytes: int | None = None) -> Iterator[bytes]:
    """The file's bytes, or its first ``length_bytes``, in blocks of a mebibyte."""
    left = length_bytes
    with path.open("rb") as file:
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk


def storage_error(path: object, error: OSError) -> StorageError:
    """What to say of an error of the operating system at ``path``, with its remedy."""
    return StorageError(path, error.strerror or str(error), _remedy(error))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however little the system takes at a time. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[LAYER.write(descriptor, bytes(view) if len(view) < len(data) else data) :]


def sync_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        LAYER.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Errors of the operating system inside become StorageError naming ``path``."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def _remedy(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free disk space and run the job again; nothing was changed."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Give user id {os.getuid()} permission there (chown), then run again."
    if error.errno == errno.EROFS:
        return "The volume is mounted read-only; mount it for writing, then run again."
    return "Check that the volume is mounted and healthy, then run again; nothing was changed."
