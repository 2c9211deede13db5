"""A sheet to draw one chart on, by matplotlib without its global state.

`Figure` objects on the SVG canvas, never pyplot: nothing is shared between two pages, and no
display is asked for. Text stays text, so that it can be selected, read aloud and set in the
page's font. Equal charts give equal bytes: ids are salted by the chart's name, no date, and
nobody's matplotlibrc counts.

Charts take no names from outside (features, symbols, reasons): those stand in the page's
tables, so nothing hostile can reach a drawing.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lib.report.svg import colour, for_page
from lib.report.words import count, percent

WIDTH: Final = 440
"""Of every chart, in CSS pixels: a phone shows it nearly as drawn."""

LEFT, RIGHT = 52, 14
"""Margins of a panel, in CSS pixels: room for the labels of its axis."""

STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "font.size": 12.5,
    "text.color": colour("muted"),
    "text.parse_math": False,
    "axes.edgecolor": colour("grid"),
    "axes.linewidth": 1.0,
    "axes.spines.left": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": colour("grid"),
    "ytick.color": colour("grid"),
    "xtick.labelcolor": colour("muted"),
    "ytick.labelcolor": colour("muted"),
    "xtick.major.size": 4,
    "ytick.major.size": 0,
    "grid.color": colour("grid"),
    "grid.linewidth": 1.0,
}

ROUNDING: Final = 1e-9

Ticks = dict[float, str]
"""Places on an axis and what is written there."""


@contextmanager
def house_style() -> Iterator[None]:
    """Draw as this project does, whatever the process or its user has set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


class Chart:
    """One drawing, ``height`` CSS pixels high, of panels one below the other."""

    def __init__(self, name: str, height: int) -> None:
        self.name, self.height = name, height
        # An inch is 72 units of an SVG by matplotlib, so that a unit is a pixel here.
        self.figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
        FigureCanvasSVG(self.figure)

    def panel(self, top: int, bottom: int) -> Axes:
        """Axes from ``top`` to ``bottom`` pixels below the drawing's upper edge."""
        width, height = WIDTH - LEFT - RIGHT, bottom - top
        return self.figure.add_axes(
            (LEFT / WIDTH, 1 - bottom / self.height, width / WIDTH, height / self.height),
            facecolor="none",
        )

    def svg(self, title: str, words: str) -> str:
        """The finished drawing as an element for a page (`svg.for_page`)."""
        written = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": self.name}):
            self.figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        return for_page(written.getvalue(), title=title, words=words, name=self.name)


def y_ticks(axes: Axes, ticks: Ticks) -> None:
    """Label the y axis and draw a grid line at each tick."""
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.grid(axis="y")


def percent_ticks(low: float, high: float, *, most: int) -> Ticks:
    """About ``most`` ticks from ``low`` to ``high``, written as percent."""
    places = _places(MaxNLocator(most, steps=[1, 2, 5, 10]), low, high)
    step = 100 * (places[1] - places[0])
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return {place: percent(place, digits) for place in _within(places, low, high)}


def count_ticks(largest: int, *, most: int) -> Ticks:
    """About ``most`` ticks from 0 to ``largest``, whole numbers."""
    places = _places(MaxNLocator(most, integer=True), 0, largest)
    return {place: count(round(place)) for place in _within(places, 0, largest)}


def heading(axes: Axes, text: str) -> None:
    """What a panel shows, above it, where its labels begin."""
    axes.annotate(
        text, (0, 1), xytext=(4 - LEFT, 9), xycoords="axes fraction", textcoords="offset points",
        ha="left", va="bottom", color=colour("ink"),
    )  # fmt: skip


def _places(locator: MaxNLocator, low: float, high: float) -> list[float]:
    return [float(place) for place in locator.tick_values(low, high)]


def _within(places: list[float], low: float, high: float) -> list[float]:
    return [place for place in places if low - ROUNDING <= place <= high + ROUNDING]
