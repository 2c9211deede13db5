"""Clocks that jump, calendars that end, long silences, midnights, nights when the hour changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.due import what_is_due
from afterclose.nightly.operator_view import show_status
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import lock
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from breaking import NIGHT_3, Lab, closed_in_ledgers, rows_by_trade, settings_of, trades
from builders import append_ledger, write_ledger


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def due(scope: Settings, at: str) -> str | None:
    return what_is_due(scope, MarketClock.from_settings(scope, may_build=True), moment(at)).session


def test_a_clock_that_jumps_back_neither_works_twice_nor_loses_order(lab: Lab) -> None:
    scope = lab.scope()
    assert run_cycle(scope, NIGHT_3).status == "done"
    events = (scope.model_dir / "registry_events.jsonl").read_bytes()
    for days in (1, 30, 365):
        back = NIGHT_3 - timedelta(days=days)
        assert run_cycle(scope, back).status in {"skipped", "nothing_due"}
        assert run_cycle(scope, back).status == "nothing_due"
    assert (scope.model_dir / "registry_events.jsonl").read_bytes() == events
    registry = ModelRegistry.from_settings(scope)
    newest = max(registry.list_models())
    registry.unlock("its session is to come again", now=NIGHT_3 - timedelta(days=3))
    assert registry.promote_candidate(newest, "in the past", now=NIGHT_3 - timedelta(days=3))
    assert registry.verify() == []
    assert run_cycle(scope, NIGHT_3 + timedelta(days=1)).status in {"done", "skipped"}
    lab.tally("a clock set back by 1, 30 and 365 days", 3)


def test_a_cycle_with_the_clock_ahead_stops_no_later_one(lab: Lab) -> None:
    """A recorded session that has not closed yet is not believed: the work goes on."""
    scope = lab.scope()
    run_cycle(scope, NIGHT_3 + timedelta(days=364))
    assert due(scope, NIGHT_3.isoformat()) == "2026-01-28"
    run_cycle(scope, NIGHT_3)
    assert due(scope, NIGHT_3.isoformat()) is None
    assert due(scope, (NIGHT_3 + timedelta(days=1)).isoformat()) == "2026-01-29"


def test_trades_from_the_future_wait_for_their_time(lab: Lab) -> None:
    """A clock that was wrong when a trade was booked does not put it into the past."""
    scope = lab.scope()
    early = datetime(2024, 2, 1, 22, tzinfo=UTC)
    fresh = settings_of(lab.folder / "early")
    write_ledger(fresh.ledger_paths[0], trades(60))
    assert "too small" in run_cycle(fresh, early - timedelta(days=20)).reason
    assert len(rows_by_trade(fresh)) < 20
    assert run_cycle(fresh, NIGHT_3).status == "done"
    assert rows_by_trade(fresh) == closed_in_ledgers(fresh)
    assert scope.root != fresh.root


def test_a_cycle_that_was_down_for_three_weeks_works_once_on_the_last_session(lab: Lab) -> None:
    scope = lab.scope()
    back_up = NIGHT_3 + timedelta(weeks=3)
    outcome = run_cycle(scope, back_up)
    assert (outcome.status, outcome.details["session"]) == ("done", "2026-02-18")
    assert run_cycle(scope, back_up + timedelta(minutes=15)).status == "nothing_due"
    assert rows_by_trade(scope) == closed_in_ledgers(scope)
    lab.tally("a cycle that was down for three weeks", 1)


def test_two_cycles_either_side_of_midnight_work_once(lab: Lab) -> None:
    for number, (before, after) in enumerate((
        ("2026-01-28T23:59:59-05:00", "2026-01-29T00:00:01-05:00"),  # the exchange's midnight
        ("2026-01-28T23:59:59+00:00", "2026-01-29T00:00:01+00:00"),  # UTC's
    )):  # fmt: skip
        scope = lab.scope()
        first = run_cycle(scope, moment(before))
        assert (first.status, first.details["session"]) == ("done", "2026-01-28"), number
        assert run_cycle(scope, moment(after)).status == "nothing_due"
    lab.tally("two cycles either side of midnight", 2)


def test_a_calendar_that_ends_goes_on_with_the_regular_week_and_says_so(lab: Lab) -> None:
    scope = settings_of(lab.folder / "logs", ML_MARKET="india")
    write_ledger(scope.ledger_paths[0], trades(70))
    first = run_cycle(scope, moment("2026-12-31T16:30:00+05:30"))
    assert first.status == "done"
    ModelRegistry.from_settings(scope).promote_candidate(
        first.details["model_id"], now=moment("2026-12-31T17:00:00+05:30")
    )
    append_ledger(scope.ledger_paths[0], trades(80)[70:])
    assert "open" in run_cycle(scope, moment("2027-01-04T12:30:00+05:30")).reason
    outcome = run_cycle(scope, moment("2027-01-04T16:30:00+05:30"))
    assert (outcome.status, outcome.details["session"]) == ("done", "2027-01-04")
    assert lock(scope, moment("2027-01-05T09:00:00+05:30"), 30).status == "done"
    with RiskFilter.load(scope, moment("2027-01-05T09:00:00+05:30")) as risk:
        assert (risk.mode, risk.session) == ("ml", "2027-01-05")
    assert "ends on 2026-12-31" in str(show_status(scope, moment("2027-01-05T09:00:00+05:30")))
    lab.tally("a calendar that ended", 2)


HALF_AN_HOUR_AFTER_THE_CLOSE = [
    # New York: clocks go forward on 8 March 2026 and back on 1 November.
    ("XNYS", "2026-03-06T16:30:00-05:00"),
    ("XNYS", "2026-03-09T16:30:00-04:00"),
    ("XNYS", "2026-10-30T16:30:00-04:00"),
    ("XNYS", "2026-11-02T16:30:00-05:00"),
    # Sydney, the other half of the year: back on 5 April 2026, forward on 4 October.
    ("XASX", "2026-04-02T16:30:00+11:00"),
    ("XASX", "2026-04-07T16:30:00+10:00"),
    ("XASX", "2026-10-02T16:30:00+10:00"),
    ("XASX", "2026-10-05T16:30:00+11:00"),
]


@pytest.mark.parametrize(("calendar", "ready"), HALF_AN_HOUR_AFTER_THE_CLOSE)
def test_around_a_change_of_the_clock_a_session_is_due_half_an_hour_after_its_close(
    lab: Lab, calendar: str, ready: str
) -> None:
    scope = settings_of(lab.folder / "logs", ML_MARKET="aus", ML_CALENDAR=calendar)
    session, second = ready[:10], timedelta(seconds=1)
    assert due(scope, (datetime.fromisoformat(ready) - second).isoformat()) != session
    assert due(scope, ready) == session
    lab.tally("a session's end around a change of the clock", 1)


@pytest.mark.parametrize("zone", ["+14:00", "-12:00", "+05:30"])
def test_the_offset_in_which_a_moment_is_written_makes_no_difference(lab: Lab, zone: str) -> None:
    hours, minutes = int(zone[:3]), int(zone[4:])
    shift = timedelta(hours=hours, minutes=minutes if hours > 0 else -minutes)
    local = (NIGHT_3 + shift).replace(tzinfo=None)
    scope = lab.scope()
    assert due(scope, f"{local.isoformat()}{zone}") == "2026-01-28"


def test_a_wrong_zone_of_the_host_makes_no_difference(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import time

    scope = lab.scope()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        outcome = run_cycle(scope, NIGHT_3)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    reference = lab.scope()
    assert run_cycle(reference, NIGHT_3).details == outcome.details
    name = "ml_training_dataset.jsonl"
    assert (scope.root / name).read_bytes() == (reference.root / name).read_bytes()
    lab.tally("a host in another time zone", 1)
