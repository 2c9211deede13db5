"""The receipt of an import: counts and money, as the job's JSON has them."""

from collections.abc import Sequence
from typing import Any

from afterclose.importing.parsed import Unused
from afterclose.records import Trade


def net_pnl(trade: Trade) -> float:
    """Of a closed trade, in currency, after fees."""
    sign = 1 if trade.side == "long" else -1
    return sign * ((trade.exit_price or 0.0) - trade.entry_price) * trade.quantity - trade.fees


def totals(trades: Sequence[Trade]) -> dict[str, Any]:
    """Decisions, sides, fees, dates and money of the closed trades."""
    closed = [trade for trade in trades if trade.exit_timestamp is not None]
    net = sum(map(net_pnl, closed))
    fees = sum(trade.fees for trade in closed)
    return {
        "closed": len(closed),
        "open": len(trades) - len(closed),
        "long": sum(trade.side == "long" for trade in closed),
        "short": sum(trade.side == "short" for trade in closed),
        "fees": fees,
        "net_pnl": net,
        "first_entry": min((str(trade.entry_timestamp) for trade in trades), default=None),
        "last_exit": max((str(trade.exit_timestamp) for trade in closed), default=None),
    }


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
