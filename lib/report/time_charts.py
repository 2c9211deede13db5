"""Charts over time: capital and drawdown of each policy, and the growth of the dataset."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from lib.dataset.columns import EPOCH
from lib.report.drawing import Chart, count_ticks, heading, percent_ticks, y_ticks
from lib.report.svg import colour
from lib.report.words import FIXED, POLICIES, count, day, number, percent

DAY: Final = timedelta(days=1)

DATE_FORMS: Final = {500: "%b %Y", 4: f"%-d{FIXED}%b %Y", 0: f"%-d{FIXED}%b, %H:%M"}
"""How a date is written on an axis that spans at least so many days."""

MIN_SPAN_DAYS: Final = 0.5
"""Of a time axis: points of one moment need some room too."""

MAX_LEVELS: Final = 6
"""Grid lines of a panel with capital."""

EQUITY_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Between grid lines while capital stays within a factor of three, in starting capitals."""

PLAIN_DECADES: Final = 4
"""Powers of ten up to which capital is written out."""

LINES: Final[dict[str, dict[str, Any]]] = {
    "rules_only": {"color": colour("rules"), "linewidth": 1.7, "linestyle": (0, (5, 2.5))},
    "rules_active": {"color": colour("active"), "linewidth": 2.0, "linestyle": (0, (1.6, 1.2))},
    "rules_ml": {"color": colour("ml"), "linewidth": 2.2},
}
"""How each policy's line looks: told apart by its dashes as well as by its colour."""


def equity_chart(name: str, record: Mapping[str, Any]) -> str:
    """Capital and drawdown of each policy of a `TrackRecord`, at the times of its exits."""
    chart = Chart(name, 330)
    equity, falls = chart.panel(28, 196), chart.panel(230, 302)
    days = [_days(datetime.fromisoformat(moment)) for moment in record["exits"]]
    reached = [0.0]
    for policy, curve in record["curves"].items():
        log_equity = np.array(curve["log_equity"], dtype=float)  # None, capital lost, is NaN
        equity.plot(days, log_equity, **LINES[policy])
        falls.plot(days, curve["drawdown"], **LINES[policy])
        reached += log_equity[np.isfinite(log_equity)].tolist()
    falls.fill_between(
        days, record["curves"]["rules_ml"]["drawdown"], color=colour("ml"), alpha=0.15, linewidth=0
    )
    equity.axhline(0, color=colour("rules"), linewidth=1)
    y_ticks(equity, equity_levels(min(reached), max(reached)))
    deepest = min(min(curve["drawdown"]) for curve in record["curves"].values())
    y_ticks(falls, percent_ticks(min(deepest, -0.001), 0.0, most=3))
    equity.spines["bottom"].set_visible(False)
    _time_axis(equity, days, labelled=False)
    _time_axis(falls, days)
    heading(equity, "Capital, all of it in each trade; start = 1")
    heading(falls, "Drawdown")
    return chart.svg("Capital and drawdown over time", _equity_words(record))


def growth_chart(name: str, versions: Sequence[tuple[datetime, int]]) -> str:
    """Rows of the dataset after each build, oldest first."""
    chart = Chart(name, 220)
    axes = chart.panel(28, 186)
    days, rows = [_days(built) for built, _ in versions], [size for _, size in versions]
    axes.step(days, rows, where="post", color=colour("ml"), linewidth=2.2)
    axes.fill_between(days, rows, step="post", color=colour("ml"), alpha=0.15, linewidth=0)
    axes.plot(days[-1:], rows[-1:], color=colour("ml"), marker="o", markersize=7, clip_on=False)
    axes.set_ylim(0, 1.08 * max(*rows, 1))
    y_ticks(axes, count_ticks(max(*rows, 1), most=4))
    _time_axis(axes, days)
    heading(axes, "Closed trades in the dataset")
    words = f"From {count(rows[0])} on {day(versions[0][0])} to {count(rows[-1])}."
    return chart.svg("Growth of the dataset", words)


def equity_levels(low: float, high: float) -> dict[float, str]:
    """Grid lines from ``low`` to ``high``, logarithms of the capital, and what they say."""
    if high - low < math.log(3):
        least, most = math.exp(low), math.exp(high)
        step = next((s for s in EQUITY_STEPS if (most - least) / s <= MAX_LEVELS), 1.0)
        steps = _whole((least - 1) / step, (most - 1) / step)
        return {math.log1p(k * step): f"{1 + k * step:g}" for k in steps}
    doublings = _whole(low / math.log(2), high / math.log(2))
    if len(doublings) <= MAX_LEVELS:
        return {k * math.log(2): f"{2.0**k:g}" for k in doublings}
    decades = _whole(low / math.log(10), high / math.log(10))
    every = math.ceil(len(decades) / MAX_LEVELS)
    return {k * math.log(10): _power_of_ten(k) for k in decades if k % every == 0}


def _whole(low: float, high: float) -> range:
    """The whole numbers from ``low`` to ``high``, ends that differ by rounding included."""
    return range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)


def _power_of_ten(exponent: int) -> str:
    return f"{10.0**exponent:g}" if abs(exponent) <= PLAIN_DECADES else f"1e{exponent}"


def _equity_words(record: Mapping[str, Any]) -> str:
    parts = []
    for policy, curve in record["curves"].items():
        end, deepest = curve["log_equity"][-1], min(curve["drawdown"])
        fate = "lost" if end is None else f"grew to {number(math.exp(min(end, 700.0)), 2)}"
        parts.append(f"With {POLICIES[policy]} 1 {fate}, at worst {percent(deepest)} below a peak")
    return ". ".join(parts) + "."


def _time_axis(axes: Axes, days: Sequence[float], *, labelled: bool = True) -> None:
    """Limits and, where wanted, three dates: first, middle and last."""
    first, span = days[0], max(days[-1] - days[0], MIN_SPAN_DAYS)
    axes.set_xlim(first, first + span)
    if not labelled:
        axes.set_xticks([])
        return
    form = next(form for least, form in DATE_FORMS.items() if span >= least)
    places = [first, first + span / 2, first + span]
    axes.set_xticks(places, [(EPOCH + place * DAY).strftime(form) for place in places])
    start, _, end = axes.get_xticklabels()
    start.set_horizontalalignment("left")
    end.set_horizontalalignment("right")


def _days(moment: datetime) -> float:
    return (moment - EPOCH) / DAY
