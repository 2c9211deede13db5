"""A study of made bars: the production steps, in months, and an honest section."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from msgspec.structs import replace

from afterclose.errors import ConfigError, InputError
from afterclose.features import DEFAULT
from afterclose.features.market import MARKET
from afterclose.history.bars import clean_ohlcv
from afterclose.records import Decision
from afterclose.settings import Settings
from afterclose.study.lived import LivedHistory
from afterclose.study.sources import best_calendar
from afterclose.study.study import StudyRequest, recipe_of, run_study, study_source
from afterclose.study.text import page_with, title_of
from bar_builders import wandering
from builders import synthetic_records, write_ledger
from jobs.study import parser

FAST = Settings(bootstrap_resamples=100)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Review pages are drawn by every cycle; a study keeps none, and a test need not wait."""
    monkeypatch.setattr("afterclose.ml_orchestrator.review_page", lambda *_: None)
    monkeypatch.setattr("afterclose.ml_orchestrator.scope_page", lambda *_: None)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "made.csv"
    wandering(symbols=12, days=330).to_csv(path, index=False)
    return path


def test_a_tiny_study_counts_its_trades_and_cycles_and_promotes_nothing(prices: Path) -> None:
    page = prices.parent / "study.md"
    page.write_text("# Study\n\nWords of a person.\n", encoding="utf-8")
    asked = StudyRequest(prices=[str(prices)], out=str(page))
    outcome = run_study(FAST, NOW, asked, quiet=True)
    (study,) = outcome.details["studies"]
    assert (study["data"], study["calendar"], study["of"]) == ("made.csv", "XNYS", "Symbols: 12")
    worths = study["worths"]
    assert worths["decisions"] > 10
    assert 0 < study["cycles"] <= 16
    gates, _, newest = worths["books"]
    assert (gates["promotions"], gates["judged"], gates["per_trade"]) == ([], 0, None)
    assert len(newest["promotions"]) == study["candidates"] >= 1
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

    def check(self, features: object, about: object) -> Decision:
        self.asked += 1
        return Decision(
            allowed=bool(self.asked % 2), risk_score=0.5, size_multiplier=float(self.asked % 2),
            reason="low_risk", model_id="M",
        )  # fmt: skip

    def close(self) -> None:
        pass


def test_a_book_is_judged_by_what_its_filter_let_in(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every candidate promoted, each decision after the first is asked of the filter."""
    one = _Blocks()
    monkeypatch.setattr("afterclose.study.books.RiskFilter.load", lambda *_, **__: one)
    outcome = run_study(FAST, NOW, StudyRequest(prices=[str(prices)]), quiet=True)
    (study,) = outcome.details["studies"]
    gates, naive, newest = study["worths"]["books"]
    assert gates["judged"] == 0
    assert newest["judged"] > 0
    assert newest["judged"] + naive["judged"] == one.asked
    assert newest["blocked"] + naive["blocked"] == one.asked // 2
    account = newest["account"]
    lost = account["differences"]["rules_only"]["net_pnl"]["value"]
    assert lost == pytest.approx(-account["taken_away"]["net_pnl"])


def test_recipes_side_by_side_are_tries_and_the_page_says_how_many(prices: Path) -> None:
    asked = StudyRequest(prices=[str(prices)], recipes=["ML_TARGET=r"], every="quarter")
    outcome = run_study(FAST, NOW, asked, quiet=True)
    first, second = outcome.details["studies"]
    assert (first["recipe"], second["recipe"]) == ([], ["ML_TARGET=r"])
    assert (first["alpha_left"], second["alpha_left"]) == (0.05 / 2, pytest.approx(0.05 / 6))
    assert "Recipe 2 of 2 compared, each a try" in outcome.text
    assert "RECIPES COMPARED" in outcome.text
    (beside,) = outcome.details["compared"]
    assert beside["recipe"] == ["ML_TARGET=r"]
    assert beside["account"]["differences"]["first"]["net_pnl"]["low"] is not None


def test_the_demos_own_prices_have_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = clean_ohlcv(wandering(symbols=5, days=330), Path("made"))
    monkeypatch.setattr("afterclose.study.sources.load_demo_bars", lambda: bars)
    outcome = run_study(FAST, NOW, StudyRequest(prices=["demo"], every="quarter"), quiet=True)
    (study,) = outcome.details["studies"]
    assert (study["data"], study["of"]) == ("the demo's prices", "Symbols: 5")


def test_features_are_a_recipe_on_the_same_trades(
    prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[set[str]] = []

    def watched(*asked: object) -> LivedHistory:
        lived = study_source(*asked)  # type: ignore[arg-type]
        learned.append({name for one in asked[0].trades for name in one.trade.rule_features})  # type: ignore[attr-defined]
        return lived

    monkeypatch.setattr("afterclose.study.study.study_source", watched)
    asked = StudyRequest(prices=[str(prices)], recipes=["ML_BAR_FEATURES=market"], every="quarter")
    outcome = run_study(FAST, NOW, asked, quiet=True)
    first, second = outcome.details["studies"]
    assert learned == [set(DEFAULT), {*DEFAULT, *MARKET}]
    assert second["recipe"] == ["ML_BAR_FEATURES=market"]
    assert first["worths"]["net_pnl"] == second["worths"]["net_pnl"]


def test_a_ledgers_features_are_its_own(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    write_ledger(path, synthetic_records(30))
    asked = StudyRequest(ledger=str(path), recipes=["ML_BAR_FEATURES=market"])
    with pytest.raises(InputError, match="import it anew with BARS="):
        run_study(FAST, NOW, asked, quiet=True)


def test_a_ledger_of_ones_own_is_lived_through_night_by_night(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    write_ledger(path, synthetic_records(160))
    outcome = run_study(FAST, NOW, StudyRequest(ledger=str(path)), quiet=True)
    (study,) = outcome.details["studies"]
    assert (study["of"], study["every"]) == ("One's own trades", "night")
    assert study["worths"]["decisions"] == 160
    assert study["cycles"] >= 9  # of the nine sessions in which one ended
    assert len(study["worths"]["books"][2]["promotions"]) == study["candidates"] > 5
    said = outcome.text.split("Of the newest candidate:\n")[1]
    assert " ".join(said.split()) == study["what_next"]
    assert study["what_next"].startswith("What next: ")


def test_either_prices_or_a_ledger_is_asked_for() -> None:
    with pytest.raises(InputError, match="name prices or a ledger"):
        run_study(FAST, NOW, StudyRequest(), quiet=True)


def test_a_recipe_with_a_mistyped_name_is_refused(prices: Path) -> None:
    asked = StudyRequest(prices=[str(prices)], recipes=["ML_TARGETS=r"])
    with pytest.raises(ConfigError, match="did you mean ML_TARGET"):
        run_study(FAST, NOW, asked, quiet=True)


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
        run_study(FAST, NOW, StudyRequest(prices=[str(path)]), quiet=True)


def test_the_job_takes_several_files() -> None:
    words = [
        "--data",
        "a.csv",
        "b.csv",
        "--out",
        "docs/study.md",
        "--recipes",
        "ML_TARGET=r  ML_A=1",
    ]
    options = parser().parse_args(words)
    assert (options.data, options.out) == (["a.csv", "b.csv"], "docs/study.md")
    assert options.recipes == ["ML_TARGET=r", "ML_A=1"]


def test_another_recipe_is_another_study_in_the_page() -> None:
    assert recipe_of(FAST) == []
    tuned = recipe_of(replace(FAST, threshold_mode="tuned", mae_threshold=0.05))
    assert tuned == ["ML_MAE_THRESHOLD=0.05", "ML_THRESHOLD_MODE=tuned"]
    page = page_with("", title_of("a.csv", []), "usual")
    both = page_with(page, title_of("a.csv", tuned), "tuned")
    assert "usual" in both
    assert page_with(both, title_of("a.csv", tuned), "again") == both.replace("\ntuned", "\nagain")
