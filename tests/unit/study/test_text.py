"""A study's section, what it allows itself to say, and its place in a page."""

import pytest

from afterclose.evaluating.comparison import Difference
from afterclose.study.text import page_with, reading, title_of


def difference(value: float | None, low: float | None, high: float | None) -> Difference:
    return Difference(value=value, low=low, high=high, resamples=100)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (difference(20.0, 10.0, 30.0), "made money, beyond luck"),
        (difference(-20.0, -30.0, -10.0), "cost money, beyond luck"),
        (difference(20.0, -1.0, 30.0), "the interval holds 0"),
        (difference(-1.0, -20.0, 3.0), "the interval holds 0"),
        (difference(20.0, None, None), "too few decisions"),
        (None, "too few decisions"),
    ],
)
def test_the_reading_says_what_the_interval_allows(change: Difference | None, words: str) -> None:
    assert words in reading(change, 100)


def test_a_handful_of_decisions_is_never_called_beyond_luck() -> None:
    made = difference(2_155.0, 224.0, 4_371.0)
    assert reading(made, 29) == "The filter has met 29 decisions, too few to tell it from luck."
    assert "beyond luck" in reading(made, 100)


def test_a_recipe_is_part_of_the_title() -> None:
    assert title_of("a.csv", []) == "a.csv"
    assert title_of("a.csv", ["ML_TARGET=r"]) == "a.csv, ML_TARGET=r"


def test_a_page_gets_the_section_once_and_keeps_everything_else() -> None:
    page = page_with("# Study\n\nBefore.\n", "a.csv", "one")
    page = page_with(page, "b.csv", "other") + "\nBehind.\n"
    again = page_with(page, "a.csv", r"two \1")
    assert again == page.replace("\none\n", "\ntwo \\1\n")
    assert again.count("<!-- study of a.csv -->") == 1
    assert again.startswith("# Study\n\nBefore.\n\n<!-- study of a.csv -->\n```text\ntwo")


def test_an_empty_page_becomes_the_section() -> None:
    assert page_with("", "a.csv", "one") == (
        "<!-- study of a.csv -->\n```text\none\n```\n<!-- end of study -->\n"
    )
