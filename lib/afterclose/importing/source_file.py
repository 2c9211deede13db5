"""The user's file as bytes: plain, gzip or zip, and never more than a ledger can have."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from afterclose.errors import InputError

LARGEST_BYTES = 512 << 20
"""Unpacked. A small gzip file can hold terabytes of zeros."""

GZIP_MARK = b"\x1f\x8b"
ZIP_MARK = b"PK\x03\x04"

EXCEL_PART = "xl/workbook.xml"
"""What an Excel file, which is a zip itself, holds and another zip does not."""


class Document(NamedTuple):
    """One file of a packed file, or the file itself; ``path`` is set for one that is not packed."""

    name: str
    data: bytes
    path: Path | None = None


def read_source(path: Path) -> list[Document]:
    """The file, or each of the files packed in it. Raises InputError naming it and the remedy."""
    try:
        data = _bounded(path)
        if data.startswith(GZIP_MARK):
            name = path.name.removesuffix(".gz")
            return [Document(name, _read(path, gzip.GzipFile(fileobj=io.BytesIO(data))))]
        if data.startswith(ZIP_MARK):
            return _unzipped(path, data)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name a file in it") from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, ValueError,
            struct.error) as error:  # fmt: skip
        # RuntimeError: a password, an unknown method of packing; ValueError: places outside it
        raise InputError(f"{path}: cannot be read: {error}; export it again") from None
    return [Document(path.name, data, path)]


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return _read(path, file)


def _unzipped(path: Path, data: bytes) -> list[Document]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if EXCEL_PART in packed.namelist():
            return [Document(path.name, data, path)]
        documents = []
        left = LARGEST_BYTES
        for entry in packed.infolist():
            if entry.is_dir():
                continue
            with packed.open(entry) as file:
                content = _read(path, file, left)
            left -= len(content)
            documents.append(Document(entry.filename, content))
        return documents


def _read(path: Path, file: object, most_bytes: int | None = None) -> bytes:
    most_bytes = LARGEST_BYTES if most_bytes is None else most_bytes
    data: bytes = file.read(most_bytes + 1)  # type: ignore[attr-defined]
    if len(data) > most_bytes:
        limit = LARGEST_BYTES >> 20
        raise InputError(f"{path}: more than {limit} MiB; split it and import the parts")
    return data
