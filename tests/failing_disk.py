"""A disk that fails at a chosen call, for tests that interrupt every write in turn."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from afterclose.disk.disk_layer import DiskLayer


class Crash(BaseException):
    """The process ends here; no handler of errors gets to run."""


class FailingDisk(DiskLayer):
    """Call number ``fatal`` fails, and if ``for_good`` all later ones; ``error`` makes the error.

    A failing write has written half of its bytes. Where there is no room, a file can still
    be cut shorter.
    """

    def __init__(
        self, fatal: int, error: Callable[[], BaseException], *, for_good: bool = True
    ) -> None:
        self.fatal, self.error, self.for_good, self.calls = fatal, error, for_good, 0

    def _fails(self) -> bool:
        self.calls += 1
        return self.calls == self.fatal or (self.for_good and self.calls > self.fatal)

    def write(self, descriptor: int, data: bytes) -> int:
        if self._fails():
            super().write(descriptor, data[: len(data) // 2])
            raise self.error()
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        if self._fails():
            raise self.error()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        if self._fails():
            raise self.error()
        super().replace(source, target)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        if self._fails() and self.error is not disk_full:
            raise self.error()
        super().truncate(descriptor, length_bytes)


def disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def disk_dead() -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO))
