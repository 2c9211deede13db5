"""Which trades have a row already, and whether it still says what the ledger says.

Only ids and places are held, a quarter of what the rows would take, and no row is decoded:
the id stands first in each, between two byte strings that cannot occur inside it.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from lib.files import CHUNK_BYTES
from lib.records import TradeDataRow

BEFORE_ID = b'{"trade_id":"'
AFTER_ID = b'","symbol":'
"""Quotes inside an id are escaped, so neither of these can be part of it."""


class KnownRows:
    """The rows of ``path``, of which ``length_bytes`` are committed and nothing is torn.

    Use it in a ``with`` block. The ids are read when they are first asked for, which a build
    with nothing new never does; rows that are added after that are not among them.
    """

    def __init__(self, path: Path, length_bytes: int) -> None:
        self._file = (path if length_bytes else Path(os.devnull)).open("rb", CHUNK_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return bool(self._places)

    def __contains__(self, trade_id: str) -> bool:
        return msgspec.json.encode(trade_id)[1:-1] in self._places

    def place_of(self, line: bytes) -> int | None:
        """The first byte of the row of the same trade; None when it has none yet."""
        if not self._places:
            return None
        return self._places.get(line[len(BEFORE_ID) : line.index(AFTER_ID)])

    def says(self, place: int, line: bytes) -> bool:
        """Whether the row at ``place`` says the same as ``line``, in these or other bytes."""
        if os.pread(self._file.fileno(), len(line), place) == line:
            return True
        self._file.seek(place)
        decode = msgspec.json.Decoder(TradeDataRow).decode
        return decode(self._file.readline()) == decode(line)

    @cached_property
    def _places(self) -> dict[bytes, int]:
        places: dict[bytes, int] = {}
        place, start = 0, len(BEFORE_ID)
        for line in self._file:
            places[line[start : line.index(AFTER_ID)]] = place
            place += len(line)
        return places
