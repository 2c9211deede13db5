"""A disk that loses its power: what was not synced is not there afterwards.

As POSIX has it, and not as one file system happens to do: bytes are kept by a sync of their
file, and names (new, replaced, removed) by a sync of their folder. Everything else is lost,
or kept where ``lucky`` says so; a disk may write a name before the bytes under it.
"""

import os
import random
import shutil
import signal
import tempfile
from collections.abc import Callable  # noqa: TC003 - read where the class is made
from contextlib import suppress
from functools import partial
from pathlib import Path

from afterclose.disk.disk_layer import DiskLayer


class PowerCut(DiskLayer):
    """At disk call ``fatal`` it forgets what was not synced and kills its process; 0: never.

    Of what was not synced each name and each file's bytes are kept with the chance ``lucky``.
    """

    def __init__(self, fatal: int, root: Path, *, lucky: float = 0.0) -> None:
        self.fatal, self.calls, self._lucky = fatal, 0, lucky
        self._chance = random.Random(fatal)  # noqa: S311 - a repeatable choice
        self._stash = Path(tempfile.mkdtemp(prefix="stash-", dir=root.parent))
        self._known = set(root.rglob("*"))
        self._synced: dict[int, tuple[int, bytes]] = {}
        self._names: list[tuple[Path, Callable[[], object]]] = []

    def write(self, descriptor: int, data: bytes) -> int:
        self._remember(descriptor)
        self._call()
        return super().write(descriptor, data)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        self._remember(descriptor)
        self._call()
        super().truncate(descriptor, length_bytes)

    def fsync(self, descriptor: int) -> None:
        self._call()
        super().fsync(descriptor)
        path = _path_of(descriptor)
        if path.is_dir():
            self._names = [entry for entry in self._names if entry[0] != path]
            self._known.update(path.iterdir())
        elif kept := self._synced.pop(os.fstat(descriptor).st_ino, None):
            os.close(kept[0])

    def replace(self, source: Path, target: Path) -> None:
        self._call()
        old = self._stashed(target) if target.is_file() else None
        super().replace(source, target)
        self._known.discard(source)
        self._known.add(target)

        def undo() -> None:
            target.rename(source)
            if old:
                old.rename(target)

        self._names.append((target.parent, undo))

    def make_folder(self, path: Path) -> None:
        self._call()
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        super().make_folder(path)
        for folder in reversed(missing):
            self._names.append((folder.parent, partial(shutil.rmtree, folder)))

    def remove(self, path: Path) -> None:
        self._call()
        undo = partial(self._stashed(path).rename, path) if path.is_file() else path.mkdir
        super().remove(path)
        self._known.discard(path)
        self._names.append((path.parent, undo))

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.fatal:
            self.forget()
            os.kill(os.getpid(), signal.SIGKILL)

    def _remember(self, descriptor: int) -> None:
        """What the disk has of a file that is about to be written, and whether it has its name."""
        path, inode = _path_of(descriptor), os.fstat(descriptor).st_ino
        if path not in self._known:
            self._known.add(path)
            self._names.append((path.parent, path.unlink))
        if inode not in self._synced:
            handle = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
            self._synced[inode] = handle, os.pread(handle, os.fstat(handle).st_size, 0)

    def _stashed(self, path: Path) -> Path:
        """Another name of the file, under which it can come back."""
        kept = self._stash / f"{self.calls}"
        os.link(path, kept)
        return kept

    def forget(self) -> None:
        """Lose what was not synced."""
        for _, undo in reversed(self._names):
            if self._chance.random() >= self._lucky:
                with suppress(OSError):  # what it would undo was undone, or kept, with another
                    undo()
        for handle, old in self._synced.values():
            if self._chance.random() >= self._lucky:
                os.ftruncate(handle, 0)
                os.pwrite(handle, old, 0)


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()
