"""A study of made bars: the production steps, in months, and an honest section."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.history.bars import clean_ohlcv, on_sessions
from afterclose.records import Decision
from afterclose.settings import Settings
from afterclose.study.months import last_sessions
from afterclose.study.study import best_calendar, recipe_of, run_study
from afterclose.wording.study import page_with, title_of
from bar_builders import wandering
from jobs.study import parser

FAST = Settings(bootstrap_resamples=100)


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Review pages are drawn by every cycle; a study keeps none, and a test need not wait."""
    monkeypatch.setattr("afterclose.ml_orchestrator.review_page", lambda *_: None)
    monkeypatch.setattr("afterclose.ml_orchestrator.scope_page", lambda *_: None)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "made.csv"
    wandering(symbols=4, days=330).to_csv(path, index=False)
    return path


def test_a_tiny_study_counts_its_trades_and_cycles_and_promotes_nothing(prices: Path) -> None:
    page = prices.parent / "study.md"
    page.write_text("# Study\n\nWords of a person.\n", encoding="utf-8")
    outcome = run_study(FAST, [str(prices)], str(page), quiet=True)
    (study,) = outcome.details["studies"]
    assert (study["data"], study["calendar"], study["symbols"]) == ("made.csv", "XNYS", 4)
    assert study["trades"] > 10
    assert study["cycles"] == 16
    assert (study["promotions"], study["after_promotion"]) == ([], 0)
    assert study["rules_only"]["expectancy"] is None
    assert "the rules traded alone" in outcome.text
    assert page.read_text(encoding="utf-8") == (
        "# Study\n\nWords of a person.\n\n"
        f"<!-- study of made.csv -->\n```text\n{outcome.text}\n```\n<!-- end of study -->\n"
    )
    assert json.dumps(outcome.details, allow_nan=False)


class _Blocks:
    """A filter of a model that blocks every second entry."""

    mode = "ml"

    def __init__(self) -> None:
        self.asked = 0

    def check(self, features: object) -> Decision:
        self.asked += 1
        return Decision(
            allowed=bool(self.asked % 2), risk_score=0.5, size_multiplier=1.0,
            reason="low_risk", model_id="M",
        )  # fmt: skip


def test_only_trades_entered_under_a_model_are_reported_and_blocked_ones_are_learned(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first filter is loaded after the first month, so the model is active from then on."""
    one = _Blocks()
    monkeypatch.setattr("afterclose.study.months.RiskFilter.load", lambda *_: one)
    outcome = run_study(FAST, [str(prices)], quiet=True)
    (study,) = outcome.details["studies"]
    assert study["after_promotion"] == study["trades"] >= one.asked
    assert study["blocked"] == one.asked // 2
    assert study["rules_only"]["trades"] == study["trades"]
    assert study["rules_ml"]["trades"] == study["trades"] - study["blocked"]
    assert study["differences"]["expectancy"]["low"] is not None


def test_months_end_with_their_last_session_and_know_the_next_open() -> None:
    frame = wandering(symbols=2, days=45)
    months = last_sessions(on_sessions(clean_ohlcv(frame, Path("made")), Settings()).frame)
    assert [month.session for month in months] == ["2019-01-31", "2019-02-28", "2019-03-05"]
    assert months[0].closes_at == datetime(2019, 1, 31, 21, tzinfo=UTC)
    assert months[0].next_open == datetime(2019, 2, 1, 14, 30, tzinfo=UTC)
    assert months[-1].next_open is None


@pytest.mark.parametrize(
    ("days", "calendar"),
    [
        (["2019-01-18", "2019-01-22", "2019-01-23"], "XNYS"),  # no session on 21 January
        (["2019-03-01", "2019-03-05", "2019-03-06"], "XBOM"),  # none on 4 March
        (["2019-01-18", "2019-01-19", "2019-01-20", "2019-01-21"], "24/7"),
    ],
)
def test_the_calendar_that_fits_the_dates_is_taken(days: list[str], calendar: str) -> None:
    frame = pd.concat([wandering(symbols=1, days=1, start="2019-01-02").assign(date=day)
                       for day in days])  # fmt: skip
    assert best_calendar(clean_ohlcv(frame, Path("made")), Settings()) == calendar


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("symbol,when,price\nA,2019-01-02,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column date"):
        run_study(FAST, [str(path)], quiet=True)


def test_the_job_takes_several_files() -> None:
    options = parser().parse_args(["--data", "a.csv", "b.csv", "--out", "docs/study.md"])
    assert (options.data, options.out) == (["a.csv", "b.csv"], "docs/study.md")


def test_another_recipe_is_another_study_in_the_page() -> None:
    assert recipe_of(FAST) == []
    tuned = recipe_of(replace(FAST, threshold_mode="tuned", mae_threshold=0.05))
    assert tuned == ["ML_MAE_THRESHOLD=0.05", "ML_THRESHOLD_MODE=tuned"]
    page = page_with("", title_of("a.csv", []), "usual")
    both = page_with(page, title_of("a.csv", tuned), "tuned")
    assert "usual" in both
    assert page_with(both, title_of("a.csv", tuned), "again") == both.replace("\ntuned", "\nagain")
