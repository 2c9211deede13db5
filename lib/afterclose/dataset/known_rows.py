"""Which trades have a row already, and whether it still says what the ledger says.

Only ids and places are held, a quarter of what the rows would take, and no row is decoded:
the id stands first in each, between two byte strings that cannot occur inside it.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from afterclose.disk.files import CHUNK_BYTES
from afterclose.records import TradeDataRow

BEFORE_ID = b'{"trade_id":"'
AFTER_ID = b'","symbol":'
"""Quotes inside an id are escaped, so neither of these can be part of it."""


class KnownRows:
    """The rows of ``path``, of which ``length_bytes`` are committed and nothing is torn.

    Use it in a ``with`` block. The ids are read when they are first asked for, which a build
    with nothing new never does. Rows that are added after that are not among them.
    """

    def __init__(self, path: Path, length_bytes: int) -> None:
        self._file = (path if length_bytes else Path(os.devnull)).open("rb", CHUNK_BYTES)
        self._length_bytes = length_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, trade_id: str) -> bool:
        return self._length_bytes > 0 and _written(trade_id) in self._places

    def says(self, trade_id: str, line: bytes) -> bool:
        """Whether the row of a known trade says the same as ``line``, in these or other bytes."""
        self._file.seek(self._places[_written(trade_id)])
        row = self._file.readline()
        decode = msgspec.json.Decoder(TradeDataRow).decode
        return row == line or decode(row) == decode(line)

    @cached_property
    def _places(self) -> dict[bytes, int]:
        """The first byte of each trade's row, by its id as it is written there."""
        places: dict[bytes, int] = {}
        first, place, length = len(BEFORE_ID), 0, self._length_bytes
        self._file.seek(0)
        for line in self._file:
            if place >= length:
                break
            places[line[first : line.index(AFTER_ID, first)]] = place
            place += len(line)
        return places


def _written(trade_id: str) -> bytes:
    return msgspec.json.encode(trade_id)[1:-1]
