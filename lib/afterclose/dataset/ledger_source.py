"""One ledger as a build sees it: opened once, so that all reads and digests are of one file.

A ledger that is replaced while a build runs would otherwise be parsed in one state and
remembered by the digest of another, and what changed in between would never be read.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Self

from afterclose.dataset.metadata import Checkpoint
from afterclose.disk.files import CHUNK_BYTES
from afterclose.trades.parser import LineParser

if TYPE_CHECKING:
    from afterclose.ledger import TradeLedger

HASH_BYTES = 1 << 20


class LedgerSource:
    """A ledger under the name it has in reports; one that does not exist yet is empty.

    What is appended from now on is for the next build: ``size_bytes`` is its length as it was
    opened. Use it in a ``with`` block. Raises InputError and StorageError as `TradeLedger.open`.
    """

    def __init__(self, name: str, ledger: "TradeLedger", parser: LineParser) -> None:
        self.name, self.parser = name, parser
        opened = ledger.open()
        self.exists = opened is not None
        self.file: BinaryIO = opened or io.BytesIO()
        self.size_bytes = os.fstat(opened.fileno()).st_size if opened else 0
        self._hashed_bytes, self._digest = 0, hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def lines(self, start_byte: int) -> Iterator[bytes]:
        """The lines from ``start_byte`` on with their ends, which the last may lack."""
        self.file.seek(start_byte)
        first = _FirstBytes(self.file, self.size_bytes - start_byte)
        return iter(io.BufferedReader(first, CHUNK_BYTES))

    def begins_with(self, done: Checkpoint) -> bool:
        """Whether the part that an earlier build has read is still the same."""
        return done.bytes <= self.size_bytes and self.sha256(done.bytes) == done.sha256

    def sha256(self, length_bytes: int) -> str:
        """SHA-256 of the first ``length_bytes`` bytes, going on from the last that was asked."""
        if length_bytes < self._hashed_bytes:
            self._hashed_bytes, self._digest = 0, hashlib.sha256()
        while (left_bytes := length_bytes - self._hashed_bytes) > 0:
            chunk = os.pread(self.file.fileno(), min(HASH_BYTES, left_bytes), self._hashed_bytes)
            if not chunk:
                break  # the ledger was cut off since
            self._digest.update(chunk)
            self._hashed_bytes += len(chunk)
        return self._digest.hexdigest()


class _FirstBytes(io.RawIOBase):
    """The next ``left_bytes`` bytes of ``file``, and no more of one that grows meanwhile."""

    def __init__(self, file: BinaryIO, left_bytes: int) -> None:
        self._file, self._left_bytes = file, left_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left_bytes))
        buffer[: len(data)] = data
        self._left_bytes -= len(data)
        return len(data)
