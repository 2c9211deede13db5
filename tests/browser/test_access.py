"""What axe-core finds wrong for those who cannot see, or not well: nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from report_builders import MODELS

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Page]]

PAGES = [
    "index.html",
    "../../index.html",
    f"ml_models/{MODELS[2]}/report.html",
    f"compare_{MODELS[0]}_{MODELS[2]}.html",
]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "light"), (1440, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(opened: Open, name: str, width: int, scheme: str) -> None:
    with opened(name, width, scheme, bypass=True) as page:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
