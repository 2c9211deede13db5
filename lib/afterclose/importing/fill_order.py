"""Which of two fills came first, where their times do not say it."""

from collections import Counter
from collections.abc import Sequence

from afterclose.importing.parsed import Execution, Options


def in_order(
    fills: Sequence[Execution], options: Options, spot: bool = False
) -> tuple[list[Execution], list[str]]:
    """The fills oldest first where the file is newest first, and what cannot be told."""
    ups: Counter[str] = Counter()
    downs: Counter[str] = Counter()
    last: dict[str, Execution] = {}
    ties = []
    for fill in fills:
        before = last.get(fill.symbol)
        if before is not None:
            ups[fill.symbol] += before.moment < fill.moment
            downs[fill.symbol] += before.moment > fill.moment
            if before.moment == fill.moment and (before.quantity > 0) != (fill.quantity > 0):
                ties.append(fill)
        last[fill.symbol] = fill
    up, down = sum(ups.values()), sum(downs.values())
    newest_first = options.order == "newest-first" or (options.order is None and down > up)
    ordered = list(reversed(fills)) if newest_first else list(fills)
    if spot and ties and options.order is None:
        return _bought_before_sold(ordered), []
    unsure = bool(ties) and (
        up == down or (min(up, down) > 0 and max(up, down) < 20 * min(up, down))
    )
    if options.order is None and unsure:
        words = (
            f"a purchase and a sale of {ties[0].symbol} have the same time ({ties[0].place}), and "
            "the file shows not which came first: say ORDER=newest-first or ORDER=oldest-first"
        )
        return ordered, [words]
    return ordered, []


def _bought_before_sold(fills: Sequence[Execution]) -> list[Execution]:
    """Purchases before the sales of the same moment that need them.

    Where nothing can be short, of the two orders only this one is possible.
    """
    held: Counter[tuple[str, str]] = Counter()
    groups: dict[tuple[object, ...], list[Execution]] = {}
    for fill in sorted(fills, key=lambda each: each.moment):
        groups.setdefault((fill.account, fill.symbol, fill.moment), []).append(fill)
    ordered = []
    for group in groups.values():
        name = (group[0].account, group[0].symbol)
        low = now = held[name]
        for fill in group:
            now += fill.quantity  # type: ignore[assignment]
            low = min(low, now)
        if low < 0:
            group.sort(key=lambda each: each.quantity < 0)
        held[name] = now
        ordered += group
    return ordered
