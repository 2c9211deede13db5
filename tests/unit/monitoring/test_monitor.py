"""The monitor's step: what it counts, when each alarm sounds, and that nights add up."""

import gc
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.seal import seal
from afterclose.market.clock import MarketClock
from afterclose.monitoring.monitor import watch
from afterclose.monitoring.monitor_file import Monitor, read_judged, read_monitor
from afterclose.nightly.operator_view import show_status
from afterclose.settings import Settings
from afterclose.trading.switch import Switch
from machine import allowed_s
from monitoring_builders import (
    FIRST_MONDAY,
    Entry,
    append_outcomes,
    append_verdicts,
    card,
    entries,
)
from trading_builders import promote_model

PROMOTED_AFTER = 30
"""Weeks of verdicts without a model before the one that is watched."""

SINCE = FIRST_MONDAY + timedelta(weeks=PROMOTED_AFTER, hours=-10)


class NoCalendar:
    """A clock that counts five sessions between any two moments."""

    def sessions_between(self, *_: datetime) -> int:
        return 5


CLOCK: Any = NoCalendar()


def scope(settings: Settings, weeks: int, **truth: Any) -> tuple[str, list[Entry]]:
    """A scope with an active model and ``weeks`` of verdicts by it, all of which have closed."""
    model_id = promote_model(settings, SINCE, card())
    made = entries(1, range(PROMOTED_AFTER), 10, model_id=None)
    made += entries(2, _weeks(weeks), 10, model_id=model_id, **truth)
    append_verdicts(settings, made)
    append_outcomes(settings, made)
    return model_id, made


def after(weeks: int) -> datetime:
    return FIRST_MONDAY + timedelta(weeks=PROMOTED_AFTER + weeks, days=6)


def watched(settings: Settings, now: datetime) -> Monitor:
    assert watch(settings, now, CLOCK).status == "done"
    found = read_monitor(settings.root)
    assert found is not None
    return found


def _weeks(number: int) -> range:
    return range(PROMOTED_AFTER, PROMOTED_AFTER + number)


# --- facts ------------------------------------------------------------------------------------


def test_facts_count_what_the_log_says(settings: Settings) -> None:
    _, made = scope(settings, 4)
    found = watched(settings, after(4))
    assert found.facts.verdicts["no_active_model"] == 300
    assert sum(found.facts.verdicts.values()) == len(made)
    newest = [entry.verdict for entry in made][-found.facts.sessions * 2 :]
    assert found.facts.sessions == 20
    blocked = sum(not verdict["allowed"] for verdict in newest)
    assert found.facts.block_share == blocked / 40
    assert found.facts.abstain_share == 0.0
    assert found.facts.model_age_sessions == 5


def test_without_a_model_there_are_facts_and_no_alarm(settings: Settings) -> None:
    append_verdicts(settings, entries(1, range(3), 10, model_id=None))
    found = watched(settings, after(0))
    assert found.facts.verdicts == {"no_active_model": 30}
    assert found.facts.abstain_share == 1.0
    assert not any(found.alarm_of(kind).alarm for kind in ("drift", "harm"))
    assert found.harm.words == "no model is active, so there is nothing to watch"
    assert found.harm.since is None


# --- the alarms -------------------------------------------------------------------------------


def test_an_unchanged_scope_is_quiet(settings: Settings) -> None:
    scope(settings, 52)
    found = watched(settings, after(52))
    for kind in ("drift", "calibration", "harm", "challenger"):
        assert not found.alarm_of(kind).alarm, kind
    assert found.drift.decisions == 520
    assert found.harm.decisions == 520
    assert show_status(settings, after(52), health=True).details["alerts"] == []


def test_features_that_moved_are_found_and_named(settings: Settings) -> None:
    scope(settings, 12, shift=1.0)
    found = watched(settings, after(12))
    assert found.drift.alarm
    for name in ("f01", "f02", "f03"):
        assert name in found.drift.words
    assert not found.harm.alarm
    assert any("drift alarm" in alert for alert in alerts(settings, after(12)))


def test_more_bad_trades_than_scores_said_are_found(settings: Settings) -> None:
    scope(settings, 40, worse=0.25)
    found = watched(settings, after(40))
    assert found.calibration.alarm
    assert "scores said 50 % bad, and 74 % of 400 decisions were" in found.calibration.words
    (alert,) = alerts(settings, after(40))
    assert alert.startswith("calibration alarm: ")
    assert "`make deactivate`" in alert


def test_blocking_the_good_ones_is_found(settings: Settings) -> None:
    scope(settings, 52, blocked_gain=1.2)
    found = watched(settings, after(52))
    assert found.harm.alarm
    (alert,) = [alert for alert in alerts(settings, after(52)) if "harm" in alert]
    assert "`make off`" in alert


def test_the_newest_candidate_is_scored_beside_the_active_model(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    better = promote_model(
        settings, SINCE + timedelta(hours=30), msgspec.structs.replace(card(), threshold=1.0)
    )
    from afterclose.model_registry import ModelRegistry

    registry = ModelRegistry.from_settings(settings)
    registry.rollback(reason="back", now=SINCE + timedelta(hours=31))
    assert registry.get_active_model() == model_id != better
    made = entries(2, _weeks(60), 10, model_id=model_id, blocked_gain=1.5)
    append_verdicts(settings, made)
    append_outcomes(settings, made)
    found = watched(settings, after(60))
    assert found.challenger.alarm
    assert found.challenger.decisions > 500
    assert "would have sized" in found.challenger.words
    assert any("`make candidates`" in alert for alert in alerts(settings, after(60)))


def test_open_trades_have_an_estimate_that_is_called_one(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    append_verdicts(settings, entries(2, _weeks(2), 10, model_id=model_id))
    found = watched(settings, after(2))
    assert found.calibration.decisions == 0
    assert found.calibration.estimated_bad_share == pytest.approx(0.5, abs=0.1)
    assert "20 decisions still open 4" in found.calibration.words.replace("5", "4")
    assert "an estimate from their scores" in found.calibration.words


def test_a_week_waits_for_its_last_trade(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    made = entries(2, _weeks(2), 10, model_id=model_id)
    still_open = made[3]
    append_verdicts(settings, made)
    closed = [entry for entry in made if entry is not still_open]
    trade = still_open.trade | {"exit_timestamp": None, "exit_price": None}
    append_outcomes(settings, [Entry(still_open.verdict, trade), *closed])
    assert watched(settings, after(3)).calibration.decisions == 0
    append_outcomes(settings, [still_open])
    assert watched(settings, after(4)).calibration.decisions == 20


def test_what_was_never_traded_is_left_out_in_the_end(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    made = entries(2, _weeks(1), 10, model_id=model_id)
    append_verdicts(settings, made)
    append_outcomes(settings, made[1:])
    assert watched(settings, after(2)).harm.decisions == 0
    found = watched(settings, after(9))
    assert found.calibration.decisions == 9
    assert "1 decision never got an outcome" in found.harm.words


def test_an_entry_asked_about_again_counts_once_and_as_let_in(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    made = entries(2, _weeks(1), 10, model_id=model_id)
    blocked = next(entry for entry in made if not entry.verdict["allowed"])
    again = Entry(blocked.verdict | {"allowed": True, "reason": "low_risk"}, blocked.trade)
    append_verdicts(settings, [*made, again])
    append_outcomes(settings, made)
    kept = sum(entry.verdict["allowed"] for entry in made) + 1
    found = watched(settings, after(2))
    assert found.drift.decisions == 10
    settled = found.state.weeks[0].settled
    assert settled is not None
    assert (settled.kept, settled.blocked) == (kept, 10 - kept)


# --- nights -----------------------------------------------------------------------------------


def test_night_by_night_comes_to_the_same_as_all_at_once(settings: Settings) -> None:
    model_id = promote_model(settings, SINCE, card())
    early = entries(1, range(PROMOTED_AFTER), 10, model_id=None)
    append_verdicts(settings, early)
    made = entries(2, _weeks(10), 10, model_id=model_id)
    waiting: list[Entry] = []
    for day in range(80):
        now = SINCE + timedelta(days=day, hours=30)
        new = [e for e in made if now - timedelta(days=1) < _at(e) <= now]
        append_verdicts(settings, new)
        waiting += new
        closed = [e for e in waiting if _at(e) + timedelta(days=3) < now]
        append_outcomes(settings, closed)
        waiting = [e for e in waiting if e not in closed]
        watched(settings, now)
    night_by_night = watched(settings, after(12))
    (settings.root / "ml_monitor.json").unlink()
    assert watched(settings, after(12)) == night_by_night
    assert night_by_night.harm.decisions == 100


def test_a_trade_that_closed_after_the_first_night_does_not_change_what_was_before(
    settings: Settings,
) -> None:
    model_id = promote_model(settings, SINCE, card())
    append_verdicts(settings, entries(2, _weeks(2), 10, model_id=model_id))
    old = entries(1, range(20), 10, model_id=None)
    late = old[-1].trade | {"exit_timestamp": after(1).isoformat()}
    append_outcomes(settings, old[:-1])
    DatasetBuilder.from_settings(settings).build(after(0))
    watched(settings, after(0))
    append_outcomes(settings, [Entry(old[-1].verdict, late)])
    DatasetBuilder.from_settings(settings).build(after(2))
    night_by_night = watched(settings, after(2))
    assert sum(week.decisions for week in night_by_night.state.before) == 199
    (settings.root / "ml_monitor.json").unlink()
    assert watched(settings, after(2)) == night_by_night


@pytest.mark.parametrize("what", ["damaged", "log replaced", "ledger replaced"])
def test_a_file_that_is_not_what_it_was_is_read_anew(settings: Settings, what: str) -> None:
    _, made = scope(settings, 6)
    before = watched(settings, after(7))
    path = settings.root / "ml_monitor.json"
    if what == "damaged":
        path.write_bytes(path.read_bytes().replace(b'"decisions":60', b'"decisions":61', 1))
    elif what == "log replaced":
        (settings.root / "ml_decisions.jsonl").unlink()
        append_verdicts(settings, made[::2])
    else:
        settings.ledger_paths[0].unlink()
        append_outcomes(settings, [e for e in made[::2] if e.trade["source"] == "paper"])
    found = watched(settings, after(14))
    if what == "damaged":
        assert found.harm == before.harm
    else:
        assert found.calibration.decisions < before.calibration.decisions


def test_damaged_and_unfinished_lines_are_passed_over(settings: Settings) -> None:
    scope(settings, 2)
    log = settings.root / "ml_decisions.jsonl"
    with log.open("ab") as file:
        file.write(b"no JSON\n")
        file.write(seal(b'{"at": "x", "reason": "low_risk"}') + b"\n")
        file.write(b'{"at": "2024-08-01T10:00:00+00:00", "reason": "low_r')
    found = watched(settings, after(2))
    assert sum(found.facts.verdicts.values()) == 320


def test_a_promotion_begins_the_watch_again(settings: Settings) -> None:
    scope(settings, 40, worse=0.25)
    assert watched(settings, after(40)).calibration.alarm
    promote_model(settings, after(40), card())
    found = watched(settings, after(41))
    assert found.calibration.since == after(40)
    assert not found.calibration.alarm
    assert alerts(settings, after(41)) == []


def test_verdicts_that_no_monitor_has_seen_are_said(settings: Settings) -> None:
    scope(settings, 3)
    (alert,) = alerts(settings, after(3))
    assert alert.startswith("the monitor has not looked at the verdicts yet")
    watched(settings, after(3))
    assert alerts(settings, after(3)) == []


# --- what an alarm leads to -------------------------------------------------------------------


def test_a_harm_alarm_switches_off_where_that_is_set_and_once(settings: Settings) -> None:
    scope(settings, 52, blocked_gain=1.2)
    watched(settings, after(52))
    assert not Switch(settings).is_off()  # not set
    (settings.root / "ml_monitor.json").unlink()
    auto = replace(settings, auto_off=True)
    outcome = watch(auto, after(52), CLOCK)
    assert "THE FILTER WAS SWITCHED OFF: blocked decisions do better" in outcome.text
    off = Switch(settings).read()
    assert off is not None
    assert off.by == "the monitor (ML_AUTO_OFF)"
    assert any("switched off" in alert for alert in alerts(settings, after(52)))
    Switch(settings).turn_on()  # a person who knows of the alarm
    watch(auto, after(53), CLOCK)
    assert not Switch(settings).is_off()


def test_a_quiet_monitor_switches_nothing_off(settings: Settings) -> None:
    scope(settings, 20)
    watch(replace(settings, auto_off=True), after(20), CLOCK)
    assert not Switch(settings).is_off()


# --- how long it takes ------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_years_of_verdicts_take_two_seconds_and_the_next_night_only_what_is_new(
    settings: Settings,
) -> None:
    model_id = promote_model(settings, FIRST_MONDAY, card())
    made = entries(3, range(520), 193, model_id=model_id)
    append_verdicts(settings, made)
    for source, path in (
        ("paper", settings.ledger_paths[0]),
        ("shadow", settings.shadow_ledger_path),
    ):
        lines = [msgspec.json.encode(e.trade) for e in made if e.trade["source"] == source]
        path.write_bytes(b"\n".join([*lines, b""]))
    now = FIRST_MONDAY + timedelta(weeks=521)
    first = _seconds(settings, now)
    new = entries(4, range(521, 522), 20, model_id=model_id)
    append_verdicts(settings, new)
    append_outcomes(settings, new)
    next_night = _seconds(settings, now + timedelta(days=1))
    found = read_judged(settings.root)
    assert found is not None
    assert sum(found.facts.verdicts.values()) == len(made) + 20 > 100_000
    assert first < allowed_s(2.0), f"{first:.2f} s"
    assert next_night < first / 4, f"{next_night:.2f} s after {first:.2f} s"


def _seconds(settings: Settings, now: datetime) -> float:
    gc.collect()
    gc.disable()  # as good as in a job (`afterclose.runner`)
    try:
        started = time.process_time()
        watch(settings, now, CLOCK)
        return time.process_time() - started
    finally:
        gc.enable()


def _at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.verdict["at"])


def alerts(settings: Settings, now: datetime) -> list[str]:
    return [
        alert
        for alert in show_status(settings, now, health=True).details["alerts"]
        if "without a lock" not in alert and "calendar" not in alert
    ]


def test_the_job_itself_writes_the_file_and_prints_it(settings: Settings) -> None:
    from afterclose.operating.watching import run_monitor

    scope(settings, 3)
    outcome = run_monitor(settings, after(3))
    assert outcome.job == "monitor"
    assert "Drift of the features: quiet; 3 blocks of weeks with 30 decisions" in outcome.text
    assert Path(settings.root / "ml_monitor.json").exists()
    assert isinstance(MarketClock.from_settings(settings), MarketClock)
