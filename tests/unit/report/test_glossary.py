"""No page shows a measure that it does not explain."""

import re
from html import unescape
from pathlib import Path

import pytest

from afterclose.report.glossary import GLOSSARY
from report_builders import MODELS, publish_scope

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


SCOPE_NAMES = {
    "Model", "State", "Registered", "Gates", "Session", "Outcome", "What happened", "Started",
    "Took", "Entry", "Filter", "What came of it", "Asked every night", "Answer",
}  # fmt: skip
"""The same of the scope's page."""


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_scope(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def page(scope: Path) -> str:
    newest = max(scope.glob("ml_models/*/report.html"))
    return newest.read_text(encoding="utf-8")


def test_every_measure_on_a_candidates_page_has_an_entry(page: str) -> None:
    found = {SAME.get(label, label) for label in labels(page)} - NAMES - MONTHS - {""}
    assert found - set(GLOSSARY) == set()
    assert len(found) > 25


def test_every_measure_on_the_scopes_page_has_an_entry_there(scope: Path) -> None:
    page = unescape((scope / "index.html").read_text(encoding="utf-8"))
    plain = {re.sub(r"<[^>]+>", "", head).strip()
             for head in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)}  # fmt: skip
    measures = plain - SCOPE_NAMES - {""}
    assert [name for name in sorted(measures) if f"<dt>{name}</dt>" not in page] == []
    assert len(measures) > 5


def test_every_measure_on_the_page_of_two_models_has_an_entry_there(scope: Path) -> None:
    (path,) = scope.rglob("compare_*.html")
    page = path.read_text(encoding="utf-8")
    measures = labels(page) | set(re.findall(r'<tr><th scope="row">([^<]+)</th>', page))
    years = {name for name in measures if re.fullmatch(r"\d{4}", name)}
    found = (
        {SAME.get(name, name) for name in measures} - NAMES - MONTHS - years - set(MODELS) - {""}
    )
    assert found <= set(GLOSSARY)
    assert {"Net PnL", "Drawdown", "Exposure", "Second less first", "Bad Share"} <= found
    assert [name for name in sorted(found) if f"<dt>{name}</dt>" not in unescape(page)] == []


def test_every_entry_is_on_the_page_with_its_meaning(page: str) -> None:
    for name, meaning in GLOSSARY.items():
        assert f"<dt>{name}</dt>" in unescape(page)
        assert meaning in unescape(page)
