"""What the filter did lately, in words, and what came of it."""

from datetime import UTC, datetime

import msgspec
import pytest

from afterclose.ledger import TradeLedger
from afterclose.records import Trade
from afterclose.report.morning_view import morning_view
from afterclose.report.recent_verdicts import RecentVerdict, Result, recent_verdicts
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.trading.decision_log import DecisionRecord

NOW = datetime(2026, 1, 28, 6, tzinfo=UTC)


def verdict(
    day: str, trade_id: str = "", *, allowed: bool = True, size: float = 1.0
) -> DecisionRecord:
    return DecisionRecord(
        at=f"2026-01-{day}T20:00:00+00:00", session=f"2026-01-{day}", trade_id=trade_id or None,
        symbol="AAPL", side="long", mode="ml", model_id="20260120_000000", digest="d",
        features={"heat": 1.0}, risk_score=0.7 if not allowed else 0.2, threshold=0.5,
        threshold_mode="share",
        allowed=allowed, size_multiplier=0.0 if not allowed else size,
        reason="low_risk" if allowed else "high_risk",
    )  # fmt: skip


def test_the_last_session_and_the_week_are_told_apart_with_what_came_of_them() -> None:
    view = morning_view(
        [
            RecentVerdict(verdict("27", "a", allowed=False), Result(-0.05, -500.0, True)),
            RecentVerdict(verdict("27", "b"), Result(None, None, False)),
            RecentVerdict(verdict("23", "c", size=0.5), Result(0.02, 200.0, False)),
        ],
        None,
    )
    assert view.session == "27\N{NO-BREAK SPACE}Jan\N{NO-BREAK SPACE}2026"
    assert (
        view.yesterday
        == "2 entries: 1 blocked. The blocked ones went on to make \N{MINUS SIGN}500."
    )
    assert view.week == (
        "3 entries: 1 blocked, 1 made smaller. The blocked ones went on to make \N{MINUS SIGN}500. "
        "Those let through made +200, 1 of 2 being closed."
    )
    first, second, third = view.rows
    assert (first.said, first.blocked, first.tone) == ("blocked", True, "bad")
    assert first.score == "0.70, blocked above 0.50 (share)"
    assert first.went == "followed on paper, \N{MINUS SIGN}5.00\N{NO-BREAK SPACE}%"
    assert second.went == "traded, still open"
    assert third.said == "let through at 50\N{NO-BREAK SPACE}%"


def test_a_session_in_which_nobody_asked_says_so() -> None:
    view = morning_view([RecentVerdict(verdict("23"), None)], None, "2026-01-27")
    assert view.yesterday == "The filter was asked about no entry."
    assert view.week == "1 entry: 0 blocked."
    assert morning_view([], None).session == ""


@pytest.mark.parametrize("broken", [None, {}, {"drift": {"words": 3}}, {"drift": []}])
def test_a_monitor_that_is_not_there_or_not_known_says_nothing(broken: dict | None) -> None:
    assert morning_view([], broken).alarms == []


def test_the_monitors_answers_stand_beside_what_was_asked() -> None:
    harm = {"alarm": True, "log_stake": 3.1, "words": "blocked entries\x1b earned more"}
    (row,) = morning_view([], {"schema_version": 1, "harm": harm}).alarms
    assert row.sounds
    assert row.words == "blocked entries  earned more"


def test_entries_are_read_from_the_ends_of_log_and_ledgers(settings: Settings) -> None:
    settings.root.mkdir(parents=True)
    lines = [
        verdict("10", "old"), verdict("26", "a", allowed=False), verdict("27", "b"),
        verdict("27", "b", size=0.5), verdict("29", "tomorrow"),
    ]  # fmt: skip
    log = b"\n".join(map(msgspec.json.encode, lines)) + b"\nno line\n"
    (settings.root / DECISIONS_FILE).write_bytes(log)
    closed = {"entry_timestamp": NOW, "exit_timestamp": NOW, "symbol": "AAPL", "quantity": 10.0}
    TradeLedger(settings.shadow_ledger_path).add_trade(
        Trade(trade_id="shadow-a", entry_price=100.0, exit_price=90.0, source="shadow", **closed)
    )
    newest, older = recent_verdicts(settings, NOW)
    assert (newest.verdict.trade_id, newest.verdict.size_multiplier) == ("b", 0.5)
    assert newest.result is None
    assert older.result == Result(pytest.approx(-0.1), pytest.approx(-100.0), True)


def test_no_log_has_no_entries(settings: Settings) -> None:
    assert recent_verdicts(settings, NOW) == []
