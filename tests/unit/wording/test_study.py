"""A study's section, and its place in a page."""

from typing import Any

import pytest

from afterclose.wording.study import page_with, study_text

MEASURES = (
    "trades", "bad_trades", "bad_share", "win_rate", "expectancy", "total_pnl", "profit_factor",
    "max_drawdown", "expected_shortfall_5", "sharpe_per_trade",
)  # fmt: skip


def study(expectancy: tuple[float, float, float] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "data": "prices.csv",
        "recipe": [],
        "calendar": "XNYS",
        "symbols": 3,
        "first_session": "2013-02-08",
        "last_session": "2018-02-07",
        "bars_left_out": {"missing value": 2},
        "trades": 500,
        "cycles": 60,
        "candidates": 40,
        "refused": {"luck_of_all_nights": 39},
        "promotions": [],
        "after_promotion": 0,
        "blocked": 0,
        "rules_only": dict.fromkeys(MEASURES, 0),
        "rules_ml": dict.fromkeys(MEASURES, 0),
        "differences": {},
    }
    if expectancy:
        value, low, high = expectancy
        found |= {
            "promotions": [{"model_id": "20160131_210000", "session": "2016-01-29"}],
            "after_promotion": 300,
            "blocked": 30,
            "differences": {"expectancy": {"value": value, "low": low, "high": high}},
        }
    return found


def test_without_a_promotion_it_says_so_and_shows_no_table() -> None:
    assert study_text(study()).splitlines()[3:] == [
        "Sessions: 2013-02-08 to 2018-02-07, calendar XNYS | Symbols: 3",
        "Bars left out, missing value: 2",
        "Trades of the rules: 500",
        "Cycles: 60, one a month | Candidates: 40 | Promoted: 0",
        "Candidates refused, by gate (one may be refused by several):",
        "  luck of all nights: 39",
        "",
        "No candidate passed every gate: the rules traded alone, and nothing changed.",
    ]


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ((0.002, 0.001, 0.003), "higher with the filter, beyond luck"),
        ((-0.002, -0.003, -0.001), "lower with the filter, beyond luck"),
        ((0.002, -0.001, 0.003), "higher with the filter, but the interval holds 0"),
        ((-0.001, -0.002, 0.003), "lower with the filter, but the interval holds 0"),
        ((0.0, 0.0, 0.0), "the same, but the interval holds 0"),
        ((0.1, None, None), "too few trades to tell"),
    ],
)
def test_the_reading_says_what_the_interval_allows(difference: Any, words: str) -> None:
    text = study_text(study(difference))
    assert f"Expectancy: {words}" in text
    assert "  20160131_210000 after 2016-01-29" in text
    assert "active: 300, of which 30 were blocked" in text
    assert any(line.startswith("Max Drawdown") for line in text.splitlines())


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
