"""A drawing as part of a page: its colours are the page's, and it obeys the page's CSP.

A page that is light or dark by the reader's wish, and allows no style but its own, can use no
fixed colour and no `style` attribute, which is what plotting libraries write; nor should a
night's work wait for one to be imported, which takes longer than drawing. So a colour is a
role here, and a role is a CSS class. Text stays text: it can be selected, read aloud and set in
the page's font. Equal drawings give equal bytes.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple
from xml.etree import ElementTree as ET

Role = Literal["ink", "muted", "grid", "rules", "ml", "active", "held", "good", "bad", "tint"]
"""What a colour is for; `style.css` has the classes `f-ROLE` (fill) and `s-ROLE` (stroke)."""

FONT_PX: Final = 12.5

WASH: Final = "0.15"
"""Opacity of the area below a curve."""

Point = tuple[float, float]
"""Right and down from the drawing's upper left corner, in CSS pixels."""


class Stroke(NamedTuple):
    """How a line looks; ``dashes`` are lengths drawn and left out, in widths of the line."""

    role: Role
    width_px: float
    dashes: tuple[float, ...] = ()


class Drawing:
    """An `<svg>` element in the making, ``width`` x ``height`` CSS pixels.

    What is drawn later covers what is there. Text must come from this package; it is escaped
    all the same.
    """

    def __init__(self, name: str, width: float, height: float) -> None:
        """``name`` is unique within the page."""
        self.name = name
        self._root = ET.Element("svg", viewBox=f"0 0 {short(width)} {short(height)}")

    def lines(self, runs: Iterable[list[Point]], stroke: Stroke) -> None:
        """A line through each run of points; none for a run of less than two."""
        path = "".join(_path(run) for run in runs if len(run) > 1)
        if path:
            looks = {
                "class": f"s-{stroke.role}",
                "fill": "none",
                "stroke-width": short(stroke.width_px),
                "stroke-linejoin": "round",
            }
            if stroke.dashes:
                gaps = (short(stroke.width_px * dash) for dash in stroke.dashes)
                looks["stroke-dasharray"] = " ".join(gaps)
            self._add("path", {"d": path, **looks})

    def area(self, outline: list[Point], role: Role) -> None:
        """A pale area within ``outline``."""
        self._add("path", {"d": f"{_path(outline)}Z", "class": f"f-{role}", "fill-opacity": WASH})

    def block(self, one: Point, other: Point, role: Role) -> None:
        """A filled rectangle between two opposite corners."""
        (left, right), (top, bottom) = (sorted(ends) for ends in zip(one, other, strict=True))
        size = {"width": short(right - left), "height": short(bottom - top)}
        self._add("rect", {"x": short(left), "y": short(top), **size, "class": f"f-{role}"})

    def dot(self, centre: Point, role: Role) -> None:
        """A filled circle."""
        x, y = map(short, centre)
        self._add("circle", {"cx": x, "cy": y, "r": "4", "class": f"f-{role}"})

    def text(
        self, at: Point, text: str, role: Role, anchor: Literal["start", "middle", "end"] = "start"
    ) -> None:
        """A line of text; its baseline is at ``at``, which ``anchor`` of it touches."""
        x, y = map(short, at)
        place = {"x": x, "y": y, "font-size": str(FONT_PX), "text-anchor": anchor}
        self._add("text", {**place, "class": f"f-{role}"}).text = text

    def element(self, title: str, words: str) -> str:
        """The markup; ``title`` and ``words`` are what a screen reader says instead of it."""
        spoken = [ET.Element("title", id=f"{self.name}-title")]
        spoken.append(ET.Element("desc", id=f"{self.name}-words"))
        spoken[0].text, spoken[1].text = title, words
        said_by = f"{self.name}-title {self.name}-words"
        root = ET.Element("svg", self._root.attrib | {"role": "img", "aria-labelledby": said_by})
        root.extend([*spoken, *self._root])
        return ET.tostring(root, encoding="unicode")

    def _add(self, tag: str, attributes: dict[str, str]) -> ET.Element:
        return ET.SubElement(self._root, tag, attributes)


def short(pixels: float) -> str:
    """A length as exact as a screen can show it: `45.9`, `7`."""
    text = f"{pixels:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _path(points: list[Point]) -> str:
    written = [(short(x), short(y)) for x, y in points]
    turns = (  # a point on a level stretch changes nothing, and most trades make no new peak
        here
        for before, here, after in zip(written, written[1:], written[2:], strict=False)
        if not before[1] == here[1] == after[1]
    )
    kept = [written[0], *turns, written[-1]]
    return "M" + "L".join(f"{x} {y}" for x, y in kept)
