"""A chart over time, as wide as its page on any screen, which a reader can point at and zoom.

It stands in the page as a drawing, so that paper, screen readers and a browser without scripts
have it; `chart.js` then adds the crosshair and redraws what is zoomed into, from the same
values. A plot is an `<svg>` of its own whose units stretch, while text and lines keep their
size: one drawing fits a phone and a wall. Charting libraries were tried and not taken: uPlot
(51 kB, a canvas) prints as pixels, has no text to select or read aloud and needs its colours
twice for dark pages; lightweight-charts (190 kB) writes a style element, which the pages'
policy forbids.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal, NamedTuple
from xml.etree import ElementTree as ET

import msgspec

from afterclose.report.svg import Role, Stroke, short
from afterclose.report.ticks import Limits, Ticks, amount_ticks, around, count_ticks, percent_ticks
from afterclose.wording.money import amount
from afterclose.wording.numbers import FIXED, count, percent

Unit = Literal["money", "percent", "count"]

LEFT, TOP = 70, 26
"""Room beside and above a plot, in CSS pixels; `style.css` leaves it to the left of a drawing."""

WIDE, HIGH = 10_000, 1_000
"""A plot's own units, whatever its size on the screen."""

GAP_PX: Final = 22
"""Between a panel and the axis title of the next."""

FOOT_PX: Final = 44
"""Below the last panel: dates, and what they are."""

EPOCH_DAY: Final = date(1970, 1, 1)

LONG_DAYS: Final = 900
"""A span from which on years are marked, instead of months or days."""

MOST_DATES: Final = 8

FORMS: Final[dict[Unit, Callable[[float], str]]] = {
    "money": amount,
    "percent": lambda value: percent(value, 1),
    "count": lambda value: count(round(value)),
}
"""How a value of each unit is written beside a name."""


class Series(NamedTuple):
    """One line: its name in words, how it looks, and a value a day, None where there is none."""

    label: str
    stroke: Stroke
    values: Sequence[float | None]


class Panel(NamedTuple):
    """One plot: its axis title with the unit, its lines, and a level to compare them with.

    ``log`` says that the axis can be a logarithmic one: all values are above 0.
    """

    title: str
    unit: Unit
    series: Sequence[Series]
    height: int
    level: float | None = None
    log: bool = False


class Named(NamedTuple):
    """One entry of the legend; ``value`` is the newest of the first panel."""

    label: str
    role: Role
    value: str


class TimeChart(NamedTuple):
    """A chart ready for a page: the drawing, the same values for the script, and the legend.

    ``jumps`` says that the page lists the trades that a click on the chart finds.
    """

    name: str
    label: str
    svg: str
    data: str
    until: str
    legend: list[Named]
    log: bool
    jumps: bool = False


def time_chart(
    name: str,
    label: str,
    days: Sequence[int],
    panels: Sequence[Panel],
    words: str,
    *,
    dates: str = "Date on which the trades ended (UTC)",
) -> TimeChart:
    """Draw ``panels`` over ``days`` (since 1970, ascending).

    ``words`` say it without eyes, ``dates`` is the title of the time axis.
    """
    span = float(days[0]), float(max(days[-1], days[0] + 1))
    svg = ET.Element(
        "svg", {"class": "time", "role": "img", "aria-labelledby": f"{name}-title {name}-words"}
    )
    ET.SubElement(svg, "title", id=f"{name}-title").text = label
    ET.SubElement(svg, "desc", id=f"{name}-words").text = words
    top = 0
    for panel in panels:
        _draw(svg, top, panel, days, span)
        top += TOP + panel.height + GAP_PX
    bottom = top - GAP_PX
    _dates(svg, bottom, span, dates)
    svg.set("height", str(bottom + FOOT_PX))
    first = panels[0]
    return TimeChart(
        name=name,
        label=label,
        svg=ET.tostring(svg, encoding="unicode"),
        data=_data(days, panels),
        until=day_words(days[-1]),
        legend=[
            Named(one.label, one.stroke.role, _newest(one.values, FORMS[first.unit]))
            for one in first.series
        ],
        log=any(panel.log for panel in panels),
    )


def day_words(day: int) -> str:
    """`1 Mar 2013` of a day since 1970."""
    moment = EPOCH_DAY + timedelta(days=day)
    return f"{moment.day}{FIXED}{moment:%b}{FIXED}{moment:%Y}"


def date_ticks(first: float, last: float) -> Ticks:
    """Days at which a year, a month or a day begins, at most `MOST_DATES`, and their names."""
    start, end = (EPOCH_DAY + timedelta(days=int(day)) for day in (first, last))
    if last - first > LONG_DAYS:
        every = -(-(end.year - start.year) // MOST_DATES)
        years = range(start.year + 1, end.year + 1)
        marks = [(date(year, 1, 1), str(year)) for year in years if year % every == 0]
    elif last - first > MOST_DATES * 7:
        months = [divmod(at, 12) for at in range(start.year * 12, end.year * 12 + 12)]
        begun = [date(year, month + 1, 1) for year, month in months]
        shown = [day for day in begun if start <= day <= end]
        every = -(-len(shown) // MOST_DATES)
        marks = [(day, f"{day:%b}{FIXED}{day:%Y}") for day in shown[::every]]
    else:
        every = -(-int(last - first + 1) // MOST_DATES)
        run = [start + timedelta(days=at) for at in range(0, int(last - first) + 1, every)]
        marks = [(day, f"{day.day}{FIXED}{day:%b}") for day in run]
    return {float((day - EPOCH_DAY).days): words for day, words in marks}


def _draw(svg: ET.Element, top: int, panel: Panel, days: Sequence[int], span: Limits) -> None:
    known = [value for one in panel.series for value in one.values if value is not None]
    known += [] if panel.level is None else [panel.level]
    low, high = around(known or [0.0])
    _text(svg, str(-LEFT), top + 14, panel.title, "axis f-soft")
    group = ET.SubElement(svg, "g", {"class": "levels"})
    plot = ET.SubElement(
        svg,
        "svg",
        {
            "class": "plot",
            "aria-hidden": "true",
            "y": str(top + TOP),
            "width": "100%",
            "height": str(panel.height),
            "viewBox": f"0 0 {WIDE} {HIGH}",
            "preserveAspectRatio": "none",
        },
    )
    grid = []
    for value, label in _ticks(panel.unit, min(known, default=0.0), max(known, default=1.0)):
        up = (high - value) / (high - low)
        grid.append(f"M0 {short(HIGH * up)}H{WIDE}")
        _text(group, "-8", top + TOP + panel.height * up + 4, label, "f-muted end")
    _line(plot, "".join(grid), Stroke("grid", 1))
    if panel.level is not None:
        at = short(HIGH * (high - panel.level) / (high - low))
        _line(plot, f"M0 {at}H{WIDE}", Stroke("muted", 1, (2, 3))).set("data-level", "")
    for one in panel.series:
        run = _path(days, one.values, span, (low, high))
        _line(plot, run, one.stroke).set("data-series", "")


def _path(days: Sequence[int], values: Sequence[float | None], span: Limits, limits: Limits) -> str:
    steps, pen = [], "M"
    across, up = WIDE / (span[1] - span[0]), HIGH / (limits[1] - limits[0])
    for day, value in zip(days, values, strict=True):
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{short((day - span[0]) * across)} {short((limits[1] - value) * up)}")
        pen = "L"
    return "".join(steps)


def _dates(svg: ET.Element, bottom: int, span: Limits, title: str) -> None:
    axis = ET.SubElement(
        svg,
        "svg",
        {
            "class": "dates",
            "aria-hidden": "true",
            "y": str(bottom),
            "width": "100%",
            "height": "22",
        },
    )
    axis.set("y", str(bottom))
    for day, label in date_ticks(*span).items():
        at = f"{100 * (day - span[0]) / (span[1] - span[0]):.2f}%"
        ET.SubElement(axis, "line", {"x1": at, "x2": at, "y1": "0", "y2": "5", "class": "s-muted"})
        _text(axis, at, 18, label, "f-muted mid")
    _text(svg, "0", bottom + 38, title, "axis f-soft")


def _line(plot: ET.Element, path: str, stroke: Stroke) -> ET.Element:
    looks = {
        "d": path or "M0 0",
        "class": f"s-{stroke.role}",
        "stroke-width": short(stroke.width_px),
    }
    if stroke.dashes:
        looks["stroke-dasharray"] = " ".join(short(stroke.width_px * d) for d in stroke.dashes)
    return ET.SubElement(plot, "path", looks)


def _text(parent: ET.Element, x: str, y: float, words: str, looks: str) -> None:
    ET.SubElement(parent, "text", {"x": x, "y": short(y), "class": looks}).text = words


def _ticks(unit: Unit, low: float, high: float) -> Iterable[tuple[float, str]]:
    if unit == "percent":
        return percent_ticks(low, high, most=4).items()
    if unit == "count":
        return count_ticks(round(high), most=4).items()
    return amount_ticks(low, high, most=5).items()


def _newest(values: Sequence[float | None], form: Callable[[float], str]) -> str:
    known = [value for value in values if value is not None]
    return form(known[-1]) if known else ""


def _data(days: Sequence[int], panels: Sequence[Panel]) -> str:
    """What `chart.js` reads; no text in it can end the element that it stands in."""
    plain: dict[str, Any] = {
        "days": list(days),
        "panels": [
            {
                "unit": panel.unit,
                "log": panel.log,
                "level": panel.level,
                "series": [[_exact(value) for value in one.values] for one in panel.series],
            }
            for panel in panels
        ],
    }
    return msgspec.json.encode(plain).decode().replace("<", "\\u003c")


def _exact(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
