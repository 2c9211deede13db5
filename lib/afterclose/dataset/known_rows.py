"""Which trades have a row already, and whether it still says what the ledger says.

Only ids and places are held, a quarter of what the rows would take, and no row is decoded:
the id stands first in each, between two byte strings that cannot occur inside it.
"""

import os
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from afterclose.dataset.id_index import IdIndex
from afterclose.disk.files import CHUNK_BYTES
from afterclose.errors import IntegrityError
from afterclose.records import TradeDataRow

BEFORE_ID = b'{"trade_id":"'
AFTER_ID = b'","symbol":'
"""Quotes inside an id are escaped, so neither of these can be part of it."""

REMEDY = "Remove that file: the next build makes it anew."

TAIL_BYTES = 1 << 20

WORTH_A_SET_TIMES = 4
"""Making a set of all ids takes as long as going through them so often."""


class KnownRows:
    """The rows of ``path``, of which ``length_bytes`` are committed and nothing is torn.

    Use it in a ``with`` block. The ids are read when they are first asked for, which a build
    with nothing new never does: from the index where it knows the rows with ``sha256``. Rows
    that are added after that are not among them.
    """

    def __init__(self, path: Path, length_bytes: int, sha256: str = "") -> None:
        self._file = (path if length_bytes else Path(os.devnull)).open("rb", CHUNK_BYTES)
        self._length_bytes = self._tail_start = length_bytes
        self._index, self._sha256 = IdIndex(path.parent), sha256
        self._places: dict[bytes, int] = {}
        self._tail_bytes, self._times_asked = TAIL_BYTES, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return self._length_bytes > 0

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._ids

    @cached_property
    def in_order(self) -> list[str]:
        """The trades that have a row, in the order of the rows."""
        indexed = self._index.load(self._sha256) if self._sha256 else None
        if indexed is not None:
            return indexed
        written = b'","'.join(trade_id for trade_id, _ in self._read(0, self._length_bytes))
        return msgspec.json.decode(b'["%s"]' % written, type=list[str]) if self else []

    def has_any_of(self, trade_ids: Collection[str]) -> bool:
        """Whether any of these trades has a row."""
        self._times_asked += 1
        if self._times_asked <= WORTH_A_SET_TIMES:
            return not frozenset(trade_ids).isdisjoint(self.in_order)
        return not self._ids.isdisjoint(trade_ids)

    @cached_property
    def _ids(self) -> AbstractSet[str]:
        return frozenset(self.in_order)

    def says(self, trade_id: str, line: bytes) -> bool:
        """Whether the row of a known trade says the same as ``line``, in these or other bytes.

        Raises IntegrityError when only a forged index knows the trade.
        """
        place = self._place_of(trade_id)
        if os.pread(self._file.fileno(), len(line), place) == line:
            return True
        self._file.seek(place)
        decode = msgspec.json.Decoder(TradeDataRow).decode
        return decode(self._file.readline()) == decode(line)

    def _place_of(self, trade_id: str) -> int:
        """The first byte of a trade's row: looked for from the end, where a night's rows stand."""
        written = msgspec.json.encode(trade_id)[1:-1]
        while written not in self._places and self._tail_start:
            self._read_further_back()
        if written not in self._places:
            problem = f"it has {trade_id!r}, and the dataset has no such row"
            raise IntegrityError(self._index.path, problem, REMEDY)
        return self._places[written]

    def _read_further_back(self) -> None:
        """Twice as much each time: a few rows are found at once, and many at the cost of all."""
        self._tail_bytes *= 2
        end, start = self._tail_start, max(0, self._length_bytes - self._tail_bytes)
        if start:
            self._file.seek(start - 1)
            self._file.readline()  # on to the next row
            start = min(self._file.tell(), end)
        self._places.update(self._read(start, end))
        self._tail_start = start

    def _read(self, start: int, end: int) -> Iterator[tuple[bytes, int]]:
        """Yield each row's id, as it is written there, and its place."""
        self._file.seek(start)
        place, id_start = start, len(BEFORE_ID)
        for line in self._file:
            if place >= end:
                break
            yield line[id_start : line.index(AFTER_ID)], place
            place += len(line)
