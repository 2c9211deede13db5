"""Charts over time: what is drawn, what the script gets, and the dates below."""

import json
from datetime import date
from xml.etree import ElementTree as ET

from afterclose.report.svg import Stroke
from afterclose.report.time_chart import Panel, Series, TimeChart, date_ticks, time_chart

SVG = "{http://www.w3.org/2000/svg}"


def chart(**changes: object) -> TimeChart:
    line = Series("rules alone", Stroke("rules", 1.8), [100.0, None, 300.0, 200.0])
    panel = Panel("Value (money)", "money", [line], height=100, level=100.0)._replace(**changes)
    return time_chart("c", "Value", [10, 11, 12, 14], [panel], "It went up.")


def test_a_line_is_interrupted_where_there_is_no_value_and_fills_the_plot() -> None:
    drawing = ET.fromstring(chart().svg)  # noqa: S314 - our own
    (line,) = (path for path in drawing.iter("path") if "data-series" in path.attrib)
    first, second = line.attrib["d"].split("M")[1:]
    assert first.startswith("0 ")
    assert second.endswith("L10000 " + second.split("L10000 ")[1])
    assert line.attrib["class"] == "s-rules"


def test_the_script_gets_the_values_and_nothing_that_ends_its_element() -> None:
    made = chart()
    assert json.loads(made.data) == {
        "days": [10, 11, 12, 14],
        "panels": [
            {"unit": "money", "log": False, "level": 100.0, "series": [[100.0, None, 300.0, 200.0]]}
        ],
    }
    assert "<" not in made.data


def test_the_legend_says_the_newest_value_and_its_day() -> None:
    (entry,) = chart().legend
    assert (entry.label, entry.value) == ("rules alone", "200")
    assert chart().until == "15\N{NO-BREAK SPACE}Jan\N{NO-BREAK SPACE}1970"


def test_title_unit_and_words_are_there_for_those_who_do_not_see_it() -> None:
    drawing = ET.fromstring(chart().svg)  # noqa: S314 - our own
    assert drawing.findtext("title") == "Value"
    assert drawing.findtext("desc") == "It went up."
    assert "Value (money)" in [text.text for text in drawing.iter("text")]


def test_dates_are_years_months_or_days_and_never_many() -> None:
    def marked(first: date, last: date) -> list[str]:
        days = [(day - date(1970, 1, 1)).days for day in (first, last)]
        return [words.replace("\N{NO-BREAK SPACE}", " ") for words in date_ticks(*days).values()]

    assert marked(date(2000, 3, 1), date(2013, 3, 1))[:2] == ["2002", "2004"]
    assert marked(date(2012, 1, 1), date(2012, 12, 31))[:2] == ["Jan 2012", "Mar 2012"]
    assert marked(date(2012, 1, 30), date(2012, 2, 3)) == [
        "30 Jan",
        "31 Jan",
        "1 Feb",
        "2 Feb",
        "3 Feb",
    ]
    for years in (1, 2, 3, 10, 40, 100):
        assert 1 < len(marked(date(1920, 5, 5), date(1920 + years, 5, 5))) <= 9


def test_one_value_of_one_day_is_drawn_too() -> None:
    line = Series("rules alone", Stroke("rules", 1.8), [5.0])
    panel = Panel("Value (money)", "money", [line], height=100)
    assert "data-series" in time_chart("c", "Value", [10], [panel], "").svg
