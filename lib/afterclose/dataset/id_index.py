"""The ids of a long dataset in a file of their own, so that a night need not read all rows.

It is a cache: one that is missing, damaged or of another length of the dataset is read past,
and the rows are asked instead. Nothing else depends on it.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from afterclose.disk.files import sha256_bytes, write_atomic
from afterclose.errors import UNREADABLE, StorageError

WORTH_AN_INDEX_BYTES = 16 << 20
"""Of rows: below that they are read sooner than they are indexed."""


class Header(msgspec.Struct, frozen=True):
    """First line of the file: the rows it was made of, and the digest of its second line."""

    rows_sha256: str
    ids_sha256: str


class IdIndex:
    """The file in the folder of one scope."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".ml_dataset_ids"

    def load(self, rows_sha256: str) -> list[str] | None:
        """The ids of the rows with that digest, in their order; None when it does not know them."""
        try:
            head, _, ids = self.path.read_bytes().partition(b"\n")
            header = msgspec.json.decode(head, type=Header)
            if header == Header(rows_sha256, sha256_bytes(ids)):
                return msgspec.json.decode(ids, type=list[str])
        except (OSError, *UNREADABLE):
            pass
        return None

    def save(self, rows_sha256: str, trade_ids: Sequence[str]) -> None:
        """Keep the ids of the rows with that digest. A disk that refuses costs only time."""
        ids = msgspec.json.encode(trade_ids)
        header = msgspec.json.encode(Header(rows_sha256, sha256_bytes(ids)))
        with suppress(StorageError):
            write_atomic(self.path, header + b"\n" + ids)
