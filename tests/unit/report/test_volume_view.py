"""The page of a volume: every scope, worst first, whatever state its files are in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from afterclose.nightly.status import write_status
from afterclose.report.drawn import scope_page, volume_page
from afterclose.report.volume_view import volume_view
from afterclose.settings import Settings

NOW = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)


def status(**changes: Any) -> dict[str, Any]:
    return {
        "updated_at": NOW.isoformat(), "active_model": None, "last_cycle": None, "dataset": None,
        "candidates": {"count": 0, "newest": None}, "alerts": [],
    } | changes  # fmt: skip


def test_the_worst_is_first_and_equals_are_by_name() -> None:
    waiting = {"count": 1, "newest": "20260127_214500"}
    view = volume_view(
        {
            "b/paper": status(),
            "a/paper": status(),
            "waits/paper": status(candidates=waiting),
            "silent/paper": status(updated_at=(NOW - timedelta(days=5)).isoformat()),
            "wrong/paper": status(alerts=["first", "second"]),
            "lost/paper": None,
        },
        {"a/paper": "a/paper/index.html"},
        NOW,
    )
    scopes = [row.scope.split("/")[0] for row in view.rows]
    assert scopes == ["lost", "wrong", "silent", "waits", "a", "b"]
    wrong = view.rows[1]
    assert (wrong.health, wrong.more, wrong.tone) == ("first", ["second"], "bad")
    assert view.rows[2].health == "nothing has happened there for 5 days"
    assert view.rows[4].link == "a/paper/index.html"
    assert view.summary == "6 scopes, 3 of them in need of you."


def test_it_is_drawn_with_a_scopes_page_and_links_to_it(settings: Settings) -> None:
    other = replace(settings, market="<b>", calendar="XNYS")
    for scope in (settings, other):
        scope.root.mkdir(parents=True)
        write_status(scope, NOW)
    assert scope_page(settings, NOW)
    text = (Path(settings.logs_dir) / "index.html").read_text()
    assert 'href="us/paper/index.html"' in text
    assert "&lt;b&gt;/paper" in text
    assert 'href="../../index.html"' in (settings.root / "index.html").read_text()


def test_a_damaged_status_is_a_line_and_the_same_files_give_the_same_bytes(
    settings: Settings,
) -> None:
    settings.root.mkdir(parents=True)
    (settings.root / "ml_status.json").write_text("{")
    volume = Path(settings.logs_dir)
    path = volume_page(volume, NOW)
    assert path
    first = Path(path).read_bytes()
    assert b"cannot be read" in first
    volume_page(volume, NOW)
    assert Path(path).read_bytes() == first


def test_no_scope_has_no_page(tmp_path: Path) -> None:
    volume_page(tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []
