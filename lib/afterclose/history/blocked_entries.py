"""The blocked entries of a decision log, each once, with the moment and the plan to follow it by.

A bot may ask about one entry again and again while its signal lasts, so lines are not entries.
Lines of one trade id are one entry. Without an id, those of one symbol, side and strategy are
one for each session, for that is how long a verdict was asked for. An entry that was let in
after all has its outcome in the trade ledger and is none of these.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Literal

import msgspec

from afterclose.errors import InputError
from afterclose.paper_trading_executor import SHADOW_PREFIX
from afterclose.trading.decision_log import DecisionRecord
from afterclose.trading.exit_rules import ExitPlan
from afterclose.trading.orders import moment_of
from afterclose.trading.subjects import Plan, entry_id

Key = tuple[str, ...]
"""What makes lines one entry."""

NO_SYMBOL = "its subject names no symbol"
NO_SIDE = "its side is neither long nor short"
NO_MOMENT = "its moment cannot be read"
ASKED_AGAIN = "asked about again"
LET_IN = "let in after all"
LOST = "verdicts, of whatever kind, that the disk did not take"


class BlockedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that was blocked.

    ``shadow_id`` is the id of its shadow trade; ``has_id`` whether the bot gave one. ``price``
    is what it would have been entered at, None for the next open.
    """

    shadow_id: str
    has_id: bool
    symbol: str
    side: Literal["long", "short"]
    strategy: str
    decided: datetime
    price: float | None
    quantity: float
    plan: ExitPlan
    features: dict[str, float | bool | None]


def blocked_entries(
    lines: Iterable[DecisionRecord], zone: tzinfo, counted: Counter[str]
) -> list[BlockedEntry]:
    """The blocked entries in order of the log; ``counted`` gets those that cannot be one.

    Moments without an offset are local time of ``zone``.
    """
    blocked: dict[Key, DecisionRecord] = {}
    let_in: set[Key] = set()
    for line in lines:
        counted[LOST] += line.lost_before
        if line.symbol is None:
            counted[NO_SYMBOL] += line.reason == "high_risk"
        elif line.reason == "session_over":
            continue  # no verdict: who was blocked afterwards had loaded the filter anew
        elif line.reason != "high_risk":
            let_in.add(_key(line))
        elif _key(line) in blocked:
            counted[ASKED_AGAIN] += 1
        else:
            blocked[_key(line)] = line
    counted[LET_IN] += len(blocked.keys() & let_in)
    found = [_entry(line, zone) for key, line in blocked.items() if key not in let_in]
    counted.update(entry for entry in found if isinstance(entry, str))
    return [entry for entry in found if not isinstance(entry, str)]


def own_id(line: DecisionRecord, decided: datetime) -> str:
    """The id of an entry that its bot gave none, ``decided`` being its aware moment."""
    return entry_id(line.symbol, line.side, line.strategy, decided)


def _key(line: DecisionRecord) -> Key:
    if line.trade_id:
        return (line.trade_id,)
    return (line.symbol or "", line.side or "long", line.strategy or "", line.session or "")


def _entry(line: DecisionRecord, zone: tzinfo) -> BlockedEntry | str:
    """The entry of a line, or why it is none."""
    if line.side not in {None, "long", "short"}:
        return NO_SIDE
    try:
        decided = moment_of("at", line.at, zone)
    except InputError:
        return NO_MOMENT
    side: Literal["long", "short"] = "short" if line.side == "short" else "long"
    plan = line.plan or Plan()
    return BlockedEntry(
        shadow_id=SHADOW_PREFIX + (line.trade_id or own_id(line, decided)),
        has_id=bool(line.trade_id),
        symbol=line.symbol or "",
        side=side,
        strategy=line.strategy or "",
        decided=decided,
        price=plan.price,
        quantity=plan.quantity or 1.0,
        plan=ExitPlan(plan.stop_price, plan.target_price, plan.max_holding_days),
        features={
            name: value if isinstance(value, float) else None
            for name, value in (line.features or {}).items()
        },
    )
