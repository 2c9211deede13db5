"""Drawings on a page: roles instead of colours, no style attribute, words for the blind."""

import math
from xml.etree import ElementTree as ET

import pytest

from afterclose.report.svg import Drawing, Stroke, short


@pytest.fixture
def drawing() -> Drawing:
    return Drawing("chart", 331, 216)


def elements(drawing: Drawing) -> list[ET.Element]:
    """What was drawn, without the words for a screen reader."""
    drawn = ET.fromstring(drawing.element("T", "W"))  # noqa: S314 - written a moment ago
    return list(drawn)[2:]


def path_of(drawing: Drawing) -> str | None:
    return elements(drawing)[0].get("d")


def test_a_role_is_a_class_and_no_colour_or_style_is_written(drawing: Drawing) -> None:
    drawing.lines([[(0, 0), (9, 9)]], Stroke("ml", 2.2))
    drawing.block((0, 0), (9, 9), "good")
    drawing.text((1, 2), "a", "muted")
    assert [found.get("class") for found in elements(drawing)] == ["s-ml", "f-good", "f-muted"]
    written = drawing.element("T", "W")
    assert "style" not in written
    assert "#" not in written


def test_a_screen_reader_hears_the_title_and_the_words(drawing: Drawing) -> None:
    element = drawing.element("T", "W & <w>")
    assert element.startswith(
        '<svg viewBox="0 0 331 216" role="img" aria-labelledby="chart-title chart-words">'
        '<title id="chart-title">T</title><desc id="chart-words">W &amp; &lt;w&gt;</desc>'
    )


def test_text_is_escaped(drawing: Drawing) -> None:
    drawing.text((1.26, 2), "a < b", "ink", "end")
    expected = (
        '<text x="1.3" y="2" font-size="12.5" text-anchor="end" class="f-ink">a &lt; b</text>'
    )
    assert expected in drawing.element("T", "W")


def test_dashes_grow_with_the_width_of_their_line(drawing: Drawing) -> None:
    drawing.lines([[(0, 0), (9, 9)]], Stroke("rules", 2, (5, 2.5)))
    assert elements(drawing)[0].get("stroke-dasharray") == "10 5"


def test_each_run_of_points_is_a_line_of_its_own(drawing: Drawing) -> None:
    drawing.lines([[(0, 0), (1, 1)], [(5, 5)], [(8, 8), (9, 9)]], Stroke("ml", 1))
    assert path_of(drawing) == "M0 0L1 1M8 8L9 9"


def test_no_line_is_drawn_through_less_than_two_points(drawing: Drawing) -> None:
    drawing.lines([[(5, 5)], []], Stroke("ml", 1))
    assert elements(drawing) == []


def test_points_within_a_level_stretch_are_left_out(drawing: Drawing) -> None:
    drawing.lines([[(0, 7), (1, 7), (2, 7.01), (3, 7), (4, 0), (5, 0)]], Stroke("ml", 1))
    assert path_of(drawing) == "M0 7L3 7L4 0L5 0"


def test_an_area_is_closed(drawing: Drawing) -> None:
    drawing.area([(0, 0), (4, 1), (4, 0)], "ml")
    assert path_of(drawing) == "M0 0L4 1L4 0Z"


def test_a_block_may_be_given_by_any_two_corners(drawing: Drawing) -> None:
    drawing.block((9, 1), (4, 8), "bad")
    sides = ("x", "y", "width", "height")
    assert [elements(drawing)[0].get(side) for side in sides] == ["4", "1", "5", "7"]


@pytest.mark.parametrize(
    ("pixels", "written"),
    [(45.916364, "45.9"), (7, "7"), (6.98, "7"), (-0.04, "0"), (-1.25, "-1.2"), (1e3, "1000")],
)
def test_numbers_are_as_long_as_a_screen_can_show(pixels: float, written: str) -> None:
    assert short(pixels) == written
    assert math.isclose(float(written), pixels, abs_tol=0.0501)
