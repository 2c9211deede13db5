"""A ledger's closed trades, ready to be lived through again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.ledger import TradeLedger, numbered_lines
from afterclose.study.lived import DatedTrade
from afterclose.trades.judged import Closed, Open
from afterclose.trades.parser import LineParser
from afterclose.trades.record import decode_record
from afterclose.trades.timestamps import TimestampReader


class OwnTrades(NamedTuple):
    """Closed trades by entry, and how many lines were left out, by reason."""

    trades: list[DatedTrade]
    left_out: Counter[str]


def own_trades(
    paths: Sequence[Path], timezone: str, excluded: frozenset[str], now: datetime
) -> OwnTrades:
    """The trades of ledgers that are read in this order: of one id the last closed one counts.

    Blocked ones count as the rules' too: what they would have made stands in their record.
    ``timezone`` is that of times without an offset, ``excluded`` are exit types (upper case).
    Raises InputError for a ledger that does not exist or cannot be read, StorageError.
    """
    parser, reader = LineParser(timezone, excluded, now), TimestampReader(timezone)
    found: dict[str, DatedTrade] = {}
    open_ids: set[str] = set()
    left_out: Counter[str] = Counter()
    for path in paths:
        file = TradeLedger(path, timezone).open()
        if file is None:
            raise InputError(f"there is no ledger {path}")
        with file:
            for _, _, line in numbered_lines(file):
                parsed = parser.parse(line)
                if isinstance(parsed, Closed):
                    found[parsed.row.trade_id] = _dated(line, reader)
                elif isinstance(parsed, Open):
                    open_ids.add(parsed.trade_id)
                else:
                    left_out[parsed.reason.split(":")[0]] += 1
    if still_open := len(open_ids - found.keys()):
        left_out["still open"] = still_open
    ordered = sorted(found.values(), key=lambda one: (one.entered, one.trade.trade_id))
    return OwnTrades(ordered, left_out)


def _dated(line: bytes, reader: TimestampReader) -> DatedTrade:
    trade = decode_record(line)[0].trade()
    if trade is None or trade.exit_timestamp is None:  # the parser has seen that it is closed
        raise AssertionError(line)
    entered, _ = reader.read(str(trade.entry_timestamp))
    left, _ = reader.read(str(trade.exit_timestamp))
    source = "paper" if trade.source == "shadow" else trade.source
    return DatedTrade(replace(trade, source=source), entered, left)
