"""One ledger as a build sees it: opened once, so that all reads and digests are of one file.

A ledger that is replaced while a build runs would otherwise be parsed in one state and
remembered by the digest of another, and what changed in between would never be read.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, Self

from afterclose.dataset.ledger_blocks import parsed_blocks
from afterclose.dataset.line_block import Part
from afterclose.dataset.metadata import Checkpoint
from afterclose.trades.parser import LineParser

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from afterclose.ledger import TradeLedger

HASH_BYTES = 4 << 20
"""What is hashed at a time: Python is free meanwhile, and taken back that seldom."""


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
        self._digests: list[tuple[int, Digest]] = [(0, hashlib.sha256())]
        self._hashing: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_hashing()
        self.file.close()

    def parts(self, start_byte: int) -> Iterator[Part]:
        """What the lines from ``start_byte`` on hold, in their order; hash them meanwhile."""
        if not self._hashing and start_byte < self.size_bytes:
            self._hashing = Thread(target=self._hash_ahead)
            self._hashing.start()
        for block in parsed_blocks(self.file, start_byte, self.size_bytes, self.parser.rules):
            yield from block

    def read(self, start_byte: int, length_bytes: int) -> bytes:
        """These bytes of the ledger."""
        return os.pread(self.file.fileno(), length_bytes, start_byte)

    def begins_with(self, done: Checkpoint) -> bool:
        """Whether the part that an earlier build has read is still the same."""
        return done.bytes <= self.size_bytes and self.sha256(done.bytes) == done.sha256

    def sha256(self, length_bytes: int) -> str:
        """SHA-256 of the first ``length_bytes`` bytes, going on from what was hashed before."""
        self._end_hashing()
        return self._hash(length_bytes).hexdigest()

    def _hash_ahead(self) -> None:
        with suppress(OSError):  # `sha256` will meet it again, and raise it
            self._hash(self.size_bytes)

    def _hash(self, length_bytes: int) -> "Digest":
        at, digest = next(done for done in reversed(self._digests) if done[0] <= length_bytes)
        digest, buffer = digest.copy(), bytearray(min(HASH_BYTES, max(0, length_bytes - at)))
        while at < length_bytes:
            wanted = memoryview(buffer)[: length_bytes - at]
            found = os.preadv(self.file.fileno(), [wanted], at)
            if not found:
                break  # the ledger was cut off since
            digest.update(wanted[:found])
            at += found
            if at > self._digests[-1][0]:
                self._digests.append((at, digest.copy()))
        return digest

    def _end_hashing(self) -> None:
        if self._hashing:
            self._hashing.join()
            self._hashing = None
