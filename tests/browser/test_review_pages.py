"""The pages as a person meets them: opened from disk in a real browser."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page

from report_builders import HOSTILE, MODELS

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Page]]

INDEX = "index.html"
REPORT = f"ml_models/{MODELS[2]}/report.html"
COMPARED = f"compare_{MODELS[0]}_{MODELS[2]}.html"
PAGES = [INDEX, REPORT]
EVERY_PAGE = [*PAGES, COMPARED, "../../index.html"]

DUPLICATE_IDS = """() => {
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""
HEADING_LEVELS = "() => [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])"
SLIP_A_SCRIPT_IN = """() => {
    const script = document.createElement('script');
    script.textContent = "document.title = 'pwned'";
    document.body.append(script);
}"""
CUT_OFF = """() => [...document.querySelectorAll('main table')].filter(table => {
    const card = table.closest('section').getBoundingClientRect(), box = table.parentElement;
    const inside = card.right - parseFloat(getComputedStyle(table.closest('section')).paddingRight);
    return box.scrollWidth > box.clientWidth || table.getBoundingClientRect().right > inside + 1;
}).map(table => table.className || table.closest('section').getAttribute('aria-labelledby'))"""
SMALLEST_TEXT_PX = """() => {
    const texts = [...document.querySelectorAll('figure svg text')];
    const size = text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
    return Math.min(...texts.map(size));
}"""


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "dark"), (390, "light"), (768, "light"), (1440, "dark"), (2560, "light")],
)
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_opens_from_disk_without_errors_requests_or_sideways_scrolling(
    opened: Open, name: str, width: int, scheme: str
) -> None:
    with opened(name, width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(245, 246, 248)", "dark": "rgb(14, 17, 22)"}[scheme]
        assert page.get_by_role("heading", level=1).is_visible()
        assert page.title().endswith("afterclose")


@pytest.mark.parametrize("width", [1024, 1280])
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_no_table_is_cut_off_in_a_small_window(opened: Open, name: str, width: int) -> None:
    with opened(name, width) as page:
        assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("name", PAGES)
def test_the_copy_button_copies_a_line_that_a_shell_reads_as_it_is_meant(
    opened: Open, scope: Path, name: str
) -> None:
    with opened(name) as page:
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("status").get_by_text("Copied").wait_for()
        line = page.evaluate("navigator.clipboard.readText()")
    words = shlex.split(line)
    assert words[:2] == ["make", "promote"]
    assert words[2:] == [f"ID={MODELS[2]}", "ANYWAY=1", f"LOGS_DIR={scope.parents[1]}"]


def test_the_table_of_models_sorts_by_mouse_and_by_keyboard(opened: Open) -> None:
    with opened(INDEX) as page:
        table = page.get_by_role("table").filter(has_text="Net PnL less rules")

        def column(number: int) -> list[str]:
            rows = table.locator("tbody tr")
            return [row.locator("th, td").nth(number).inner_text() for row in rows.all()]

        assert column(0) == [*reversed(MODELS)]
        head = table.get_by_role("columnheader", name="Net PnL less rules")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert column(0) == [MODELS[1], MODELS[0], MODELS[2]]
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert column(0) == [MODELS[2], MODELS[0], MODELS[1]]
        other = table.get_by_role("columnheader", name="Model")
        other.get_by_role("button").press("Space")
        assert other.get_attribute("aria-sort") == "ascending"
        assert head.get_attribute("aria-sort") is None
        assert column(0) == list(MODELS)


def test_hostile_text_is_shown_and_never_run(opened: Open) -> None:
    with opened(REPORT) as page:
        assert page.get_by_text(HOSTILE).count() >= 4  # note, symbol, trade, feature
        assert page.title() == f"{MODELS[2]} · us/paper · afterclose"
        assert page.locator("img").count() == 0
    with opened(INDEX) as page:
        assert page.get_by_text(HOSTILE).count() >= 1  # the reason of the promotion


def test_the_policy_stops_what_would_slip_through_the_escaping(opened: Open) -> None:
    def let_something_slip_through() -> None:
        with opened(REPORT) as page:
            page.evaluate(SLIP_A_SCRIPT_IN)
            assert "pwned" not in page.title()

    with pytest.raises(AssertionError, match="Content Security Policy"):
        let_something_slip_through()


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_can_be_read_without_eyes_and_used_without_a_mouse(opened: Open, name: str) -> None:
    with opened(name) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator("th:not([scope])").count() == 0
        assert page.locator("svg:not([role=img]):not([aria-hidden=true])").count() == 0
        assert page.evaluate(DUPLICATE_IDS) == []
        levels = page.evaluate(HEADING_LEVELS)
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_chart_has_a_name_and_says_what_it_shows(opened: Open) -> None:
    with opened(REPORT) as page:
        names = [
            "The account over time",
            "Rolling expectancy",
            "Risk scores of good and bad trades",
            "Calibration of the risk score",
            "What other thresholds would have done",
        ]
        for name in names:
            chart = page.get_by_role("img", name=name).first
            assert len(chart.locator("desc").text_content()) > 40


@pytest.mark.parametrize("width", [390, 1440])
def test_the_text_of_charts_can_be_read(opened: Open, width: int) -> None:
    with opened(REPORT, width) as page:
        assert page.evaluate(SMALLEST_TEXT_PX) >= 9


def test_on_paper_there_are_no_buttons_and_no_shadows_of_the_night(opened: Open) -> None:
    with opened(REPORT, scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert not page.get_by_role("button", name="Copy").is_visible()
        assert not page.get_by_role("navigation").is_visible()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


def test_from_the_scopes_page_one_click_leads_to_the_review_and_one_back(opened: Open) -> None:
    with opened(INDEX) as page:
        page.get_by_role("link", name="Review it").click()
        assert page.get_by_role("heading", level=1).inner_text() == MODELS[2]
        page.get_by_role("link", name="afterclose").click()
        assert page.get_by_role("heading", level=1).inner_text() == "us/paper"


def test_two_models_are_chosen_on_the_scopes_page(opened: Open, scope: Path) -> None:
    with opened(INDEX) as page:
        command = page.locator("#compare-command")
        assert f"make compare A={MODELS[0]} B={MODELS[2]}" in command.inner_text()
        page.get_by_label("Compare").select_option(MODELS[1])
        words = shlex.split(command.inner_text())
        assert words[2:] == [f"A={MODELS[1]}", f"B={MODELS[2]}", f"LOGS_DIR={scope.parents[1]}"]
        link = page.get_by_role("link", name="Open it")
        assert not link.is_visible()  # nobody has drawn that one
        page.get_by_label("Compare").select_option(MODELS[0])
        link.click()
        assert page.get_by_role("heading", level=1).inner_text() == "Side by side"
        assert page.get_by_text(HOSTILE).count() > 5
        page.get_by_role("link", name=MODELS[2]).click()
        assert page.get_by_role("heading", level=1).inner_text() == MODELS[2]


def test_from_all_scopes_one_click_leads_to_the_scope_and_one_back(opened: Open) -> None:
    with opened("../../index.html") as page:
        page.get_by_role("link", name="us/paper").click()
        assert page.get_by_role("heading", level=1).inner_text() == "us/paper"
        page.get_by_role("link", name="afterclose").click()
        assert page.get_by_role("heading", level=1).inner_text() == "All scopes"


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_prints_to_pdf_with_its_words(opened: Open, name: str, tmp_path: Path) -> None:
    with opened(name) as page:
        data = page.pdf(path=str(tmp_path / "page.pdf"), format="A4")
        words = page.locator("h1, h2").all_inner_texts()
        charts = page.locator("text.axis").all_text_contents()
        tall = page.evaluate("document.documentElement.scrollHeight")
    assert data.startswith(b"%PDF")
    if not shutil.which("pdftotext"):
        pytest.skip("printed; reading it needs pdftotext (Debian: poppler-utils)")
    done = subprocess.run(
        ["pdftotext", str(tmp_path / "page.pdf"), "-"], capture_output=True, text=True, check=True
    )
    printed = "".join(done.stdout.split())
    sheets = done.stdout.count("\f")
    assert words
    for text in [*words, *charts]:
        assert "".join(re.sub(r"[▲▼●]", "", text).split()) in printed, text
    assert 1 <= sheets <= 4 + tall // 500
