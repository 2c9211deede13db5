"""Where an axis ends, and which round values are written beside it."""

import math
from collections.abc import Iterable
from typing import Final

from afterclose.wording.numbers import count, number, percent

ROUND_STEPS: Final = (1, 2, 5)
"""Between ticks, times a power of ten."""

ROUNDING: Final = 1e-9

LEAST_SPAN: Final = 1e-9
"""Of values that differ: between closer ones there is room for one tick only."""

Limits = tuple[float, float]
"""What lies at the two ends of an axis."""

Ticks = dict[float, str]
"""Places on an axis and what is written there."""


def around(values: Iterable[float], share: float = 0.05, least: float = 1e-6) -> Limits:
    """Limits that leave a ``share`` of the span of ``values`` free at either end."""
    known = list(values)
    low, high = min(known), max(known)
    free = share * (high - low) + least
    return low - free, high + free


def percent_ticks(low: float, high: float, *, most: int) -> Ticks:
    """About ``most`` ticks from ``low`` to ``high``, written as percent."""
    if high - low < LEAST_SPAN:
        return {low: percent(low)}
    places, step = _places(low, high, most)
    digits = max(0, -math.floor(math.log10(100 * step) + ROUNDING))
    return {place: percent(place, digits) for place in places}


def amount_ticks(low: float, high: float, *, most: int) -> Ticks:
    """About ``most`` ticks from ``low`` to ``high``, written as amounts of money."""
    if high - low < LEAST_SPAN:
        return {low: number(low)}
    places, step = _places(low, high, most)
    digits = max(0, -math.floor(math.log10(step) + ROUNDING))
    return {place: number(place, digits) for place in places}


def count_ticks(largest: int, *, most: int) -> Ticks:
    """About ``most`` ticks from 0 to ``largest``, at least 1, whole numbers."""
    places, _ = _places(0, max(largest, 1), most)
    return {place: count(round(place)) for place in places if place.is_integer()}


def _places(low: float, high: float, most: int) -> tuple[list[float], float]:
    """Multiples of a round step from ``low`` to ``high``, two at least, and the step."""
    wanted = (high - low) / most
    power = 10.0 ** math.floor(math.log10(wanted))
    steps = [digit * power * ten for ten in (1, 10) for digit in ROUND_STEPS]
    enough = next(at for at, step in enumerate(steps) if step >= wanted * (1 - ROUNDING))
    multiples = ((_multiples(low, high, step), step) for step in steps[enough::-1])
    return next(found for found in multiples if len(found[0]) > 1)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - ROUNDING), math.floor(high / step + ROUNDING)
    return [k * step for k in range(first, last + 1)]
