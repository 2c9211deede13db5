"""The table of all decisions: filtered, sorted, downloaded, explained, and quick with many."""

import csv
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from afterclose.report.writer import write_candidate_report
from afterclose.settings import Settings
from report_builders import FORMULA, HOSTILE, MODEL_ID, MODELS, evaluation, metadata

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Page]]

READY_MS = 3000
"""A second where nothing else runs; tests run beside each other, on whatever there is."""

REPORT = f"ml_models/{MODELS[2]}/report.html"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 20,000 decisions."""
    settings = Settings(logs_dir=str(tmp_path_factory.mktemp("many")))
    folder = settings.model_dir / MODEL_ID
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps(metadata()))
    (folder / "evaluation.json").write_text(json.dumps(evaluation(20_000)))
    return write_candidate_report(settings.model_dir, MODEL_ID, settings)


def told(page: Page) -> str:
    return page.locator(".told").inner_text()


def column(page: Page, number: int) -> list[str]:
    rows = page.locator(".rows tr[data-trade]")
    return [row.locator("td").nth(number).inner_text() for row in rows.all()]


def money(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def test_all_are_there_and_filters_leave_those_that_fit(opened: Open) -> None:
    with opened(REPORT) as page:
        assert told(page).startswith("60 of 60 decisions: rules alone +")
        page.get_by_label("Filter").select_option("blocked")
        blocked = int(told(page).split()[0])
        assert 0 < blocked < 60
        assert told(page).endswith("this model 0")
        assert set(column(page, 9)) == {"blocked"}
        page.get_by_label("Outcome").select_option("lost")
        assert int(told(page).split()[0]) <= blocked
        page.get_by_label("Symbol").fill("nowhere")
        assert told(page).startswith("0 of 60")
        page.get_by_role("button", name="Show all").click()
        page.get_by_text("60 of 60 decisions").wait_for()


def test_a_head_sorts_by_value_and_again_the_other_way(opened: Open) -> None:
    with opened(REPORT) as page:
        head = page.locator(".rows th[data-column=money]")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        shown = [money(text) for text in column(page, 4)]
        assert shown == sorted(shown, reverse=True)
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        shown = [money(text) for text in column(page, 4)]
        assert shown == sorted(shown)


def test_a_row_opens_its_why_by_mouse_and_by_keyboard(opened: Open) -> None:
    with opened(REPORT) as page:
        why = page.get_by_role("region", name="Why")
        rows = page.locator(".rows tr[data-trade]")
        rows.nth(2).click()
        first = why.inner_text()
        assert "Risk score" in first
        assert "What moved its score most" in first
        assert HOSTILE in first  # the feature's name
        page.keyboard.press("ArrowDown")
        assert why.inner_text() != first
        assert rows.nth(3).get_attribute("aria-selected") == "true"
        page.keyboard.press("ArrowUp")
        assert why.inner_text() == first


def test_a_click_on_the_curve_finds_the_trade_that_ended_there(opened: Open) -> None:
    with opened(REPORT) as page:
        reader = page.locator("figure.chart .reader").first
        reader.scroll_into_view_if_needed()
        box = reader.bounding_box()
        assert box
        page.get_by_label("Symbol").fill("nowhere")
        reader.scroll_into_view_if_needed()
        box = reader.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
        date = page.locator("figure.chart .when").first.inner_text()
        page.locator(".rows tr[aria-selected]").wait_for()
        assert f"ended {date}" in page.get_by_role("region", name="Why").inner_text()


def test_the_csv_has_what_is_shown_and_no_formula(opened: Open, tmp_path: Path) -> None:
    with opened(REPORT) as page:
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
    assert path.name == f"decisions_{MODELS[2]}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert {row["reason"] for row in rows} == {"blocked", "let through"}
    blocked = [row for row in rows if row["reason"] == "blocked"]
    assert all(row["size_multiplier"] == "0" and float(row["score"]) >= 0.5 for row in blocked)
    assert all(row["decided"].endswith("Z") for row in rows)
    names = [row["trade_id"] for row in rows]
    assert any(HOSTILE in name for name in names)
    assert "'" + FORMULA in names


def test_hostile_names_are_texts_in_the_table_the_list_and_the_why(opened: Open) -> None:
    with opened(REPORT) as page:
        page.get_by_label("Symbol").fill("<script>")
        assert told(page).startswith("1 of 60")
        page.locator(".rows tr[data-trade]").first.click()
        assert HOSTILE in page.get_by_role("region", name="Why").inner_text()
        assert page.locator("img").count() == 0
        assert "pwned" not in page.title()


def test_twenty_thousand_decisions_are_there_within_a_second_and_stay_quick(
    browser: Browser, many: Path
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(many.as_uri())
    page.locator(".rows tr[data-trade]").first.wait_for()
    assert told(page).startswith("20,000 of 20,000")
    ready_ms = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    sorted_ms = page.evaluate(
        "() => { const start = performance.now();"
        "document.querySelector('th[data-column=money] button').click();"
        "return performance.now() - start; }"
    )
    assert page.locator(".rows tr[data-trade]").count() < 60  # those in sight, and a few more
    page.evaluate("document.querySelector('.rows').scrollTop = 340000")
    page.get_by_role("row").nth(2).wait_for()
    last = page.locator(".rows tr[data-trade]").last.get_attribute("aria-rowindex")
    assert int(last) > 10_000
    page.close()
    assert ready_ms < READY_MS
    assert sorted_ms < READY_MS
