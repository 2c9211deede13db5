"""The pages on disk: small, quick, the same whenever they are drawn, and never a night's fault."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from afterclose.nightly.journal import Journal
from afterclose.report.drawn import review_page, scope_page
from afterclose.report.writer import draw_missing, write_candidate_report, write_scope_index
from afterclose.scope_files import JOURNAL_FILE
from afterclose.settings import Settings
from machine import allowed_s
from registry_builders import A, B, registry_of
from report_builders import ACTIVE_ID, MODEL_ID, evaluation, metadata

NOW = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
LARGEST_BYTES = 1_500_000
PROMISED_S = 1.5


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer random blockings behind the figures: the pages do not care."""
    monkeypatch.setattr("afterclose.evaluating.comparison.RANDOM_DRAWS", 100)


def publish(settings: Settings, trades: int = 60, *, with_active: bool = True) -> Path:
    """An evaluated model, and the active one that it was compared with; the model's folder."""
    for model_id in (MODEL_ID, ACTIVE_ID):
        folder = settings.model_dir / model_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metadata.json").write_text(json.dumps(metadata(model_id)))
    made = evaluation(trades, with_active=with_active)
    folder = settings.model_dir / MODEL_ID
    (folder / "evaluation.json").write_text(json.dumps(made))
    return folder


@pytest.mark.parametrize("trades", [10_000, 100_000])
def test_a_page_is_small_and_quick_for_any_number_of_trades(
    settings: Settings, trades: int
) -> None:
    publish(settings, trades)
    write_candidate_report(settings.model_dir, MODEL_ID, settings)  # imports are not drawing
    started_s = time.process_time()
    path = write_candidate_report(settings.model_dir, MODEL_ID, settings)
    assert time.process_time() - started_s < allowed_s(PROMISED_S)
    assert path.stat().st_size < LARGEST_BYTES
    assert f"of {trades:,} sessions; the highs and lows" in path.read_text()


def test_the_same_evaluation_gives_the_same_bytes_in_any_folder(
    settings: Settings, tmp_path: Path
) -> None:
    from msgspec.structs import replace

    other = replace(settings, logs_dir=str(tmp_path / "somewhere" / "else"))
    pages = []
    for scope in (settings, other):
        publish(scope)
        pages.append(write_candidate_report(scope.model_dir, MODEL_ID, scope).read_bytes())
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0]


def test_a_page_is_drawn_when_the_active_model_has_been_pruned_since(settings: Settings) -> None:
    folder = publish(settings)
    (settings.model_dir / ACTIVE_ID / "metadata.json").unlink()
    (settings.model_dir / ACTIVE_ID).rmdir()
    path = write_candidate_report(settings.model_dir, MODEL_ID, settings)
    assert "There was no active model to compare with." in path.read_text()
    assert path == folder / "report.html"


def test_a_page_that_is_there_is_not_drawn_again(settings: Settings) -> None:
    folder = publish(settings)
    first = review_page(settings.model_dir, MODEL_ID, settings)
    assert first == str(folder / "report.html")
    (folder / "report.html").write_text("as it was")
    assert review_page(settings.model_dir, MODEL_ID, settings) == first
    assert (folder / "report.html").read_text() == "as it was"


@pytest.mark.parametrize("damage", ["not JSON", "{}", '{"versus_active": null}'])
def test_a_page_that_cannot_be_drawn_is_a_warning_and_no_error(
    settings: Settings, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    folder = publish(settings)
    (folder / "evaluation.json").write_text(damage)
    with caplog.at_level(logging.WARNING):
        assert review_page(settings.model_dir, MODEL_ID, settings) is None
    assert f"the review page of {MODEL_ID} was not drawn" in caplog.text
    assert not (folder / "report.html").exists()


def test_a_scopes_page_that_cannot_be_written_is_a_warning_and_no_error(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.root / "index.html").mkdir(parents=True)
    assert scope_page(settings, NOW) is None
    assert "the scope's page was not drawn" in caplog.text


def test_an_empty_scope_has_a_page(settings: Settings) -> None:
    text = write_scope_index(settings, NOW).read_text()
    assert "No model is registered yet" in text
    assert "Nothing was promoted yet" in text
    assert "No cycle has run yet" in text


def test_the_scopes_page_links_only_to_pages_that_are_there(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A, B)
    registry.promote_candidate(A, reason="<b>better</b>", now=NOW)
    (settings.model_dir / B / "report.html").unlink()
    text = write_scope_index(settings, NOW).read_text()
    assert f'href="ml_models/{A}/report.html"' in text
    assert f'href="ml_models/{B}/report.html"' not in text
    assert "&lt;b&gt;better&lt;/b&gt;" in text
    assert f"the review page of {B} is missing" in text


def test_the_scopes_page_tells_of_cycles_and_of_the_dataset(settings: Settings) -> None:
    journal = Journal(settings.root / JOURNAL_FILE)
    journal.failed(journal.start("cycle", NOW, session="2026-01-27"), "disk <full>")
    versions = [
        {"version": f"v{rows:08d}-0123456789ab", "rows": rows, "bytes": 1, "sha256": "0"}
        | {"built_at": f"2026-01-{rows}T22:00:00+00:00"}
        for rows in (20, 25)
    ]
    body = versions[-1] | {"schema_version": 1, "updated_at": "", "versions": versions}
    (settings.root / "ml_dataset_metadata.json").write_text(json.dumps(body))
    text = write_scope_index(settings, NOW).read_text()
    assert "disk &lt;full&gt;" in text
    assert "Growth of the dataset" in text
    assert "From 20 on" in text


def test_the_job_draws_what_is_missing_and_the_scopes_page(settings: Settings) -> None:
    folder = publish(settings)
    first = draw_missing(settings, NOW)
    assert first.details["drawn"] == [MODEL_ID]
    assert first.details["index"] == str(settings.root / "index.html")
    assert str(settings.root / "index.html") in first.text
    before = (folder / "report.html").read_bytes()
    assert draw_missing(settings, NOW).details["drawn"] == []
    assert (folder / "report.html").read_bytes() == before


def test_buy_and_hold_is_drawn_where_bars_are_named_and_missed_where_they_are_broken(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from msgspec.structs import replace

    bars = tmp_path / "bars.csv"
    days = [datetime(2024, 1, 2, tzinfo=UTC) + timedelta(days=at) for at in range(80)]
    lines = [f"AAPL,{day:%Y-%m-%d},10,11,9,{10 + at / 100},100" for at, day in enumerate(days)]
    bars.write_text("symbol,date,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    named = replace(settings, bars_file=str(bars))
    publish(named)
    first = write_candidate_report(named.model_dir, MODEL_ID, named).read_bytes()
    assert b"buy and hold</span>" in first
    assert write_candidate_report(named.model_dir, MODEL_ID, named).read_bytes() == first
    bars.write_text("no bars")
    assert b"buy and hold</span>" not in (
        write_candidate_report(named.model_dir, MODEL_ID, named).read_bytes()
    )
    assert "buy and hold is not drawn" in caplog.text
