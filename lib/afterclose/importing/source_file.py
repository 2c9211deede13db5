"""The user's file as bytes: plain or gzip, and never more of them than a ledger can have."""

import gzip
import zlib
from pathlib import Path

from afterclose.errors import InputError

LARGEST_BYTES = 512 << 20
"""Unpacked. A small gzip file can hold terabytes of zeros."""

GZIP_MARK = b"\x1f\x8b"


def read_source(path: Path) -> bytes:
    """The whole file, unpacked. Raises InputError naming it and the remedy."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP_MARK)) == GZIP_MARK
            file.seek(0)
            source = gzip.GzipFile(fileobj=file) if packed else file
            data: bytes = source.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}; export it again") from None
    if len(data) > LARGEST_BYTES:
        limit = LARGEST_BYTES >> 20
        raise InputError(f"{path}: more than {limit} MiB; split it and import the parts")
    return data
