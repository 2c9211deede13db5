"""The receipt of an import: counts and money, as the job's JSON has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from afterclose.importing.ledger_changes import ImportedTrade
from afterclose.importing.parsed import Unused
from afterclose.records import Trade


def net_pnl(trade: Trade) -> float:
    """Of a closed trade, in currency, after fees."""
    sign = 1 if trade.side == "long" else -1
    return sign * ((trade.exit_price or 0.0) - trade.entry_price) * trade.quantity - trade.fees


def totals(trades: Sequence[Trade], currencies: Mapping[str, dict[str, float]]) -> dict[str, Any]:
    """Decisions, sides, fees, dates and money of the closed trades.

    There is no sum over several ``currencies``: fees and net PnL are None then.
    """
    closed = [trade for trade in trades if trade.exit_timestamp is not None]
    net = sum(map(net_pnl, closed))
    fees = sum(trade.fees for trade in closed)
    return {
        "closed": len(closed),
        "open": len(trades) - len(closed),
        "long": sum(trade.side == "long" for trade in closed),
        "short": sum(trade.side == "short" for trade in closed),
        "fees": None if currencies else fees,
        "net_pnl": None if currencies else net,
        "by_currency": dict(currencies),
        "first_entry": min((str(trade.entry_timestamp) for trade in trades), default=None),
        "last_exit": max((str(trade.exit_timestamp) for trade in closed), default=None),
    }


def by_currency(found: Sequence[ImportedTrade]) -> dict[str, dict[str, float]]:
    """Net PnL and fees of the closed trades a currency; empty where one is known at most."""
    sums: dict[str, dict[str, float]] = {}
    for each in found:
        if each.trade.exit_timestamp is not None:
            entry = sums.setdefault(each.currency or "not stated", {"net_pnl": 0.0, "fees": 0.0})
            entry["net_pnl"] += net_pnl(each.trade)
            entry["fees"] += each.trade.fees
    return sums if len(sums) > 1 else {}


def left_out(unused: Sequence[Unused]) -> list[dict[str, Any]]:
    """The reasons with counts, summed PnL, and the first place, most frequent first."""
    reasons: dict[str, dict[str, Any]] = {}
    for each in unused:
        entry = reasons.setdefault(
            each.reason,
            {"reason": each.reason, "count": 0, "pnl": None,
             "first": f"{each.place}: {each.detail}"},
        )  # fmt: skip
        entry["count"] += 1
        if each.pnl is not None:
            entry["pnl"] = (entry["pnl"] or 0.0) + each.pnl
    return sorted(reasons.values(), key=lambda entry: -entry["count"])
