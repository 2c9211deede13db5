"""`shadow`: a blocked entry's outcome, worked out by hand on six days of AAPL; each once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.disk.seal import seal
from afterclose.errors import InputError
from afterclose.history.shadow import follow_blocked, follow_files
from afterclose.importing.ledger_import import import_file
from afterclose.importing.request import Request
from afterclose.ledger import TradeLedger
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.records import Subject
from afterclose.risk_filter import RiskFilter
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.testing import frozen_clock
from afterclose.trading.decision_log import parse_decision
from trading_builders import (
    BEFORE_THE_OPEN,
    make_signal,
    promote_model,
    shadow_lines,
    write_sessions,
)

WILD = {"atr_pct": 1.0, "rsi": 1.0}
CALM = {"atr_pct": -1.0, "rsi": -1.0}
LATER = datetime(2026, 2, 20, tzinfo=UTC)

BARS = """symbol,date,open,high,low,close,volume
AAPL,2026-01-26,99,101,98,100,1
AAPL,2026-01-27,100,103,97,102,1
AAPL,2026-01-28,102,106,101,105,1
AAPL,2026-01-29,104,105,95,96,1
AAPL,2026-01-30,96,99,94,98,1
AAPL,2026-02-02,98,99,90,91,1
"""

IN_27 = "2026-01-27T14:30"
IN_28 = "2026-01-28T14:30"
IN_MIDDAY = "2026-01-27T12:00"
END_27 = "2026-01-27T21:00"
END_28 = "2026-01-28T21:00"
END_29 = "2026-01-29T21:00"
STOP, TARGET, TIME = "STOP_LOSS", "TAKE_PROFIT", "TIME_EXIT"
PRE_OPEN = "2026-01-27T09:00:00-05:00"
MIDDAY = "2026-01-27T12:00:00-05:00"
EVENING = "2026-01-27T19:00:00-05:00"


@pytest.fixture
def scope(settings: Settings, tmp_path: Path) -> Settings:
    write_sessions(settings)
    promote_model(settings)
    bars = tmp_path / "bars.csv"
    bars.write_text(BARS)
    return replace(settings, bars_file=str(bars))


@pytest.fixture
def asked(scope: Settings) -> Callable[..., None]:
    """Ask the scope's filter about entries with these subjects, all of high risk."""

    def ask(*subjects: Subject, features: dict[str, float] = WILD) -> None:
        with RiskFilter.load(scope, BEFORE_THE_OPEN) as risk:
            for about in subjects:
                risk.check(features, about=about)

    return ask


def follow(settings: Settings, now: datetime = LATER) -> dict[str, Any]:
    return follow_blocked(settings, now, settings.bars_file).details


def entry(at: str = PRE_OPEN, **fields: Any) -> Subject:
    return Subject(**{"symbol": "AAPL", "side": "long", "at": at, "trade_id": "T-1"} | fields)


@pytest.mark.parametrize(
    ("about", "entered", "left"),
    [
        # before the open: in at that open, 100; the stop 96 is touched on the 29th
        (entry(stop_price=96), (IN_27, 100.0), (END_29, 96.0, STOP)),
        # the whole bar of the 27th counts, its low of 97 too
        (entry(stop_price=97), (IN_27, 100.0), (END_27, 97.0, STOP)),
        (entry(target_price=106), (IN_27, 100.0), (END_28, 106.0, TARGET)),
        # a week end: two days are over at the close of the 29th (2.27 days)
        (entry(max_holding_days=2), (IN_27, 100.0), (END_29, 96.0, TIME)),
        # midday at a price: the low of 97 may have come before, so only the close of 102 counts
        (entry(MIDDAY, price=101, stop_price=97), (IN_MIDDAY, 101.0), (END_29, 97.0, STOP)),
        # midday without a price: in at the next open, 102
        (entry(MIDDAY, stop_price=97), (IN_28, 102.0), (END_29, 97.0, STOP)),
        # a price of the evening is no fill: in at the next open
        (entry(EVENING, price=102, stop_price=97), (IN_28, 102.0), (END_29, 97.0, STOP)),
        # short, at 102: the stop 105 is touched on the 28th
        (entry(EVENING, side="short", stop_price=105), (IN_28, 102.0), (END_28, 105.0, STOP)),
        (entry(EVENING, side="short", target_price=95), (IN_28, 102.0), (END_29, 95.0, TARGET)),
        # no plan of its own: ten days are over at no bar, so the settings' stop of 5 % ends it
        (entry(), (IN_27, 100.0), (END_29, 95.0, STOP)),
        # a moment without an offset is the market's local time
        (entry("2026-01-27T09:00:00", stop_price=96), (IN_27, 100.0), (END_29, 96.0, STOP)),
    ],
)  # fmt: skip
def test_an_entry_is_followed_to_the_exit_that_its_rules_had_planned(
    scope: Settings,
    asked: Callable[..., None],
    about: Subject,
    entered: tuple[str, float],
    left: tuple[str, float, str],
) -> None:
    asked(about)
    settings = replace(scope, shadow_stop_pct=0.05)
    assert follow(settings) == {"added": 1, "not_followed": {}}
    (trade,) = shadow_lines(scope)
    assert (trade["entry_timestamp"][:16], trade["entry_price"]) == entered
    assert (trade["exit_timestamp"][:16], trade["exit_price"], trade["exit_type"]) == left
    assert (trade["trade_id"], trade["source"]) == ("shadow-T-1", "shadow")
    assert trade["rule_features"] == WILD


def test_excursions_costs_and_quantity_are_those_of_paper_trading(
    scope: Settings, asked: Callable[..., None]
) -> None:
    """In at 100 + 1 %, out at 96 - 1 %; high 106, low 96; fees 10 bps of 1010 and 950.4."""
    asked(entry(stop_price=96, quantity=10))
    follow(replace(scope, slippage_bps=100, fees_bps=10))
    (trade,) = shadow_lines(scope)
    assert (trade["entry_price"], trade["exit_price"]) == (101.0, pytest.approx(95.04))
    assert trade["fees"] == pytest.approx(1.01 + 0.9504)
    assert trade["quantity"] == 10
    assert trade["mfe_pct"] == pytest.approx(106 / 101 - 1)
    assert trade["mae_pct"] == pytest.approx(95.04 / 101 - 1)


def test_none_is_followed_twice(scope: Settings, asked: Callable[..., None]) -> None:
    asked(entry(stop_price=96), entry(stop_price=96), entry(trade_id=None, stop_price=97))
    assert follow(scope)["added"] == 2
    assert follow(scope) == {"added": 0, "not_followed": {"asked about again": 1}}
    asked(entry(trade_id="T-2", stop_price=97))
    assert follow(scope)["added"] == 1
    assert len({line["trade_id"] for line in shadow_lines(scope)}) == 3


def test_an_entry_that_is_still_open_waits_for_its_end(
    scope: Settings, asked: Callable[..., None]
) -> None:
    asked(entry(stop_price=96))
    early = datetime(2026, 1, 28, 22, tzinfo=UTC)
    assert follow(scope, datetime(2026, 1, 27, 14, 30, tzinfo=UTC))["not_followed"] == {
        "waits for its first bar": 1
    }
    assert follow(scope, early) == {"added": 0, "not_followed": {"still open at the last bar": 1}}
    assert follow(scope)["added"] == 1


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (entry(symbol=None), "its subject names no symbol"),
        (entry(symbol="MSFT"), "the bars do not have the symbol"),
        (entry(side="up"), "its side is neither long nor short"),
        (entry("yesterday"), "its moment cannot be read"),
        (entry("2026-01-10T12:00:00-05:00"), "no bar within 10 days of the decision"),
        (entry("2026-02-03T12:00:00-05:00"), "waits for its first bar"),
        (entry(MIDDAY, price=50, stop_price=45), "its price does not lie in its day's bar"),
        (entry(stop_price=100), "entered at or beyond its stop or target"),
        (entry(target_price=99), "entered at or beyond its stop or target"),
    ],
)
def test_what_cannot_be_followed_is_counted(
    scope: Settings, asked: Callable[..., None], about: Subject, reason: str
) -> None:
    asked(about)
    assert follow(scope) == {"added": 0, "not_followed": {reason: 1}}
    assert reason in follow_blocked(scope, LATER, scope.bars_file).text


def test_without_any_plan_none_is_made_up(scope: Settings, asked: Callable[..., None]) -> None:
    asked(entry())
    found = follow(replace(scope, shadow_holding_days=0))
    assert found["not_followed"] == {"neither its subject nor the settings plan an exit": 1}


def test_an_entry_that_was_let_in_after_all_has_its_outcome_elsewhere(
    scope: Settings, asked: Callable[..., None]
) -> None:
    asked(entry(stop_price=96))
    asked(entry(stop_price=96), features=CALM)
    assert follow(scope) == {"added": 0, "not_followed": {"let in after all": 1}}


def test_without_an_id_one_of_a_symbol_is_open_at_a_time(
    scope: Settings, asked: Callable[..., None]
) -> None:
    asked(entry(trade_id=None, stop_price=96))
    with RiskFilter.load(scope, datetime(2026, 1, 28, 14, tzinfo=UTC)) as risk:
        risk.check(WILD, about=entry("2026-01-28T09:00:00-05:00", trade_id=None, stop_price=96))
    wanted = {"added": 1, "not_followed": {"one of its symbol, side and strategy was open": 1}}
    assert follow(scope) == wanted
    assert follow(scope) == wanted | {"added": 0}


def test_what_the_paper_executor_follows_is_left_to_it(scope: Settings) -> None:
    with RiskFilter.load(scope, BEFORE_THE_OPEN) as risk:
        executor = PaperTradingExecutor(scope, risk, TradeLedger(scope.ledger_paths[0]))
        signal = make_signal(timestamp=PRE_OPEN, features=WILD, stop_price=96.0)
        assert executor.execute_signal(signal) == (False, None)
    assert follow(scope)["not_followed"] == {"the paper executor follows it": 1}


def test_who_loads_anew_between_sessions_was_not_let_in(
    scope: Settings, asked: Callable[..., None]
) -> None:
    """A filter whose session is over gives no verdict; the next one blocks the same entry."""
    with (
        RiskFilter.load(scope, BEFORE_THE_OPEN) as old,
        frozen_clock(datetime.now(UTC) + timedelta(days=3)),
    ):
        assert old.check(WILD, about=entry(stop_price=96)).reason == "session_over"
    asked(entry(stop_price=96))
    assert follow(scope) == {"added": 1, "not_followed": {}}


def test_what_the_log_could_not_hold_is_counted(
    scope: Settings, asked: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    asked(entry(stop_price=96), entry(trade_id="T-2", stop_price=96))
    log = scope.root / DECISIONS_FILE
    first, second = log.read_bytes().splitlines()
    record = replace(parse_decision(second), lost_before=3)
    log.write_bytes(first[:-9] + b"\n" + seal(msgspec.json.encode(record)) + b"\n")
    assert follow(scope) == {
        "added": 1,
        "not_followed": {
            "lines of the log that are damaged": 1,
            "verdicts, of whatever kind, that the disk did not take": 3,
        },
    }


def test_without_bars_or_a_log_it_says_so(scope: Settings, asked: Callable[..., None]) -> None:
    assert follow_blocked(scope, LATER, "").reason == "nothing was asked of the filter yet"
    asked(entry())
    with pytest.raises(InputError, match="set ML_BARS_FILE"):
        follow_files(scope, LATER, "")
    off = replace(scope, shadow_blocked=False)
    assert follow_blocked(off, LATER, "").reason == "ML_SHADOW_BLOCKED is off"


def test_a_cycle_follows_where_there_are_bars_and_bad_bars_do_not_stop_it(
    scope: Settings, asked: Callable[..., None], tmp_path: Path
) -> None:
    asked(entry(stop_price=96))
    for folder in scope.model_dir.glob("2*"):
        (folder / "evaluation.json").write_text("{}")  # nothing is left to evaluate
    gone = replace(scope, bars_file=str(tmp_path / "gone.csv"))
    skipped = OfflineMLOrchestrator.from_settings(gone).run_offline_ml_cycle(now=LATER)
    assert "nothing followed: " in skipped.details["shadow"]["reason"]
    assert skipped.details["steps"]["build"] == "unchanged"
    followed = OfflineMLOrchestrator.from_settings(scope).run_offline_ml_cycle(now=LATER)
    assert followed.details["shadow"]["added"] == 1
    assert followed.details["rows_added"] == 1  # the night learns from it
    assert "Outcomes of blocked entries added: 1" in followed.text
    without = OfflineMLOrchestrator.from_settings(replace(scope, bars_file=""))
    assert without.run_offline_ml_cycle(now=LATER).details["shadow"] is None


def test_an_import_with_bars_follows_too_and_none_twice(
    scope: Settings, asked: Callable[..., None], tmp_path: Path
) -> None:
    asked(entry(stop_price=96))
    source = tmp_path / "trades.csv"
    source.write_text(
        "symbol,side,quantity,entry_timestamp,entry_price,exit_timestamp,exit_price\n"
        "AAPL,long,1,2026-01-28T10:00-05:00,102,2026-01-29T10:00-05:00,104\n"
    )
    request = Request(file=str(source), bars=scope.bars_file)
    outcome = import_file(replace(scope, bars_file=""), LATER, request)
    assert outcome.details["shadow"] == {"added": 1, "not_followed": {}}
    assert "Outcomes of blocked entries added: 1" in outcome.text
    again = import_file(scope, LATER, request)
    assert (again.status, again.details["shadow"]["added"]) == ("unchanged", 0)
    assert len(shadow_lines(scope)) == 1
