"""A log that is kept open: one line after the other, from any thread."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from afterclose.disk import files
from afterclose.disk.seal import is_sealed

TORN = b" # torn"
"""How a line ends that an interrupted write left and a later writer found: it is not JSON, every
reader passes over it, and nobody need look for what damaged it."""

LONGEST_LINE_BYTES = 1 << 16

LOCK_TRIES, LOCK_TRY_S = 25, 0.002
"""A line is written in microseconds; the market does not wait for who holds the lock longer."""


class LineAppender:
    """A file kept open for appending lines, where an open and a close each time cost too much.

    A line survives a kill of the process as soon as `append` returns, and a power cut only
    after `sync`: the decision log must not wait for the disk while a trade waits for it. A
    torn last line, left by a crash or a full disk, is ended with `TORN` before the next one, so
    that it spoils only itself. To cut it off would need a lock that every writer holds for
    every line. Threads may share one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        self._descriptor: int | None = None

    def append(self, line: bytes) -> None:
        """Write ``line``, which ends with a newline, in one write. Raises StorageError.

        After an error the file is opened anew the next time.
        """
        with self._guard:
            try:
                if self._descriptor is not None:
                    files.write_all(self._descriptor, line)
                    return
                self._descriptor = self._open()
                with _alone(self._descriptor):
                    torn = self._ending_a_torn_line(self._descriptor)
                    files.write_all(self._descriptor, torn + line)
            except OSError as error:  # not `storage_errors`, which takes a tenth of a verdict
                self._close()
                raise files.storage_error(self.path, error) from error

    def sync(self) -> None:
        """Make all appended lines survive a power cut; other threads go on appending.

        Raises StorageError.
        """
        with self._guard:
            if self._descriptor is None:
                return
            descriptor = os.dup(self._descriptor)
        with files.storage_errors(self.path):
            try:
                files.LAYER.fsync(descriptor)
                files.sync_folder(self.path.parent)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Let go of the file; a later append opens it again."""
        with self._guard:
            self._close()

    def _open(self) -> int:
        files.make_folder(self.path.parent)
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, files.FILE_MODE)

    def _ending_a_torn_line(self, descriptor: int) -> bytes:
        size = os.fstat(descriptor).st_size
        if not size or os.pread(descriptor, 1, size - 1) == b"\n":
            return b""
        start = max(0, size - LONGEST_LINE_BYTES)
        line = os.pread(descriptor, LONGEST_LINE_BYTES, start).rpartition(b"\n")[2]
        return b"\n" if is_sealed(line) else TORN + b"\n"  # it may lack its line end alone

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(descriptor: int) -> Iterator[None]:
    """Hold the kernel's lock on an open file, where the file system has one.

    While another process is in the middle of its line, the file looks torn. A process that
    holds it for longer than a line takes is not waited for: trading would wait with it.
    """
    with suppress(OSError):
        for _ in range(LOCK_TRIES):
            if _locked(descriptor):
                break
            sleep(LOCK_TRY_S)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
