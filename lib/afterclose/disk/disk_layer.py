"""The system calls that change a disk, in one place where a test can stand in for them."""

import os
from pathlib import Path


class DiskLayer:
    """The system calls that change the disk. Tests put a failing one in its place."""

    def write(self, descriptor: int, data: bytes) -> int:
        """As `os.write`."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """As `os.fsync`."""
        os.fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """As `os.replace`."""
        os.replace(source, target)  # noqa: PTH105 - named like the call that it is

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        """As `os.ftruncate`."""
        os.ftruncate(descriptor, length_bytes)

    def make_folder(self, path: Path) -> None:
        """As `os.makedirs`; a folder that is there already is fine."""
        path.mkdir(parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        """As `os.unlink`, or `os.rmdir` for an empty folder."""
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
