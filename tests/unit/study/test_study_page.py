"""What the study's page and README say in words stands in the sections that the command wrote."""

import re

import pytest

from repository import REPOSITORY

PAGE = (REPOSITORY / "docs" / "study.md").read_text(encoding="utf-8")
WORDS, _, SECTIONS = PAGE.partition("## Results, as they came out")
FIGURE = r"([+-]\d+\.\d) \(([+-]\d+\.\d) to ([+-]\d+\.\d)\)"
FOUND = {" ".join(line.split()) for line in SECTIONS.splitlines()}


@pytest.mark.parametrize("row", [line for line in WORDS.splitlines() if re.search(FIGURE, line)])
def test_a_figure_in_the_tables_is_one_that_came_out(row: str) -> None:
    for value, low, high in re.findall(FIGURE, row):
        assert any(f"{value} | {low} to {high}" in line for line in FOUND), row


def test_every_recipe_that_was_studied_is_in_the_tables() -> None:
    titles = re.findall(r"<!-- study of [^,\n]+, (ML_[^\n]+) -->", SECTIONS)
    assert len(titles) == 12
    for title in titles:
        named = ", ".join(f"`{setting}`" for setting in title.split(", "))
        assert WORDS.count(f"| {named} |") == 2


def test_readme_quotes_the_studys_figures() -> None:
    readme = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
    paragraph = readme[readme.index("**When to try `r`.**") : readme.index("- **Volatility.**")]
    quoted = re.findall(
        r"([+-]\d+\.\d)[^()+]*\((?:95 %: )?([+-]\d+\.\d) to ([+-]\d+\.\d)\)", paragraph
    )
    assert len(quoted) == 3
    for value, low, high in quoted:
        assert any(
            line.startswith("ML_TARGET=r |") and line.endswith(f"{value} | {low} to {high}")
            for line in FOUND
        )
