"""What fills moved in money, compared with price times quantity: the multiplier of a contract.

An option at 1.20 costs 120, and few statements say the 100. Where all amounts of a symbol are
one whole multiple of price times quantity, that is its multiplier; where they are none, the
file has money of another currency or what stands nowhere, and the receipt says so.
"""

from collections import defaultdict
from collections.abc import Sequence

from afterclose.importing.parsed import Execution

CENTS = 0.02
SHARE = 0.01
"""What rounding and small charges explain, in currency and as a fraction."""

MOST_NAMED = 5


def by_amounts(
    fills: Sequence[Execution], amounts: Sequence[float | None], scale: bool
) -> tuple[list[Execution], list[str]]:
    """The fills with their multipliers in the quantity (with ``scale``), and sentences."""
    known: dict[str, list[tuple[Execution, float]]] = defaultdict(list)
    for fill, amount in zip(fills, amounts, strict=True):
        if amount and fill.price:
            known[fill.symbol].append((fill, abs(amount)))
    multipliers: dict[str, int] = {}
    strange = []
    for symbol, found in known.items():
        times = _times(found) if scale else 1
        if times > 1:
            multipliers[symbol] = times
        strange += [fill for fill, amount in found if not _fits(fill, amount, times)]
    notes = []
    if multipliers:
        shown = [f"{name} {times}" for name, times in sorted(multipliers.items())[:MOST_NAMED]]
        more = len(multipliers) - MOST_NAMED
        shown += [f"and {more} more"] if more > 0 else []
        notes.append(f"Multiplier by the amounts over price x quantity: {', '.join(shown)}.")
    if strange:
        notes.append(
            f"Amounts that are not price x quantity: {len(strange)} (first: {strange[0].place}). "
            "They are in another currency, or hold what stands nowhere; prices count."
        )
    scaled = [
        fill._replace(quantity=fill.quantity * multipliers[fill.symbol])
        if fill.symbol in multipliers
        else fill
        for fill in fills
    ]
    return scaled, notes


def _times(found: Sequence[tuple[Execution, float]]) -> int:
    """The whole number that all amounts of a symbol agree on, 1 where there is none."""
    fill, amount = max(found, key=lambda each: each[1])
    guesses = {round((amount + fees) / _turnover(fill)) for fees in (0.0, fill.fees, -fill.fees)}
    times = min(guesses, key=lambda each: (_beside(fill, amount, each), each))
    whole = times > 1 and all(_fits(fill, amount, times) for fill, amount in found)
    return times if whole else 1


def _beside(fill: Execution, amount: float, times: int) -> float:
    """How far an amount is from so many times price and quantity, before or after fees."""
    money = times * _turnover(fill)
    return min(abs(amount + fees - money) for fees in (0.0, fill.fees, -fill.fees))


def _fits(fill: Execution, amount: float, times: int) -> bool:
    return _beside(fill, amount, times) <= CENTS + SHARE * times * _turnover(fill)


def _turnover(fill: Execution) -> float:
    return fill.price * float(abs(fill.quantity))
