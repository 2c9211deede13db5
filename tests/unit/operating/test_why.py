"""`why`: the verdict of the log, what each feature added, and what came of it."""

import msgspec
import pytest

from afterclose.errors import InputError
from afterclose.learning.curves import Isotonic
from afterclose.ledger import TradeLedger
from afterclose.operating.why import why
from afterclose.records import Subject, Trade
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from trading_builders import BEFORE_THE_OPEN, make_scorecard, promote_model, write_sessions

WILD = {"atr_pct": 2.0, "rsi": -1.0}


@pytest.fixture
def scope(settings: Settings) -> Settings:
    write_sessions(settings)
    promote_model(settings)
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        about = Subject("T-1", "AAPL", "long", "2026-01-27T15:00:00+00:00")
        risk.check(WILD, about=about)
        risk.check({"atr_pct": "x", "rsi": 1.0}, about=Subject("T-2", "MSFT\x1b[31m"))
    return settings


def add_trade(settings: Settings, trade_id: str, source: str) -> None:
    path = settings.shadow_ledger_path if source == "shadow" else settings.ledger_paths[0]
    TradeLedger(path).add_trade(
        Trade(
            trade_id=trade_id,
            symbol="AAPL",
            entry_timestamp="2026-01-27T15:00:00+00:00",
            exit_timestamp="2026-01-29T21:00:00+00:00",
            entry_price=100.0,
            exit_price=95.0,
            quantity=1.0,
            exit_type="STOP_LOSS",
            mae_pct=-0.06,
            source=source,
        )
    )


def test_a_blocked_trade_is_taken_apart_and_its_end_is_told(scope: Settings) -> None:
    add_trade(scope, "shadow-T-1", "shadow")
    outcome = why(scope, trade_id="T-1")
    (answer,) = outcome.details["answers"]
    assert answer["verdict"]["reason"] == "high_risk"
    assert answer["explanation"]["base"] == 0.0
    assert list(answer["explanation"]["contributions"]) == [
        {"feature": "atr_pct", "value": 2.0, "adds": 2.0, "unit": "fraction"},
        {"feature": "rsi", "value": -1.0, "adds": -1.0, "unit": ""},
    ]
    assert answer["outcome"]["pnl_pct"] == pytest.approx(-0.05)
    assert "Verdict: BLOCKED (high_risk)" in outcome.text
    assert "Risk score: 0.731, blocked above 0.500" in outcome.text
    assert "followed on paper, STOP_LOSS at -5.00% net of fees, at worst -6.00%" in outcome.text
    (atr,) = [line for line in outcome.text.splitlines() if line.startswith("atr_pct")]
    assert atr.split() == ["atr_pct", "(fraction)", "200.00%", "+2.000"]
    msgspec.json.encode(outcome)


def test_a_symbol_and_a_day_find_the_same(scope: Settings) -> None:
    add_trade(scope, "T-1", "paper")
    for day in ("2026-01-27", None):
        (answer,) = why(scope, symbol="AAPL", day=day).details["answers"]
        assert answer["outcome"]["source"] == "paper"
    assert why(scope, symbol="AAPL", day="2026-01-26").status == "nothing_due"


def test_a_verdict_without_a_score_names_the_features_at_fault(scope: Settings) -> None:
    told = why(scope, trade_id="T-2").text
    assert "features_invalid, no number atr_pct" in told
    with RiskFilter.load(scope, BEFORE_THE_OPEN) as risk:
        risk.check({"rsi": 1.0}, about=Subject("T-3"))
        risk.check({"atr_pct": 1e5, "rsi": 1.0}, about=Subject("T-4"))
    assert "features_missing, missing atr_pct\n" in why(scope, trade_id="T-3").text
    wild = why(scope, trade_id="T-4").text
    assert "out_of_distribution, atr_pct is 1e+05 standard deviations from its mean" in wild


def test_a_day_that_is_no_date_is_refused(scope: Settings) -> None:
    with pytest.raises(InputError, match="--date 'yesterday' is not a date; write YYYY-MM-DD"):
        why(scope, symbol="AAPL", day="yesterday")


def test_a_verdict_without_a_score_says_why_nothing_is_taken_apart(scope: Settings) -> None:
    outcome = why(scope, trade_id="shadow-T-2")
    assert "No contributions: the verdict rests on no score: features_invalid" in outcome.text
    assert "What came of it: not known (yet)" in outcome.text
    assert "\x1b" not in outcome.text


def test_a_model_that_changed_since_does_not_explain_its_verdict(scope: Settings) -> None:
    (answer,) = why(scope, trade_id="T-1").details["answers"]
    path = scope.model_dir / answer["verdict"]["model_id"] / "scorecard.json"
    path.write_bytes(make_scorecard(weights=(9.0, 9.0)).to_bytes())
    assert "No contributions: the files of" in why(scope, trade_id="T-1").text
    path.unlink()
    assert "No contributions: " in why(scope, trade_id="T-1").text


def test_nothing_asked_and_nothing_found_are_said(scope: Settings, settings: Settings) -> None:
    with pytest.raises(InputError, match="--trade ID"):
        why(scope)
    assert why(scope, trade_id="T-9").status == "nothing_due"
    for no_day in ("junk", "2026-1-27", "2026-02-30", ""):
        with pytest.raises(InputError, match="write YYYY-MM-DD"):
            why(scope, symbol="AAPL", day=no_day)


def test_a_model_that_learned_r_is_taken_apart_in_r(settings: Settings) -> None:
    """Its unit stands in the table, and its score is told as the rank that it is."""
    write_sessions(settings)
    curve = Isotonic(log_odds=(-2.0, 2.0), risks=(0.0, 1.0))
    promote_model(settings, card=make_scorecard(kind="ridge", weights=(0.5, 0.25), curve=curve))
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        risk.check(WILD, about=Subject("T-1"))
        assert risk.explain(WILD).unit == "R"
    outcome = why(settings, trade_id="T-1")
    assert outcome.details["answers"][0]["explanation"]["unit"] == "R"
    shown = [line.split() for line in outcome.text.splitlines()]
    assert "Expected loss in R, twice the ATR " in outcome.text
    assert ["atr_pct", "(fraction)", "200.00%", "+1.000", "R"] in shown
    assert "+0.750 R  = risk score 0.688: 69% of training looked better" in outcome.text
