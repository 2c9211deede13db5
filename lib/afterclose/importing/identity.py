"""Ids of imported trades: the same file gives the same ids, whatever else it has grown by.

A system's own id is kept behind the name of its format. Where it has none, the id is a digest
of what makes a trade this trade (symbol, times, side, quantity): prices and fees are not in
it, so that a corrected price changes the record and makes no second trade.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from afterclose.importing.parsed import Found, Unused

DIGEST_CHARACTERS = 16


def digest_id(prefix: str, parts: Iterable[object]) -> str:
    """``prefix`` and a digest of the parts, in their order."""
    text = "\x1f".join(str(part) for part in parts)
    return f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]}"


def trade_digest(found: Found, prefix: str, *more: str) -> str:
    """The id of a trade whose system gives none; ``more`` tells apart what would be equal."""
    trade = found.trade
    parts = (trade.symbol, trade.entry_timestamp, trade.exit_timestamp or "", trade.side)
    return digest_id(prefix, (*parts, repr(trade.quantity), *more))


def with_digests(
    found: Sequence[Found], prefix: str, *more: str, may_be_equal: bool = False
) -> tuple[list[Found], list[Unused]]:
    """The trades without an id given one; what repeats another to the last digit is left out.

    Trades with equal digests that differ in something else are told apart by -2, -3, in the
    order of the file; with ``may_be_equal`` equal ones too (pieces of equal fills are).
    """
    seen: Counter[str] = Counter()
    places: dict[bytes, str] = {}
    kept: list[Found] = []
    repeated: list[Unused] = []
    for each in found:
        if each.trade.trade_id:
            kept.append(each)
            continue
        whole = hashlib.sha256(repr(each.trade).encode()).digest()
        if whole in places and not may_be_equal:
            what = f"the same as {places[whole]}; give each trade an id if they are two"
            repeated.append(Unused(each.place, "repeated trade", what))
            continue
        places[whole] = each.place
        name = trade_digest(each, prefix, *more)
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
        kept.append(Found(replace(each.trade, trade_id=unique), each.place))
    return kept, repeated


def last_of_each_id(found: Sequence[Found]) -> tuple[list[Found], list[Unused]]:
    """One trade an id: the last one in the file counts, as in a ledger; the others are named."""
    last = {each.trade.trade_id: each for each in found}
    kept = [each for each in found if last[each.trade.trade_id] is each]
    replaced = [
        Unused(
            each.place,
            "repeated id",
            f"{last[each.trade.trade_id].place} has the same id and counts",
        )
        for each in found
        if last[each.trade.trade_id] is not each
    ]
    return kept, replaced
