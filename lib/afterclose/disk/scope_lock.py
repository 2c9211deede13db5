"""One writer a scope: a kernel lock on `{root}/.lock`, gone when its process dies.

A pid file would have to guess whether its owner lives, in another container too; `flock`
(through filelock) cannot be left behind. Readers never take it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afterclose.disk.files import make_folder, storage_error
from afterclose.errors import ScopeBusy
from afterclose.scope_files import LOCK_FILE

_held: dict[tuple[int, Path], int] = {}
"""How often a thread holds a scope; another thread waits like another process does."""


@contextmanager
def scope_lock(root: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of the scope in folder ``root``; nested holds in one thread are fine.

    Raises ScopeBusy when another process or thread holds it for longer than ``wait_s``
    seconds, and StorageError when the lock file cannot be made.
    """
    from filelock import FileLock, Timeout  # only writers pay for the import

    key = (threading.get_ident(), root.absolute())
    if key in _held:
        _held[key] += 1
        try:
            yield
        finally:
            _held[key] -= 1
        return
    make_folder(root)
    lock = FileLock(root / LOCK_FILE, timeout=wait_s)
    try:
        lock.acquire()
    except Timeout:
        raise ScopeBusy(
            f"another job is writing in {root}; it holds {root / '.lock'}. "
            "Wait until it has ended, then run again."
        ) from None
    except OSError as error:
        raise storage_error(root / LOCK_FILE, error) from error
    _held[key] = 1
    try:
        yield
    finally:
        del _held[key]
        lock.release()
