"""What an import would change in a ledger: which trades are new, changed, or there already.

Compared with the last record of each id, as the dataset reads it. An import without bars
takes nothing away from an earlier one with bars: features and excursions that the new record
does not know stay what they were.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from afterclose.importing.identity import own_part
from afterclose.importing.parsed import Unused
from afterclose.importing.undone import is_undone, undone_by
from afterclose.records import Trade
from afterclose.trades.judged import Reject
from afterclose.trades.parser import LineParser
from afterclose.trades.record import LedgerRecord

OF_0_1_0 = re.compile(r"(csv|backtesting|freqtrade|fills|ib)-")
OF_TODAY = re.compile(r"csv-.*-[0-9a-f]{8}")


class ImportedTrade(NamedTuple):
    """A trade as it would be written, its place in the file, and the file's own PnL of it.

    ``currency`` is that of its prices, empty where the file does not say it.
    """

    trade: Trade
    place: str
    pnl: float | None
    currency: str = ""


class Changes(NamedTuple):
    """``records`` are all trades as the ledger has them afterwards, in the order of the file.

    ``conflicts`` are sentences on ids of the other system that the ledger has for another trade;
    ``undone`` are records of the ledger that this file shows to be none, as they are now.
    """

    records: list[Trade]
    added: list[Trade]
    changed: list[Trade]
    unchanged: int
    conflicts: list[str]
    undone: list[Trade]

    @property
    def to_append(self) -> list[Trade]:
        """New ones, then changed ones, then those that are none."""
        return [*self.added, *self.changed, *self.undone]


def usable_only(
    found: Sequence[ImportedTrade], timezone: str, now: datetime
) -> tuple[list[ImportedTrade], list[Unused]]:
    """The trades that the dataset would take if they had features, and why the others not."""
    judge = LineParser(timezone, (), now).judge
    kept: list[ImportedTrade] = []
    unused: list[Unused] = []
    for each in found:
        parsed = judge(_closed_record(each.trade))
        if isinstance(parsed, Reject):
            reason, _, detail = parsed.reason.partition(": ")
            detail = detail or f"trade {each.trade.trade_id}"
            unused.append(Unused(each.place, reason, detail, each.pnl))
        else:
            kept.append(each)
    return kept, unused


def changes(
    trades: Iterable[Trade], ledger: Mapping[str, Trade], *, netted: bool = False
) -> Changes:
    """Compare with the last record of each id in the ledger.

    ``netted``: the trades were matched from fills, one position a symbol at a time.
    """
    made = Changes([], [], [], 0, [], [])
    older = _older_ids(ledger)
    unchanged = 0
    own_ids = {own_part(name): trade for name, trade in ledger.items() if name.count("-") > 1}
    for trade in trades:
        known = older.get(_what(trade))
        if known and trade.trade_id not in ledger and _system(known) == _system(trade.trade_id):
            trade = replace(trade, trade_id=known)  # noqa: PLW2901 - the same, by its first name
        before = ledger.get(trade.trade_id)
        merged = trade if before is None else _keeping(trade, before)
        if before is not None and is_undone(before):
            made.conflicts.append(
                f"{trade.trade_id}: a longer history showed that its entry closed a position; it "
                "stays undone"
            )
            merged = before
        elif before is not None and _knows_less(trade, before):
            made.conflicts.append(
                f"{trade.trade_id}: the ledger's exit of {before.exit_timestamp} stays, the file "
                f"has {trade.exit_timestamp or 'none yet'}"
            )
            merged = before
        made.records.append(merged)
        if before is None:
            made.added.append(merged)
            other = own_ids.get(own_part(trade.trade_id)) if trade.trade_id.count("-") > 1 else None
            if other is not None:
                made.conflicts.append(
                    f"{own_part(trade.trade_id)} is {other.symbol} {other.side} of "
                    f"{other.entry_timestamp} in the ledger and {trade.symbol} {trade.side} of "
                    f"{trade.entry_timestamp} in the file: both are kept"
                )
        elif merged == before:
            unchanged += 1
        else:
            made.changed.append(merged)
    if netted:
        made.undone.extend(undone_by(made.records, ledger))
    return made._replace(unchanged=unchanged)


def _older_ids(ledger: Mapping[str, Trade]) -> dict[tuple[object, ...], str]:
    """Ids that 0.1.0 gave, by what the trade is: an import today must not double those."""
    return {
        _what(trade): name
        for name, trade in ledger.items()
        if OF_0_1_0.match(name) and not OF_TODAY.fullmatch(name)
    }


def _what(trade: Trade) -> tuple[object, ...]:
    return (
        trade.symbol, trade.side, str(trade.entry_timestamp), trade.entry_price, trade.quantity
    )  # fmt: skip


def _system(trade_id: str) -> str:
    return trade_id.partition("-")[0]


def _knows_less(trade: Trade, before: Trade) -> bool:
    """Whether the file has less history than what the ledger's record came from.

    One that ends earlier has no exit yet; one that begins later lacks the lots that earlier
    sales closed, so first in, first out gives its lots earlier exits. So the later exit counts,
    and files that overlap give one ledger in any order.
    """
    if before.exit_timestamp is None:
        return False
    return trade.exit_timestamp is None or _moment(trade) < _moment(before)


def _moment(trade: Trade) -> datetime:
    return datetime.fromisoformat(str(trade.exit_timestamp))


def _keeping(trade: Trade, before: Trade) -> Trade:
    return replace(
        trade,
        rule_features=trade.rule_features or before.rule_features,
        mae_pct=before.mae_pct if trade.mae_pct is None else trade.mae_pct,
        mfe_pct=before.mfe_pct if trade.mfe_pct is None else trade.mfe_pct,
    )


def _closed_record(trade: Trade) -> LedgerRecord:
    """An open trade is judged as if it had been closed at once, at its entry price."""
    record = msgspec.convert(msgspec.to_builtins(trade), LedgerRecord)
    record = replace(record, rule_features={"any": 0.0})
    if record.exit_timestamp is not None:
        return record
    return replace(record, exit_timestamp=record.entry_timestamp, exit_price=record.entry_price)
