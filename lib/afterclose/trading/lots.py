"""From a verdict's multiplier to a quantity that a broker takes: whole steps, never more.

Brokers take whole shares or steps of a coin, and refuse orders below a minimum. Rounding to
the nearest step would sometimes enlarge what the filter made smaller, so it is always down.
"""

import math
from fractions import Fraction


def reduced_quantity(
    quantity: float,
    size_multiplier: float,
    *,
    step: float = 1.0,
    price: float | None = None,
    min_quantity: float = 0.0,
    min_notional: float = 0.0,
) -> float:
    """The quantity to order: ``quantity * size_multiplier`` in whole ``step``, never more; or 0.

    ``step`` is in shares or units (1 for whole shares, 0.001 for a coin), 0 for any quantity.
    An order below ``min_quantity``, or below ``min_notional`` (in currency, at ``price``), is
    0: no order. A multiplier of 1 or more is the rules' own quantity, in whole steps; NaN
    anywhere is 0. Never raises for numbers.
    """
    numbers = (quantity, size_multiplier, step, min_quantity, min_notional)
    if not all(map(math.isfinite, numbers)) or quantity <= 0 or size_multiplier <= 0 or step < 0:
        return 0.0
    wanted = quantity * min(size_multiplier, 1.0)
    ordered = min(_whole_steps(wanted, step), wanted) if step else wanted
    if ordered < min_quantity or (min_notional > 0 and not _notional(ordered, price, min_notional)):
        return 0.0
    return ordered


def _whole_steps(wanted: float, step: float) -> float:
    """The largest multiple of ``step``, as people write it (0.1 is a tenth), up to ``wanted``."""
    exact = Fraction(repr(float(step)))
    return float(Fraction(repr(float(wanted))) // exact * exact)


def _notional(ordered: float, price: float | None, least: float) -> bool:
    return price is not None and math.isfinite(price) and ordered * price >= least
