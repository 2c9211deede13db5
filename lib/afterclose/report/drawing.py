"""Charts of panels, one below the other: values to pixels, and the looks that all share.

Charts take no names from outside (features, symbols, reasons): those stand in the page's
tables, so nothing hostile can reach a drawing.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final, Literal

from afterclose.report.svg import Drawing, Point, Role, Stroke
from afterclose.report.ticks import Limits, Ticks

WIDTH: Final = 440
"""Of every chart, in CSS pixels: a phone shows it nearly as drawn."""

LEFT, RIGHT = 52, 14
"""Margins of a panel, in CSS pixels: room for the labels of its axis."""

GRID: Final = Stroke("grid", 1)

Values = Sequence[float | None]
"""What a line goes through; it is interrupted at None and NaN."""


class Chart:
    """One drawing, ``height`` CSS pixels high, of panels one below the other."""

    def __init__(self, name: str, height: int) -> None:
        self._drawing = Drawing(name, WIDTH, height)

    def panel(self, top: int, bottom: int, *, x: Limits, y: Limits) -> "Panel":
        """A panel from ``top`` to ``bottom`` pixels below the drawing's upper edge."""
        return Panel(self._drawing, top, bottom, x, y)

    def svg(self, title: str, words: str) -> str:
        """The finished drawing as an element for a page (`Drawing.element`)."""
        return self._drawing.element(title, words)


class Panel:
    """A rectangle of a chart, ``top`` to ``bottom`` pixels below its upper edge.

    ``x`` and ``y`` are the values at its left and right, and at its lower and upper edge.
    """

    def __init__(self, drawing: Drawing, top: int, bottom: int, x: Limits, y: Limits) -> None:
        self._drawing, self._top, self._bottom, self._x, self._y = drawing, top, bottom, x, y

    def line(self, xs: Sequence[float], ys: Values, stroke: Stroke) -> None:
        """A line through the points that have a value."""
        runs = groupby(zip(xs, ys, strict=True), key=lambda point: _is_known(point[1]))
        known = (
            [self._at(x, y) for x, y in run if y is not None]
            for has_value, run in runs
            if has_value
        )
        self._drawing.lines(known, stroke)

    def wash(self, xs: Sequence[float], ys: Sequence[float], role: Role) -> None:
        """A pale area between a line and 0."""
        ends = [self._at(xs[-1], 0), self._at(xs[0], 0)]
        points = [self._at(x, y) for x, y in zip(xs, ys, strict=True)]
        self._drawing.area([*points, *ends], role)

    def block(self, x: Limits, y: Limits, role: Role) -> None:
        """A filled rectangle."""
        self._drawing.block(self._at(x[0], y[0]), self._at(x[1], y[1]), role)

    def dot(self, x: float, y: float | None, role: Role) -> None:
        """A point, if it has a value."""
        if y is not None and _is_known(y):
            self._drawing.dot(self._at(x, y), role)

    def level(self, y: float, stroke: Stroke) -> None:
        """A line from the left edge to the right."""
        self._drawing.lines([[self._at(self._x[0], y), self._at(self._x[1], y)]], stroke)

    def mark(self, x: float, stroke: Stroke, label: str, *, left: bool) -> None:
        """A line from the lower edge to the upper, ``label`` beside its end."""
        self._drawing.lines([[self._at(x, self._y[0]), self._at(x, self._y[1])]], stroke)
        place = (self._at(x, 0)[0] + (-5 if left else 5), self._top + 13)
        if label:
            self._drawing.text(place, label, "ink", "end" if left else "start")

    def heading(self, text: str) -> None:
        """What the panel shows, above it, where its labels begin."""
        self._drawing.text((4, self._top - 12), text, "ink")

    def x_title(self, text: str) -> None:
        """What the x axis shows, with its unit, below its labels."""
        self._drawing.text((LEFT, self._bottom + 36), text, "muted")

    def y_ticks(self, ticks: Ticks) -> None:
        """Label the y axis and draw a grid line at each tick."""
        for value, label in ticks.items():
            self.level(value, GRID)
            place = (LEFT - 4, self._at(0, value)[1] + 4.5)
            self._drawing.text(place, label, "muted", "end")

    def x_ticks(self, ticks: Ticks, *, at_edges: bool = False) -> None:
        """Draw and label the x axis; ``at_edges`` the outer labels stay within the panel."""
        base = float(self._bottom)
        self._drawing.lines([[(LEFT, base), (WIDTH - RIGHT, base)]], GRID)
        for position, (value, label) in enumerate(ticks.items()):
            x = self._at(value, 0)[0]
            self._drawing.lines([[(x, base), (x, base + 4)]], GRID)
            anchor: Literal["start", "middle", "end"] = "middle"
            if at_edges and position in (0, len(ticks) - 1):
                anchor = "end" if position else "start"
            self._drawing.text((x, base + 18), label, "muted", anchor)

    def _at(self, x: float, y: float) -> Point:
        right = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        width, height = WIDTH - LEFT - RIGHT, self._bottom - self._top
        return LEFT + right * width, self._bottom - up * height


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
