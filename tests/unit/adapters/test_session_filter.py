"""`adapters.session_filter`: a bot that runs for weeks has the filter of the session that runs."""

from datetime import datetime, timedelta

import pytest

from afterclose.adapters.session_filter import SessionFilter
from afterclose.model_registry import ModelRegistry
from afterclose.records import Subject
from afterclose.scope_files import DECISIONS_FILE
from afterclose.settings import Settings
from afterclose.testing import frozen_clock
from afterclose.trading.decision_log import read_decisions
from trading_builders import (
    BEFORE_THE_OPEN,
    CLOSE,
    make_scorecard,
    promote_model,
    write_sessions,
)

WILD = {"atr_pct": 1.0, "rsi": 1.0}
NEXT_OPEN = datetime.fromisoformat("2026-01-28T14:30:00+00:00")


@pytest.fixture
def scope(settings: Settings) -> Settings:
    write_sessions(settings)
    promote_model(settings)
    return settings


def test_each_session_has_its_own_model_lock_and_line(scope: Settings) -> None:
    risk = SessionFilter(scope)
    with frozen_clock(BEFORE_THE_OPEN):
        assert not risk.check(WILD, Subject("T-1")).allowed
    harmless = promote_model(scope, now=CLOSE, card=make_scorecard(weights=(0.0, 0.0)))
    with frozen_clock(NEXT_OPEN - timedelta(seconds=1)):
        assert not risk.check(WILD, Subject("T-2")).allowed  # the old model, to the very end
    with frozen_clock(NEXT_OPEN):
        verdict = risk.check(WILD, Subject("T-3"))
        assert (verdict.allowed, verdict.model_id) == (True, harmless)
        lock = ModelRegistry.from_settings(scope).current_lock(NEXT_OPEN)
    assert lock is not None
    assert (lock.session, lock.model_id) == ("2026-01-28", harmless)
    risk.close()
    lines = [(line.trade_id, line.reason) for line in read_decisions(scope.root / DECISIONS_FILE)]
    assert lines == [
        ("T-1", "high_risk"),
        ("T-2", "high_risk"),
        ("T-3", "low_risk"),
    ]


def test_a_dry_one_writes_nothing_and_is_never_over(scope: Settings) -> None:
    before = {path: path.stat().st_mtime_ns for path in scope.root.rglob("*")}
    risk = SessionFilter(scope, dry=True)
    for moment in (BEFORE_THE_OPEN, NEXT_OPEN + timedelta(days=30)):
        with frozen_clock(moment):
            assert risk.check(WILD).reason == "high_risk"
    risk.close()
    assert {path: path.stat().st_mtime_ns for path in scope.root.rglob("*")} == before


def test_without_a_calendar_it_goes_on_by_local_days(settings: Settings) -> None:
    """A guess of a session ends too; the next one is loaded, and nothing raises."""
    promote_model(settings)
    risk = SessionFilter(settings)
    for days in range(3):
        with frozen_clock(BEFORE_THE_OPEN + timedelta(days=days)):
            assert risk.check(WILD).reason == "high_risk"
    risk.close()


@pytest.mark.parametrize("what", [None, 3, "text", [], object()])
def test_it_never_raises(settings: Settings, what: object) -> None:
    risk = SessionFilter(settings)
    assert risk.check(what).allowed
    risk.close()
    assert risk.check(what).allowed  # asked again after the end, it loads anew
    risk.close()
