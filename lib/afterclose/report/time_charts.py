"""Capital and drawdown of each policy, for evaluations from before money was counted."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from afterclose.dataset.columns import EPOCH
from afterclose.evaluating.track_record import TrackRecord
from afterclose.report.drawing import Chart, Panel
from afterclose.report.svg import Stroke
from afterclose.report.ticks import Limits, around, percent_ticks
from afterclose.wording.numbers import FIXED, POLICIES, number, percent

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

LINES: Final = {
    "rules_only": Stroke("rules", 1.7, (5, 2.5)),
    "rules_active": Stroke("active", 2.0, (1.6, 1.2)),
    "rules_ml": Stroke("ml", 2.2),
}
"""How each policy's line looks: told apart by its dashes as well as by its colour."""


def equity_chart(name: str, record: TrackRecord) -> str:
    """Capital and drawdown of each policy of a `TrackRecord`, at the times of its exits."""
    days = [_days(datetime.fromisoformat(moment)) for moment in record.exits]
    curves = record.curves
    logs = [log for curve in curves.values() for log in curve.log_equity]
    reached = [0.0, *(log for log in logs if log is not None)]  # None: the capital is lost
    deepest = min(-0.001, *(min(curve.drawdown) for curve in curves.values()))
    chart, span = Chart(name, 348), _span(days)
    equity = chart.panel(28, 196, x=span, y=around(reached))
    falls = chart.panel(230, 302, x=span, y=around([deepest, 0.0]))
    equity.y_ticks(equity_levels(min(reached), max(reached)))
    equity.level(0, Stroke("rules", 1))
    falls.y_ticks(percent_ticks(deepest, 0.0, most=3))
    falls.wash(days, curves["rules_ml"].drawdown, "ml")
    for policy, curve in curves.items():
        equity.line(days, curve.log_equity, LINES[policy])
        falls.line(days, curve.drawdown, LINES[policy])
    _date_axis(falls, span)
    falls.x_title("Date on which the trades ended (UTC)")
    equity.heading("Capital, all of it in each trade (start = 1)")
    falls.heading("Drawdown (%)")
    return chart.svg("Capital and drawdown over time", _equity_words(record))


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


def _equity_words(record: TrackRecord) -> str:
    parts = []
    for policy, curve in record.curves.items():
        end, deepest = curve.log_equity[-1], min(curve.drawdown)
        fate = "lost" if end is None else f"grew to {number(math.exp(min(end, 700.0)), 2)}"
        parts.append(f"With {POLICIES[policy]} 1 {fate}, at worst {percent(deepest)} below a peak")
    return ". ".join(parts) + "."


def _span(days: Sequence[float]) -> Limits:
    return days[0], max(days[-1], days[0] + MIN_SPAN_DAYS)


def _date_axis(panel: Panel, span: Limits) -> None:
    """Three dates: first, middle and last."""
    first, last = span
    form = next(form for least, form in DATE_FORMS.items() if last - first >= least)
    places = [first, (first + last) / 2, last]
    panel.x_ticks({at: (EPOCH + at * DAY).strftime(form) for at in places}, at_edges=True)


def _days(moment: datetime) -> float:
    return (moment - EPOCH) / DAY
