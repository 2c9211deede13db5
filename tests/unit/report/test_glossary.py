"""No page shows a measure that it does not explain."""

import re
from html import unescape

import pytest

from afterclose.report.glossary import GLOSSARY
from report_builders import publish_scope

NAMES = {
    "Account", "Decided", "Ended", "Distribution", "Feature", "Found and needed", "From", "Gate",
    "Holding time",
    "How it ended", "In words", "Interval as a bar", "Kept as a bar", "Measure", "Rules+ML less",
    "Side", "Strategy", "Symbol", "Trade", "Weekday of the decision", "Weight as a bar", "Window",
    "Difference as a bar", "Year", "Month",
}  # fmt: skip
"""Heads of columns that name something and measure nothing."""

SAME = {
    "Rules only": "Rules alone", "Rules+ML": "This model", "Active model": "This model",
    "Date on which the trades ended": "",
}  # fmt: skip
"""Other words for an entry."""

MONTHS = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}


def labels(page: str) -> set[str]:
    """What stands at the head of columns, over the tiles, and beside the axes over time."""
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)
    tiles = re.findall(r'<span class="label">(.*?)</span>', page)
    axes = re.findall(r'<text [^>]*class="axis f-soft"[^>]*>(.*?)</text>', page)
    plain = (re.sub(r"<[^>]+>", "", text) for text in (*heads, *tiles, *axes))
    return {re.split(r" \(|, over|: ", unescape(text))[0].strip() for text in plain} - {""}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = publish_scope(tmp_path_factory.mktemp("logs"))
    newest = max(root.glob("ml_models/*/report.html"))
    return newest.read_text(encoding="utf-8")


def test_every_measure_on_a_candidates_page_has_an_entry(page: str) -> None:
    found = {SAME.get(label, label) for label in labels(page)} - NAMES - MONTHS - {""}
    assert found - set(GLOSSARY) == set()
    assert len(found) > 25


def test_every_entry_is_on_the_page_with_its_meaning(page: str) -> None:
    for name, meaning in GLOSSARY.items():
        assert f"<dt>{name}</dt>" in unescape(page)
        assert meaning in unescape(page)
