"""Drawings on a page: roles instead of colours, no style attribute, words for the blind."""

import re

import pytest

from lib.report.svg import ROLES, colour, for_page

DRAWING = f"""<?xml version="1.0" encoding="utf-8"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"
     width="331pt" height="216pt" viewBox="0 0 331 216" version="1.1">
 <metadata>made by</metadata>
 <defs><style type="text/css">*{{stroke-linejoin: round}}</style></defs>
 <g id="axes_1">
  <path id="used" d="M 45.916364 121.641957 L -0.04 7"
        style="fill: none; stroke: {colour("ml")}; stroke-width: 1.5"/>
  <use xlink:href="#used" style="fill: {colour("good")}"/>
  <text x="1.234567" style="font-size: 12.5px; font-family: 'DejaVu Sans'; text-anchor: end"
        transform="rotate(-0 1.2 2.3)">a &lt; b</text>
 </g>
</svg>"""


@pytest.fixture(scope="module")
def element() -> str:
    return for_page(DRAWING, title="T", words="W & <w>", name="chart")


def test_colours_become_the_classes_of_their_roles(element: str) -> None:
    assert 'class="s-ml"' in element
    assert 'class="f-good"' in element
    assert not re.search("#[0-9a-f]{6}", element)


def test_nothing_is_left_that_a_strict_policy_would_block(element: str) -> None:
    assert "style" not in element
    assert "xlink" not in element
    assert "xmlns" not in element
    assert 'href="#used"' in element


def test_a_screen_reader_hears_the_title_and_the_words(element: str) -> None:
    assert 'role="img" aria-labelledby="chart-title chart-words"' in element
    assert '<title id="chart-title">T</title>' in element
    assert '<desc id="chart-words">W &amp; &lt;w&gt;</desc>' in element


def test_only_ids_that_are_used_stay(element: str) -> None:
    assert set(re.findall(r'id="([^"]+)"', element)) == {"used", "chart-title", "chart-words"}


def test_numbers_are_as_long_as_a_screen_can_show(element: str) -> None:
    assert 'd="M 45.9 121.6 L -0.0 7"' in element
    assert 'x="1.2"' in element
    assert "rotate" not in element
    assert 'font-size="12.5"' in element
    assert "metadata" not in element


def test_every_role_has_a_colour_of_its_own() -> None:
    assert len({colour(role) for role in ROLES}) == len(ROLES)
