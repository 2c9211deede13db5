"""Where copies lie: a folder, or an object store that fsspec knows.

Four verbs are all that both can do alike: sizes of what is there, read, write whole, and the
folders below. A write is whole or not there: in a folder through the atomic writer (fsspec's
local files are neither atomic nor synced), in an object store because a PUT is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from afterclose.disk.files import storage_errors, write_atomic
from afterclose.errors import StorageError, UsageError


class Store(Protocol):
    """A place for copies; names have slashes and are relative to it. All raise StorageError."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each file directly in a folder, by its name there; empty for no folder."""

    def folders(self, folder: str) -> list[str]:
        """The names of the folders directly in a folder."""

    def read(self, name: str) -> bytes:
        """All bytes of a file."""

    def write(self, name: str, data: bytes) -> None:
        """Make the file be ``data``, whole or not at all."""


def open_store(where: str) -> Store:
    """The store at a path, or at an address such as `s3://bucket/name`.

    Raises UsageError when what an address needs is not installed or not known.
    """
    if "://" not in where:
        return FolderStore(Path(where))
    try:
        fsspec: Any = import_module("fsspec")
        file_system, root = fsspec.url_to_fs(where, use_listings_cache=False)
    except ImportError as error:
        raise UsageError(
            f"{where}: {error}. Install what this address needs: pip install 'afterclose[s3]', or "
            "the package of fsspec for another store"
        ) from None
    except ValueError as error:
        raise UsageError(f"{where}: {error}; write a path, or s3://bucket/name") from None
    return ObjectStore(file_system, root, where)


class FolderStore:
    """A folder of this machine, such as another disk or a mounted share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def sizes(self, folder: str) -> dict[str, int]:
        """See Store."""
        return {path.name: path.stat().st_size for path in self._inside(folder) if path.is_file()}

    def folders(self, folder: str) -> list[str]:
        """See Store."""
        return sorted(path.name for path in self._inside(folder) if path.is_dir())

    def read(self, name: str) -> bytes:
        """See Store."""
        with storage_errors(self._root / name):
            return (self._root / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See Store."""
        write_atomic(self._root / name, data)

    def _inside(self, folder: str) -> list[Path]:
        path = self._root / folder
        with storage_errors(path):
            return [one for one in path.iterdir() if one.name[0] != "."] if path.is_dir() else []


class ObjectStore:
    """A store that fsspec reaches; its errors are of many kinds, and all are the store's."""

    def __init__(self, file_system: Any, root: str, where: str) -> None:
        self._files, self._root, self._where = file_system, root.rstrip("/"), where.rstrip("/")

    def sizes(self, folder: str) -> dict[str, int]:
        """See Store."""
        return {
            _name(one): int(one["size"]) for one in self._inside(folder) if one["type"] == "file"
        }

    def folders(self, folder: str) -> list[str]:
        """See Store."""
        return sorted(_name(one) for one in self._inside(folder) if one["type"] == "directory")

    def read(self, name: str) -> bytes:
        """See Store."""
        with self._errors(name):
            data: bytes = self._files.cat_file(f"{self._root}/{name}")
            return data

    def write(self, name: str, data: bytes) -> None:
        """See Store."""
        with self._errors(name):
            self._files.pipe_file(f"{self._root}/{name}", data)

    def _inside(self, folder: str) -> list[dict[str, Any]]:
        with self._errors(folder):
            try:
                found = self._files.ls(f"{self._root}/{folder}".rstrip("/"), detail=True)
            except FileNotFoundError:
                return []
            return [one for one in found if _name(one)]

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            remedy = "Check the address, the credentials and the network, then run again."
            raise StorageError(f"{self._where}/{name}", words, remedy) from error


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]
