"""The trade ledger: one JSON object a line, appended by whoever trades, read by everybody.

A line format rather than a database, because the ledger belongs to the trading side: any
strategy in any language can write it, and nobody must hold a lock to read it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from afterclose.disk.files import (
    CHUNK_BYTES,
    append_durable,
    locked_file,
    storage_error,
    truncate_durable,
)
from afterclose.errors import InputError, StorageError
from afterclose.records import Trade
from afterclose.trades.judged import Reject
from afterclose.trades.parser import LineParser
from afterclose.trades.record import (
    BYTE_ORDER_MARK,
    LedgerRecord,
    Unusable,
    decode_record,
)

__all__ = ["Trade", "TradeLedger", "numbered_lines"]

RECORDS_AT_ONCE = 50_000
"""Of a longer import the text of all records at once would be hundreds of megabytes."""

FAR_FUTURE = datetime.max.replace(tzinfo=UTC)


class TradeLedger:
    """The ledger in ``path``; ``timezone`` (IANA) is that of timestamps without an offset."""

    def __init__(self, path: Path | str, timezone: str = "America/New_York") -> None:
        self.path = Path(path)
        self.timezone = timezone

    def add_trade(self, trade: Trade | Mapping[str, Any]) -> None:
        """Append one trade; it is on disk when this returns.

        A half-written last line of a crashed writer is ended first, so that it spoils only
        itself. Raises InputError for numbers or times that the dataset would reject (an
        exit price of NaN would only come to light after the close), and StorageError.
        """
        self.add_trades([trade])

    def add_trades(self, trades: Sequence[Trade | Mapping[str, Any]]) -> None:
        """Append trades as `add_trade` does: all of them, or none if one is unusable.

        Up to `RECORDS_AT_ONCE` are one write. If a later write fails, the ledger is cut back to
        what it was; a kill leaves whole records and at most one torn line.
        """
        for trade in trades:
            self._refuse_unusable(_record_of(trade))
        if not trades:
            return
        with locked_file(self.path):
            before = None
            try:
                for start in range(0, len(trades), RECORDS_AT_ONCE):
                    lines = _lines(trades[start : start + RECORDS_AT_ONCE])
                    whole = self._ends_with_a_whole_line()
                    length = append_durable(self.path, lines if whole else b"\n" + lines)
                    before = length if before is None else before
            except StorageError:
                if before is not None:
                    truncate_durable(self.path, before)
                raise

    def get_all_trades(self) -> list[Trade]:
        """All records that are trades, open ones too, in file order.

        Lines that are not are left out; the dataset builder reports them. A ledger that
        does not exist yet has no trades. Raises InputError and StorageError as `open` does.
        """
        return list(self)

    def __iter__(self) -> Iterator[Trade]:
        file = self.open()
        if file is None:
            return
        with file:
            for _, _, line in numbered_lines(file):
                with suppress(Unusable):
                    if trade := decode_record(line)[0].trade():
                        yield trade

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True  # an empty ledger is a ledger

    def open(self) -> BinaryIO | None:
        """The file to read from; None when there is none yet.

        Raises InputError for a folder of that name, StorageError when it cannot be read.
        """
        try:
            return self.path.open("rb", CHUNK_BYTES)
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            raise InputError(f"the ledger {self.path} is a folder; name the file in it") from None
        except OSError as error:
            raise storage_error(self.path, error) from error

    def _ends_with_a_whole_line(self) -> bool:
        with self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - 1))
            return file.read(1) in (b"", b"\n")

    def _refuse_unusable(self, record: LedgerRecord) -> None:
        """An open trade is judged as if it had been closed at once, at its entry price."""
        judged = msgspec.structs.replace(record, rule_features={"any": 0.0}, entry_features=None)
        if record.exit_timestamp is None:
            judged = msgspec.structs.replace(
                judged, exit_timestamp=record.entry_timestamp, exit_price=record.entry_price
            )
        parsed = LineParser(self.timezone, (), FAR_FUTURE).judge(judged)
        if isinstance(parsed, Reject):
            raise InputError(f"trade {record.trade_id!r} is not written: {parsed.reason}")


def numbered_lines(
    file: BinaryIO, start_byte: int = 0, lines_before: int = 0
) -> Iterator[tuple[int, int, bytes]]:
    """Yield (line number, byte behind the line, line) from ``start_byte`` on.

    Numbers count from 1, ``lines_before`` being skipped; blank lines count but are left out.
    A line keeps its end, which the last one may lack; a byte order mark is taken off.
    """
    file.seek(start_byte)
    end_byte = start_byte
    for number, line in enumerate(file, lines_before + 1):
        end_byte += len(line)
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)  # noqa: PLW2901 - the same line, cleaned
        if not line.isspace():
            yield number, end_byte, line


def _lines(trades: Sequence[Trade | Mapping[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(_record_of(trade).trade()) + b"\n" for trade in trades)


def _record_of(trade: Trade | Mapping[str, Any]) -> LedgerRecord:
    try:
        return msgspec.convert(msgspec.to_builtins(trade), LedgerRecord)
    except msgspec.ValidationError as error:
        raise InputError(f"the trade is not written: {error}") from None
