"""When one price bar ends a trade, at what price, and which prices the trade saw in it.

A bar does not tell in which order its prices came, so every doubt is settled against the
trade: a stop and a target inside one bar is a stop. Only what is certain is better than
that: the open came first, so a gap through the stop fills at the open, worse than the stop,
and a gap through the target fills at the open too, better than the target, as a resting
order would. The usual shortcut, comparing closes only, misses both and flatters the rules.
"""

import msgspec

from afterclose.records import Bar

STOP_LOSS, TAKE_PROFIT, TIME_EXIT, MANUAL = "STOP_LOSS", "TAKE_PROFIT", "TIME_EXIT", "MANUAL"


class ExitPlan(msgspec.Struct, frozen=True):
    """The exits that the rules set at entry; None for one that they do not use.

    Prices are in currency. ``max_holding_days`` counts days of the market's wall clock, so
    that a change to daylight saving does not keep a trade for a day longer.
    """

    stop_price: float | None = None
    target_price: float | None = None
    max_holding_days: float | None = None


class Exit(msgspec.Struct, frozen=True):
    """The end of a trade: the market's ``price``, before slippage, and why.

    ``seen_prices`` are those that the trade lived through in the bar: after a stop the rest
    of the bar is no longer its own.
    """

    price: float
    exit_type: str
    exit_reason: str | None
    seen_prices: tuple[float, ...]


def exit_on_bar(side: str, plan: ExitPlan, bar: Bar, held_days: float) -> Exit | None:
    """The exit that ``bar`` makes of a trade of ``side`` long or short; None: it goes on.

    ``held_days`` is the time from the entry to the bar. The order: the open, the stop, the
    target, then the close for time.
    """
    towards_gain = 1.0 if side == "long" else -1.0
    worst, best = (bar.low, bar.high) if side == "long" else (bar.high, bar.low)
    stop, target, days = plan.stop_price, plan.target_price, plan.max_holding_days
    at_open = (bar.open,)
    if stop is not None and towards_gain * (bar.open - stop) <= 0:
        return Exit(bar.open, STOP_LOSS, f"opened at or beyond the stop {stop:g}", at_open)
    if target is not None and towards_gain * (bar.open - target) >= 0:
        return Exit(bar.open, TAKE_PROFIT, f"opened at or beyond the target {target:g}", at_open)
    if stop is not None and towards_gain * (worst - stop) <= 0:
        return Exit(stop, STOP_LOSS, f"touched the stop {stop:g}", (bar.open, stop))
    if target is not None and towards_gain * (best - target) >= 0:
        return Exit(target, TAKE_PROFIT, f"touched the target {target:g}", (worst, target))
    if days is not None and held_days >= days:
        return Exit(bar.close, TIME_EXIT, f"held for {held_days:g} days", (worst, best))
    return None
