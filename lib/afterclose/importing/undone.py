"""Trades of an earlier, shorter file that a longer history shows to be none.

A file that begins inside a position, imported as if it began flat, opens a short with the sale
that closed a long. The longer history has that sale as an exit, so the short never was. A ledger
is only added to: the record is written again, closed at its entry, with an exit type that the
dataset leaves out.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from afterclose.records import Trade

EXIT_TYPE = "EXTERNAL_CLOSE"
REASON = "never was: a longer history shows that its entry closed a position"


def is_undone(trade: Trade) -> bool:
    """Whether a record says that its trade never was."""
    return trade.exit_type == EXIT_TYPE and trade.exit_reason == REASON


def undone_by(records: Iterable[Trade], ledger: Mapping[str, Trade]) -> list[Trade]:
    """The ledger's trades that ``records`` (of one file) undo, as they are to be written.

    Only of the same source, and only where the very fill, by symbol, moment and direction, is an
    exit in the file, and its time is known: another account's trades are not undone by this one's.
    """
    records = list(records)
    own = {trade.trade_id for trade in records}
    exits = {
        (_system(trade), trade.symbol, trade.side, str(trade.exit_timestamp))
        for trade in records
        if trade.exit_timestamp is not None
    }
    opposite = {"long": "short", "short": "long"}
    return [
        replace(
            trade,
            exit_timestamp=trade.entry_timestamp,
            exit_price=trade.entry_price,
            fees=0.0,
            mae_pct=None,
            mfe_pct=None,
            exit_type=EXIT_TYPE,
            exit_reason=REASON,
        )
        for name, trade in ledger.items()
        if name not in own
        and not is_undone(trade)
        and "T00:00:00" not in str(trade.entry_timestamp)
        and (_system(trade), trade.symbol, opposite[trade.side], str(trade.entry_timestamp))
        in exits
    ]


def _system(trade: Trade) -> str:
    return trade.trade_id.partition("-")[0]
