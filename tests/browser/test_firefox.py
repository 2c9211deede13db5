"""The same pages in Debian's Firefox, where it is installed: read, zoomed, filtered, sorted."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from marionette import Firefox
from report_builders import HOSTILE, MODELS

pytestmark = pytest.mark.browser

REPORT = f"ml_models/{MODELS[2]}/report.html"

FAULTS = """
    window.faults = [];
    addEventListener("securitypolicyviolation", event => faults.push(event.violatedDirective));
    addEventListener("error", event => faults.push(event.message));
"""
MOVE = """
    const reader = document.querySelector("figure.chart .reader");
    const box = reader.getBoundingClientRect();
    const send = (kind, share) => reader.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, clientX: box.left + share * box.width, clientY: box.top + 50, button: 0,
        pointerId: 1, pointerType: "mouse" }));
    reader.setPointerCapture = () => {};
"""
WHEN = "return document.querySelector('figure.chart .when').textContent.replaceAll('\\u00a0', ' ')"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("no Firefox is installed; .ci/browser.sh installs Debian's")
    with Firefox(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(firefox: Firefox, scope: Path) -> Firefox:
    firefox("WebDriver:Navigate", url=(scope / REPORT).as_uri())
    firefox.run(FAULTS)
    return firefox


def test_a_chart_is_read_zoomed_and_returned(page: Firefox) -> None:
    page.run(MOVE + "send('pointermove', 0.5)")
    assert page.run(WHEN) in {"1 Feb 2024", "2 Feb 2024"}
    dates = "return [...document.querySelectorAll('svg.dates text')].map(t => t.textContent).join()"
    whole = page.run(dates)
    page.run(MOVE + "send('pointerdown', 0.3); send('pointermove', 0.5); send('pointerup', 0.5)")
    assert page.run(dates) != whole
    page.run(
        "document.querySelector('figure.chart .reader').dispatchEvent(new MouseEvent('dblclick'))"
    )
    assert page.run(dates) == whole
    width = "return document.querySelector('svg.plot').getBoundingClientRect().width"
    assert page.run(width) > 600
    assert page.run("return faults") == []


def test_the_table_is_filtered_sorted_and_explained(page: Firefox) -> None:
    told = "return document.querySelector('.told').textContent"
    assert page.run(told).startswith("60 of 60 decisions")
    page.run(
        "const f = document.querySelector('form.filters'); f.verdict.value = 'blocked';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert int(page.run(told).split()[0]) < 60
    page.run("document.querySelector('th[data-column=score] button').click()")
    head = "return document.querySelector('th[data-column=score]').getAttribute('aria-sort')"
    assert page.run(head) == "descending"
    page.run("document.querySelector('.rows tr[data-trade] button').click()")
    why = page.run("return document.querySelector('.why').textContent")
    assert "Risk score" in why
    assert HOSTILE in why
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.run("return faults") == []


@pytest.mark.parametrize("width", [500, 1440, 2560])  # its window is never narrower than 450
def test_nothing_scrolls_sideways(page: Firefox, width: int) -> None:
    page("WebDriver:SetWindowRect", width=width, height=900)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
