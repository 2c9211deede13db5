"""One ledger as a build sees it: opened once, so that all reads and digests are of one file.

A ledger that is replaced while a build runs would otherwise be parsed in one state and
remembered by the digest of another, and what changed in between would never be read.
"""

import hashlib
import io
from typing import BinaryIO, Self

from lib.dataset.ledger_parser import LineParser
from lib.dataset.metadata import Checkpoint
from lib.files import CHUNK_BYTES
from lib.ledger import TradeLedger


class LedgerSource:
    """A ledger under the name it has in reports; one that does not exist yet is empty.

    Use it in a ``with`` block. Raises InputError and StorageError as `TradeLedger.open`.
    """

    def __init__(self, name: str, ledger: TradeLedger, parser: LineParser) -> None:
        self.name, self.parser = name, parser
        opened = ledger.open()
        self.exists = opened is not None
        self.file: BinaryIO = opened or io.BytesIO()
        self._hashed_bytes, self._digest = 0, hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def begins_with(self, done: Checkpoint) -> bool:
        """Whether the part that an earlier build has read is still the same."""
        return self.sha256(done.bytes) == done.sha256

    def sha256(self, length_bytes: int) -> str:
        """SHA-256 of the first ``length_bytes`` bytes; a longer part goes on from a shorter."""
        if length_bytes < self._hashed_bytes:
            self._hashed_bytes, self._digest = 0, hashlib.sha256()
        self.file.seek(self._hashed_bytes)
        left = length_bytes - self._hashed_bytes
        while left and (chunk := self.file.read(min(CHUNK_BYTES, left))):
            self._digest.update(chunk)
            left -= len(chunk)
        self._hashed_bytes = length_bytes - left
        return self._digest.hexdigest()
