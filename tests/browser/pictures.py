"""README's pictures, `docs/*.png`, made anew from the demo's own pages and trades.

    make demo && .ci/browser.sh && .venv/bin/python tests/browser/pictures.py

The demo's scope has a candidate and its history, but no filter that trades, for its gates promote
nothing. For the scope's page in the morning a second scope is made in a temporary folder: a model
of the demo's trades until the end of 2011, promoted against its gates, is asked about those of
the next eleven weeks. The demo's folder itself is only read.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from afterclose.config import load_settings
from afterclose.history.shadow import follow_blocked
from afterclose.operating.comparing import compare
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import PromotionRequest, promote
from afterclose.records import Subject
from afterclose.report.writer import draw_missing, write_scope_index
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.study.demo_prices import load_demo_bars

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
DEMO = REPOSITORY / "demo_logs"

WIDTH, SCALE = 1280, 0.8
COLOURS = 256

DEMO_ENDS = datetime.fromisoformat("2013-03-01T22:00:00+00:00")
LEARNED = datetime.fromisoformat("2011-12-30T22:00:00+00:00")
EVENING = datetime.fromisoformat("2012-03-16T21:00:00+00:00")
"""A Friday: five entries of the demo's were decided in its week, and one of them is blocked."""

OPEN = dict.fromkeys(
    ("exit_timestamp", "exit_price", "exit_type", "exit_reason", "mae_pct", "mfe_pct")
)
"""What is not known of a trade that goes on."""


def _when(trade: dict[str, Any], which: str) -> datetime:
    return datetime.fromisoformat(trade[f"{which}_timestamp"])


def a_morning() -> Path:
    """The scope's page, in the present folder, of a model that has traded for eleven weeks."""
    settings = load_settings({})
    trades = [json.loads(line) for line in (DEMO / "us/paper/trade_ledger.jsonl").open()]
    _append(settings, [trade for trade in trades if _when(trade, "exit") < LEARNED])
    model = run_cycle(settings, LEARNED).details["model_id"]
    promote(
        settings, LEARNED, PromotionRequest(model, "to watch it at work", anyway=True, by="me@desk")
    )
    asked = [trade for trade in trades if LEARNED < _when(trade, "decision") < EVENING]
    traded = [trade for trade in asked if _is_allowed(settings, trade)]
    _append(settings, [t | OPEN if _when(t, "exit") > EVENING else t for t in traded])
    bars = load_demo_bars().frame
    bars[bars["date"] <= str(EVENING.date())].to_csv("bars.csv", index=False)
    follow_blocked(settings, EVENING, Path("bars.csv"))
    run_cycle(settings, EVENING)
    return write_scope_index(settings, EVENING + timedelta(hours=9)).absolute()


def _append(settings: Settings, trades: Sequence[dict[str, Any]]) -> None:
    settings.root.mkdir(parents=True, exist_ok=True)
    with settings.ledger_paths[0].open("a") as ledger:
        ledger.writelines(json.dumps(trade) + "\n" for trade in trades)


def _is_allowed(settings: Settings, trade: dict[str, Any]) -> bool:
    about = Subject(
        trade["trade_id"], trade["symbol"], trade["side"], trade["decision_timestamp"],
        quantity=trade["quantity"], stop_price=trade["stop_price"], max_holding_days=14,
    )  # fmt: skip
    with RiskFilter.load(settings, _when(trade, "decision") - timedelta(minutes=30)) as risk:
        return risk.check(trade["rule_features"], about).allowed


def of_the_demo() -> tuple[Path, Path]:
    """The newest candidate's page, and that of the oldest that is left beside it."""
    shutil.copytree(DEMO, DEMO.name)
    settings = load_settings({}, logs_dir=DEMO.name)
    oldest, *_, newest = sorted(path.name for path in settings.model_dir.glob("2*"))
    (settings.model_dir / newest / "report.html").unlink()
    draw_missing(settings, DEMO_ENDS)
    found = compare(settings, DEMO_ENDS, oldest, newest)
    page = settings.model_dir / newest / "report.html"
    return page.absolute(), Path(found.details["page"])


def _choose(page: Page) -> None:
    """Sort the decisions by money, the worst first, and choose the first that was blocked."""
    page.locator(".rows thead .sort", has_text="Net PnL").click()
    page.locator(".rows tbody tr", has_text="blocked").first.locator(".open").click()


def _point(page: Page) -> None:
    """Read the account's curve at a place, as one does with a mouse."""
    box = page.locator(".reader").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 80)


def picture(
    browser: Browser,
    page_path: Path,
    name: str,
    height: int = 900,
    *,
    scheme: Any = "light",
    do: Callable[[Page], None] = lambda _: None,
    of: Sequence[str] = (),
) -> None:
    """The first ``height`` pixels of a page, or its sections ``of``, in few colours."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": round(height / SCALE)},
        color_scheme=scheme,
    )
    page = context.new_page()
    page.goto(page_path.as_uri())
    do(page)
    page.wait_for_timeout(300)
    boxes = [box for each in of if (box := page.locator(each).bounding_box())]
    clip = None
    if boxes:
        top = min(box["y"] for box in boxes) + page.evaluate("scrollY")
        end = max(box["y"] + box["height"] for box in boxes) + page.evaluate("scrollY")
        clip = {"x": boxes[0]["x"], "y": top, "width": boxes[0]["width"], "height": end - top}
    taken = page.screenshot(full_page=bool(clip), clip=clip)
    context.close()
    drawn = Image.open(BytesIO(taken)).convert("RGB")
    small = drawn.resize((round(SCALE * drawn.width), round(SCALE * drawn.height)))
    small.quantize(COLOURS).save(DOCS / name, optimize=True)


def main() -> None:
    """Make the four of them."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.chdir(folder)
        candidate, two = of_the_demo()
        morning = a_morning()
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        picture(browser, candidate, "review-page.png", 1184, do=_point)
        picture(browser, candidate, "decisions.png", do=_choose, of=("#trades", ".months"))
        picture(browser, morning, "scope-page.png", 944)
        picture(browser, two, "compare-page.png", 864, scheme="dark")
        browser.close()
        os.chdir(REPOSITORY)


if __name__ == "__main__":
    main()
