"""Charts over time under a mouse, a finger's worth of keys, and both kinds of scale."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page

from report_builders import MODELS

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Page]]

REPORT = f"ml_models/{MODELS[2]}/report.html"


def account(page: Page) -> Locator:
    return page.locator("figure.chart").first


def legend(chart: Locator) -> str:
    return " ".join(
        chart.locator(".legend").inner_text().replace("\N{NO-BREAK SPACE}", " ").split()
    )


def dates(chart: Locator) -> list[str]:
    return chart.locator("svg.dates text").all_text_contents()


def point(page: Page, chart: Locator, share: float) -> tuple[float, float]:
    """Move the mouse to ``share`` of the chart's width, and say where that is."""
    reader = chart.locator(".reader")
    reader.scroll_into_view_if_needed()
    box = reader.bounding_box()
    assert box
    x, y = box["x"] + share * box["width"], box["y"] + 120
    page.mouse.move(x, y)
    return x, y


def test_pointing_says_the_date_and_both_values_and_leaving_says_the_newest(opened: Open) -> None:
    with opened(REPORT) as page:
        chart = account(page)
        before = legend(chart)
        assert before.startswith("2 Mar 2024 rules alone ")
        point(page, chart, 0.5)
        there = legend(chart)
        assert there.startswith(("1 Feb 2024 rules alone ", "2 Feb 2024 rules alone "))
        assert " this model " in there
        page.mouse.move(1, 1)
        assert legend(chart) == before


def test_dragging_zooms_in_and_a_double_click_returns(opened: Open) -> None:
    with opened(REPORT) as page:
        chart = account(page)
        whole = dates(chart)
        point(page, chart, 0.3)
        page.mouse.down()
        x, y = point(page, chart, 0.5)
        page.mouse.up()
        zoomed = dates(chart)
        assert zoomed != whole
        point(page, chart, 0)
        assert legend(chart).startswith(("20 Jan 2024", "21 Jan 2024"))
        page.mouse.dblclick(x, y)
        assert dates(chart) == whole
        point(page, chart, 0)
        assert legend(chart).startswith("3 Jan 2024")


def test_the_keyboard_reads_zooms_and_returns(opened: Open) -> None:
    with opened(REPORT) as page:
        chart = account(page)
        reader = chart.get_by_role("slider")
        whole = dates(chart)
        reader.focus()
        reader.press("Home")
        assert reader.get_attribute("aria-valuenow") == "0"
        reader.press("ArrowRight")
        said = reader.get_attribute("aria-valuetext").replace("\N{NO-BREAK SPACE}", " ")
        assert said.startswith("4 Jan 2024: rules alone ")
        assert ", this model " in said
        reader.press("End")
        assert legend(chart).startswith("2 Mar 2024")
        reader.press("+")
        assert dates(chart) != whole
        reader.press("Escape")
        assert dates(chart) == whole


def test_the_log_scale_bends_the_lines_and_the_buttons_show_the_newest(opened: Open) -> None:
    with opened(REPORT) as page:
        chart = account(page)
        line = chart.locator("[data-series]").first
        straight = line.get_attribute("d")
        log = chart.get_by_role("button", name="Log scale")
        log.click()
        assert log.get_attribute("aria-pressed") == "true"
        assert line.get_attribute("d") != straight
        log.click()
        assert line.get_attribute("d") == straight
        everything = dates(chart)
        chart.get_by_role("button", name="3 months").click()  # there are only two
        assert dates(chart) == everything


@pytest.mark.parametrize("width", [390, 768, 1440, 2560])
def test_a_chart_is_as_wide_as_its_card_and_its_dates_do_not_touch(
    opened: Open, width: int
) -> None:
    with opened(REPORT, width) as page:
        chart = account(page)
        plot = chart.locator("svg.plot").first.bounding_box()
        card = page.locator("section").filter(has=chart).first.bounding_box()
        assert plot
        assert card
        assert plot["width"] > card["width"] - 150
        boxes = chart.locator("svg.dates text").evaluate_all(
            "texts => texts.map(text => { const box = text.getBoundingClientRect(); "
            "return [box.left, box.right]; })"
        )
        assert all(one[1] < other[0] for one, other in pairwise(boxes))


def test_without_a_script_the_chart_stands_there_and_no_dead_button(opened: Open) -> None:
    with opened(REPORT, scripts=False) as page:
        chart = account(page)
        assert chart.locator("[data-series]").count() == 4
        assert chart.get_by_role("button").count() == 0
        assert len(dates(chart)) > 1
