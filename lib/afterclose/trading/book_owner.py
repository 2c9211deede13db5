"""One trading process owns a scope's paper book, for as long as it lives.

The book is a whole file that is replaced: of two processes that each keep it in memory, the one
that writes last loses the other's positions, and both write the exit of one they read. So the
first holds a kernel lock on a file beside the book; whoever comes second is told so. The lock of
a killed process is free at once, which a file with a process number in it would not be.
"""

import fcntl
import os
import weakref
from pathlib import Path
from typing import NamedTuple

from afterclose.disk import files
from afterclose.errors import StorageError


class _Held(NamedTuple):
    """An open file that this process holds the lock of; a forked child does not."""

    descriptor: int
    process: int


_held: dict[Path, _Held] = {}
_users: dict[Path, int] = {}
"""How many stores of this process use each book; with the last of them it is let go."""


def own(book: Path, user: object) -> bool:
    """Whether this process owns the book from now on, until ``user`` and all others are gone.

    Where no lock can be had (a read-only volume, a file system without locks) it does: nothing
    can be written there, or nothing better is known.
    """
    path = _lock_path(book)
    held = _held.get(path)
    if held is None or held.process != os.getpid():
        if held:  # a child's copy of its parent's: closing it takes nothing from the parent
            os.close(held.descriptor)
            _users.pop(path, None)
            del _held[path]
        descriptor = _opened(path)
        if descriptor is None:
            return True
        if not _locked(descriptor):
            os.close(descriptor)
            return False
        _held[path] = _Held(descriptor, os.getpid())
    _users[path] = _users.get(path, 0) + 1
    weakref.finalize(user, _let_go, path, os.getpid()).atexit = False
    return True


def _let_go(path: Path, process: int) -> None:
    if process != os.getpid() or path not in _held:
        return
    _users[path] -= 1
    if not _users[path]:
        os.close(_held.pop(path).descriptor)
        del _users[path]


def _lock_path(book: Path) -> Path:
    return book.absolute().with_name(f".{book.stem}.lock")


def _opened(path: Path) -> int | None:
    try:
        files.make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT, files.FILE_MODE)
    except (OSError, StorageError):
        pass
    try:
        return os.open(path, os.O_RDONLY)  # another user's: a lock needs no right to write
    except OSError:
        return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
