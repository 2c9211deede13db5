"""A real Chromium, and a scope whose pages it opens from disk.

Without a browser these tests are skipped with the reason; `.ci/browser.sh` installs Debian's
where that is possible.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from report_builders import publish_scope

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # no longer: while it lives, its event loop runs in this process
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed; .ci/browser.sh installs Debian's")
    with sync_playwright() as playwright:
        # Root has no sandbox, and the pages are this project's own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scope with pages, below a name that a shell would trip over."""
    return publish_scope(tmp_path_factory.mktemp("a trader's logs"))


@pytest.fixture
def opened(browser: Browser, scope: Path) -> Any:
    """Opens a page of the scope; all that it logs, throws, asks for or pops up is a fault."""

    @contextmanager
    def open_page(
        name: str,
        width: int = 1440,
        scheme: str = "light",
        *,
        scripts: bool = True,
        bypass: bool = False,
    ) -> Iterator[Page]:
        """``bypass`` lets a test's own script in, which the page's policy would stop."""
        context = browser.new_context(
            java_script_enabled=scripts,
            bypass_csp=bypass,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        page, faults = context.new_page(), []

        def judge(request: Request) -> None:
            clicked = request.is_navigation_request() and request.url.startswith(
                scope.parents[1].as_uri()
            )
            if not clicked and not request.url.startswith("data:"):
                faults.append(request.url)

        page.on("request", judge)
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.goto((scope / name).resolve().as_uri())
        yield page
        context.close()
        assert faults == []

    return open_page
