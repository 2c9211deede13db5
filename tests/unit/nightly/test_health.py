"""Health is what came out: each fault has its sentence, and a healthy scope has none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from afterclose.cron.crontab import parse_crontab
from afterclose.cron.heartbeat import beat
from afterclose.cron.line_results import LineResult, LineResults
from afterclose.market.clock import MarketClock
from afterclose.nightly.health import HARMLESS_SKIPS
from afterclose.nightly.journal import Journal
from afterclose.nightly.operator_view import show_status
from afterclose.nightly.work import Workplace
from afterclose.operating.cycle import run_cycle
from afterclose.operating.operations import PromotionRequest, lock, promote, unlock
from afterclose.operating.verification import verify_scope
from afterclose.risk_filter import RiskFilter
from afterclose.scope_files import CRON_LINES_FILE, HEARTBEAT_FILE, JOURNAL_FILE, STATUS_FILE
from afterclose.settings import Settings
from builders import append_ledger, synthetic_records, write_ledger
from trading_builders import promote_model, write_sessions

NIGHT = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
"""A Tuesday, 16:45 in New York: the session's work is due."""

MORNING = datetime(2026, 1, 28, 14, 10, tzinfo=UTC)
"""Twenty minutes before the open."""

FEATURES = {"atr_pct": 0.02, "rsi": 50.0, "trend": 0.1, "volume_ratio": 1.0}


def said(settings: Settings, now: datetime = NIGHT) -> list[str]:
    """What the health check says; status and its page say the same, the exit code too."""
    health = show_status(settings, now, health=True)
    assert list(show_status(settings, now).details["alerts"]) == health.details["alerts"]
    assert health.exit_code == (1 if health.details["alerts"] else 0)
    return list(health.details["alerts"])


def journal(settings: Settings) -> Journal:
    return Journal(settings.root / JOURNAL_FILE)


@pytest.fixture
def handled(settings: Settings) -> Settings:
    """A scope with a table of sessions, whose Tuesday was handled."""
    write_sessions(settings)
    run = journal(settings).start("cycle", NIGHT, session="2026-01-27", attempt=1)
    book = journal(settings)
    again = book.start("cycle", NIGHT, session="2026-01-27", attempt=1)
    book.completed(again)
    del run
    return settings


def journal_ends(settings: Settings, how: str, words: str, session: str = "2026-01-27") -> None:
    book = journal(settings)
    run = book.start("cycle", NIGHT, session=session, attempt=1)
    getattr(book, how)(run, words)


# --- no false alarm ------------------------------------------------------------------------


@pytest.mark.parametrize("env", ["paper", "live"])
def test_a_fresh_scope_has_nothing_wrong(settings: Settings, env: str) -> None:
    assert said(replace(settings, env=env)) == []


def test_a_live_scope_without_a_model_has_nothing_wrong_after_its_first_lock(
    settings: Settings,
) -> None:
    live = replace(settings, env="live")
    assert lock(live, MORNING, 30).exit_code == 0
    assert said(live, MORNING) == []


def test_a_healthy_fortnight_with_a_filter_that_trades_has_no_alert(settings: Settings) -> None:
    """Nights with new trades and without, a promotion, a holiday, weekends, days of verdicts."""
    records = synthetic_records(160)
    write_ledger(settings.ledger_paths[0], records[:120])
    for day in range(14):
        night = NIGHT.replace(day=12) + timedelta(days=day)
        if day % 3 == 1:
            append_ledger(settings.ledger_paths[0], records[120 + 2 * day : 122 + 2 * day])
        outcome = run_cycle(settings, night)
        for hours in (0.0, 1.0, 9.0):
            assert said(settings, night + timedelta(hours=hours)) == [], (day, hours)
        status = json.loads((settings.root / STATUS_FILE).read_bytes())
        assert status["alerts"] == []
        if day == 1:
            promote(settings, night, PromotionRequest(outcome.details["model_id"], anyway=True))
        morning = night + timedelta(hours=16, minutes=30)
        if morning.weekday() < 5 and morning.day != 19:
            lock(settings, morning, 30)
            with RiskFilter.load(settings, morning) as risk:
                risk.check(FEATURES)
        assert said(settings, morning + timedelta(hours=1)) == [], day


def test_every_reason_to_train_nothing_that_ends_by_itself_is_known_as_such(
    settings: Settings,
) -> None:
    write_ledger(settings.ledger_paths[0], synthetic_records(5))
    assert run_cycle(settings, NIGHT).reason.startswith(HARMLESS_SKIPS)
    winners = [record | {"mae_pct": 0.0, "exit_price": record["entry_price"] * 1.1}
               for record in synthetic_records(60) if record["side"] == "long"]  # fmt: skip
    write_ledger(settings.ledger_paths[0], winners)
    assert run_cycle(settings, NIGHT + timedelta(days=1)).reason.startswith(HARMLESS_SKIPS)
    assert said(settings, NIGHT + timedelta(days=1)) == []


# --- the session's work --------------------------------------------------------------------


def test_a_failed_session_is_said_with_what_happens_next(handled: Settings) -> None:
    journal_ends(handled, "failed", "disk full")
    (alert,) = said(handled)
    assert alert.startswith("the cycle of session 2026-01-27 failed: disk full; ")


def test_a_session_that_was_killed_three_times_is_said(settings: Settings) -> None:
    write_sessions(settings)
    for attempt in range(1, 4):
        journal(settings).start("cycle", NIGHT, session="2026-01-27", attempt=attempt)
    (alert,) = said(settings)
    assert "started 3 times and killed before its end" in alert
    assert "`make cycle FORCE=1`" in alert
    assert "failed 3 times (it was killed before its end)" in run_cycle(settings, NIGHT).reason


def test_a_skip_that_does_not_pass_by_itself_is_said(handled: Settings) -> None:
    journal_ends(handled, "skipped", "no usable feature: rsi (constant)")
    (alert,) = said(handled)
    assert "trained nothing: no usable feature: rsi (constant). This does not pass" in alert
    journal_ends(handled, "skipped", "a file was changed. Restore it.")
    (alert,) = said(handled)
    assert "a file was changed. Restore it. This does not pass" in alert


def test_a_session_that_is_late_is_said(handled: Settings) -> None:
    assert said(handled, NIGHT + timedelta(hours=23)) == []
    (alert,) = said(handled, NIGHT + timedelta(hours=25))
    assert alert.startswith("session 2026-01-28 has not been handled; ")


def test_a_recorded_session_that_has_not_closed_is_said_with_the_remedy(handled: Settings) -> None:
    journal_ends(handled, "skipped", "unchanged", session="2026-01-28")
    (alert,) = said(handled)
    assert "session 2026-01-28 is recorded as handled but has not closed yet" in alert
    assert "`make cycle FORCE=1` handles 2026-01-27" in alert


def test_a_cycle_with_the_clock_ahead_is_said_until_its_record_is_put_aside(
    settings: Settings,
) -> None:
    """The work goes on, but a mistyped year in a script would come back."""
    write_ledger(settings.ledger_paths[0], synthetic_records(5))
    run_cycle(settings, NIGHT)
    assert said(settings) == []
    run_cycle(settings, NIGHT + timedelta(days=364))
    assert len(said(settings)) == 1
    assert run_cycle(settings, NIGHT + timedelta(days=1)).details["session"] == "2026-01-28"
    night = NIGHT + timedelta(days=1)
    (alert,) = said(settings, night)
    assert alert.startswith("session 2027-01-26 is recorded as handled but has not closed yet")
    assert "the work goes on" in alert
    assert "`make verify REPAIR=1` puts the record aside" in alert
    assert verify_scope(settings, night).exit_code == 3
    assert verify_scope(settings, night, repair=True).exit_code == 0
    assert said(settings, night) == []
    assert run_cycle(settings, night).status == "nothing_due"


def test_a_lock_of_a_clock_ahead_is_not_in_force_and_said_until_it_is_removed(
    handled: Settings,
) -> None:
    promote_model(handled, now=NIGHT)
    ahead = NIGHT.replace(day=20, month=2, hour=14)
    lock(handled, ahead)
    (alert,) = said(handled, MORNING)
    assert alert.startswith("session 2026-02-20 was locked at a moment that has not come yet")
    promote_model(handled, now=NIGHT + timedelta(days=2))
    with RiskFilter.load(handled, MORNING) as risk:
        assert (risk.mode, risk.session) == ("ml", "2026-01-28")
    assert said(handled, MORNING) == [], "the next lock replaced it"
    lock(handled, ahead)
    assert unlock(handled, MORNING, "the clock was wrong").status == "done"
    assert said(handled, MORNING) == []


def test_a_model_promoted_by_a_clock_ahead_does_not_hide_a_dead_filter(handled: Settings) -> None:
    model_id = promote_model(handled, now=NIGHT + timedelta(days=200))
    (handled.model_dir / model_id / "scorecard.json").write_bytes(b"{}")
    verdicts(handled, MORNING)
    assert any("the trading process has no model" in alert for alert in said(handled, MORNING))


def test_a_heartbeat_of_a_clock_ahead_is_no_sign_of_life(settings: Settings) -> None:
    beat(settings.root / HEARTBEAT_FILE, NIGHT + timedelta(days=200))
    (alert,) = said(settings)
    assert alert == "cron has not fired for ? s; restart the service"


# --- cron ----------------------------------------------------------------------------------


def line_result(exit_code: int, **fields: Any) -> LineResult:
    return LineResult(
        line=7, schedule="*/15 * * * *", command="python -m jobs.cycle", at=NIGHT,
        exit_code=exit_code, duration_s=0.1, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            line_result(2),
            "line 7 of the crontab (python -m jobs.cycle) exited with 2 at 2026",
        ),
        (line_result(-9), "was killed at 2026-01-27 21:45 UTC"),
        (line_result(-15, over_limit_s=60.0), "was ended at 2026-01-27 21:45 UTC, after its time"),
    ],
)
def test_a_line_whose_last_run_failed_is_said_until_it_runs_well(
    settings: Settings, result: LineResult, words: str
) -> None:
    entries = parse_crontab("*/15 * * * * python -m jobs.cycle", "crontab", NIGHT)
    results = LineResults(settings.root / CRON_LINES_FILE, entries)
    results.add(result)
    (alert,) = said(settings)
    assert words in alert
    results.add(line_result(0))
    assert said(settings) == []


# --- ledgers -------------------------------------------------------------------------------


def test_a_ledger_of_which_nothing_could_be_used_is_said(settings: Settings) -> None:
    write_ledger(settings.ledger_paths[0], ["symbol,side,entry_price", "AAPL,long,184.2"])
    run_cycle(settings, NIGHT)
    (alert,) = said(settings)
    assert alert.startswith("no trade could be used: 2 records of trade_ledger.jsonl were rejected")


@pytest.mark.parametrize(("wrong", "alerts"), [(5, 0), (6, 1)])
def test_more_than_one_record_in_twenty_rejected_is_said(
    settings: Settings, wrong: int, alerts: int
) -> None:
    records: list[Any] = [*synthetic_records(100 - wrong), *["not JSON"] * wrong]
    write_ledger(settings.ledger_paths[0], records)
    run_cycle(settings, NIGHT)
    found = said(settings)
    assert len(found) == alerts
    assert not found or f"{wrong} of 100 records of trade_ledger.jsonl were rejected" in found[0]


def test_a_small_ledger_that_is_all_wrong_is_not_hidden_by_a_large_good_one(
    settings: Settings, tmp_path: Path
) -> None:
    write_ledger(tmp_path / "good.jsonl", synthetic_records(200))
    write_ledger(tmp_path / "broken.jsonl", ["a,b", "1,2"])
    both = replace(settings, ledger_file=f"{tmp_path}/good.jsonl:{tmp_path}/broken.jsonl")
    run_cycle(both, NIGHT)
    (alert,) = said(both)
    assert f"2 of 2 records of {tmp_path}/broken.jsonl were rejected" in alert


def test_an_id_of_two_trades_is_said_by_name_and_ends_with_it(
    settings: Settings, tmp_path: Path
) -> None:
    mine, others = synthetic_records(100), synthetic_records(100, seed=1)
    for number, record in enumerate(others):
        record["trade_id"] = "S0000007" if number == 3 else f"O{number}"
    write_ledger(tmp_path / "mine.jsonl", mine)
    write_ledger(tmp_path / "others.jsonl", others)
    both = replace(settings, ledger_file=f"{tmp_path}/mine.jsonl:{tmp_path}/others.jsonl")
    run_cycle(both, NIGHT)
    (alert,) = said(both)
    assert alert.startswith("1 records have the id of another trade and are left out: S0000007;")
    status = show_status(both, NIGHT)
    assert status.details["dataset"]["trades"]["id_conflicts"] == 1
    assert "1 superseded records, 1 ids of more than one trade" in status.text
    others[3]["trade_id"] = "O3"
    write_ledger(tmp_path / "others.jsonl", others)
    run_cycle(both, NIGHT + timedelta(days=1))
    assert said(both, NIGHT + timedelta(days=1)) == []


def test_a_named_ledger_that_is_missing_is_said_from_the_start(settings: Settings) -> None:
    for env in ("paper", "live"):  # the monitor of a scope that never trains reads it too
        (alert,) = said(replace(settings, ledger_file="/mnt/no/such.jsonl", env=env))
        assert alert.startswith("the ledger /mnt/no/such.jsonl is gone")


def test_a_ledger_that_was_read_and_is_gone_is_said(settings: Settings) -> None:
    write_ledger(settings.ledger_paths[0], synthetic_records(60))
    run_cycle(settings, NIGHT)
    settings.ledger_paths[0].unlink()
    for night in (NIGHT, NIGHT + timedelta(days=1)):
        run_cycle(settings, night)
        (alert,) = said(settings, night)
        assert "trade_ledger.jsonl is gone; restore it" in alert


# --- the filter ----------------------------------------------------------------------------


def verdicts(settings: Settings, now: datetime, count: int = 3) -> None:
    with RiskFilter.load(settings, now) as risk:
        for _ in range(count):
            risk.check({"rsi": 50.0, "trend": 0.1})
    lines = (settings.root / "ml_decisions.jsonl").read_text().splitlines()
    stamped = [json.loads(line) | {"at": now.isoformat()} for line in lines[-count:]]
    for line in stamped:
        line.pop("crc32")
    kept = [*lines[:-count], *map(json.dumps, stamped)]
    (settings.root / "ml_decisions.jsonl").write_text("\n".join(kept) + "\n")


def test_an_active_model_whose_file_was_changed_is_said_before_and_while_it_trades(
    handled: Settings,
) -> None:
    model_id = promote_model(handled, now=NIGHT)
    assert said(handled, MORNING) == []
    (handled.model_dir / model_id / "scorecard.json").write_bytes(b"{}")
    (alert,) = said(handled, MORNING)
    assert alert.startswith(f"the active model {model_id} cannot be loaded: ")
    verdicts(handled, MORNING)
    _, no_model = said(handled, MORNING)
    assert no_model.startswith("the trading process has no model: the last 3 verdicts of session")
    assert "model_load_failed" in no_model


def test_a_filter_that_was_loaded_anew_without_its_model_is_said_in_that_session(
    handled: Settings,
) -> None:
    """A bot that is started again while the market is open: its first verdicts were good."""
    model_id = promote_model(handled, now=NIGHT)
    verdicts(handled, MORNING, 5)
    assert said(handled, MORNING) == []
    (handled.model_dir / model_id / "scorecard.json").write_bytes(b"{}")
    verdicts(handled, MORNING, 2)
    _, no_model = said(handled, MORNING)
    assert "has no model: the last 2 verdicts of session 2026-01-28 are model_load" in no_model


def test_a_model_that_is_too_old_to_be_used_is_said(handled: Settings) -> None:
    model_id = promote_model(handled, now=NIGHT - timedelta(days=7))
    strict = replace(handled, model_max_age_sessions=3)
    (alert,) = said(strict)
    assert f"the active model {model_id} is " in alert
    assert "ML_MODEL_MAX_AGE_SESSIONS=3" in alert


def test_a_trading_process_that_never_loaded_the_promoted_model_is_said(
    handled: Settings,
) -> None:
    with RiskFilter.load(handled, MORNING):
        promote_model(handled, now=NIGHT)
        risk = RiskFilter(handled, RiskFilter.load(replace(handled, env="other"), MORNING)._pin)
        risk.check(FEATURES)
        risk.close()
    path = handled.root / "ml_decisions.jsonl"
    line = json.loads(path.read_text())
    line.pop("crc32")
    path.write_text(json.dumps(line | {"at": "2026-01-29T15:00:00+00:00"}) + "\n")
    (alert,) = said(handled, datetime(2026, 1, 28, 16, tzinfo=UTC))
    assert "but the rules alone; it must load the filter before each session" in alert


def test_a_filter_that_outlived_its_session_is_said_until_it_is_loaded_anew(
    handled: Settings,
) -> None:
    promote_model(handled, now=NIGHT)
    verdicts(handled, MORNING)
    path = handled.root / "ml_decisions.jsonl"
    lines = path.read_text().splitlines()
    late = json.loads(lines[-1]) | {"at": "2026-01-29T15:00:00+00:00", "reason": "session_over"}
    path.write_text("\n".join([*lines, json.dumps(late | {"model_id": None})]) + "\n")
    later = datetime(2026, 1, 29, 16, tzinfo=UTC)
    (alert,) = [alert for alert in said(handled, later) if "handled" not in alert]
    assert alert.startswith("the filter of session 2026-01-28 was asked at 2026-01-29 15:00 UTC")
    assert alert.endswith("must load the filter before each session")
    verdicts(handled, later)
    assert [alert for alert in said(handled, later) if "handled" not in alert] == []


def test_a_filter_that_abstains_from_everything_is_said(handled: Settings) -> None:
    promote_model(handled, now=NIGHT)
    with RiskFilter.load(handled, MORNING) as risk:
        for _ in range(10):
            risk.check({"RSI": 50.0})
    path = handled.root / "ml_decisions.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("crc32")
        line["at"] = MORNING.isoformat()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (alert,) = said(handled, MORNING)
    assert "abstains from everything: the last 10 verdicts" in alert
    assert "features_missing" in alert
    # Two a day, as of a swing trader: no session has ten, and all together have.
    for number, line in enumerate(lines):
        line["at"] = (MORNING - timedelta(minutes=number)).isoformat()
        line["session"] = f"2026-01-{28 - number // 2}"
    path.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))
    assert "abstains from everything: the last 10 verdicts are" in said(handled, MORNING)[0]
    lines[3]["reason"] = "low_risk"
    path.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))
    assert not any("abstains" in alert for alert in said(handled, MORNING))


def test_a_session_that_trades_without_a_lock_is_said(
    handled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote_model(handled, now=NIGHT)
    with monkeypatch.context() as patched:
        patched.setattr("afterclose.trading.model_pin._lock_session", lambda *_: "no permission")
        verdicts(handled, MORNING)
    (alert,) = said(handled, MORNING)
    assert "session 2026-01-28 trades on" in alert
    assert "ML_GROUP_WRITABLE=true" in alert
    verdicts(handled, MORNING)
    assert said(handled, MORNING) == []


# --- the calendar --------------------------------------------------------------------------


def test_a_calendar_that_ends_within_a_fortnight_is_said_until_overrides_extend_it(
    settings: Settings, tmp_path: Path
) -> None:
    india = replace(settings, market="india")
    before, soon = (datetime(2026, 12, day, 12, tzinfo=UTC) for day in (16, 18))
    MarketClock.from_settings(india).ensure(before)
    assert said(india, before) == []
    (alert,) = said(india, soon)
    assert "the calendar XBOM ends on 2026-12-31; sessions after that are assumed" in alert
    path = tmp_path / "sessions.json"
    path.write_text('{"2027-01-26": null, "2027-11-08": {"open": "18:00", "close": "19:00"}}')
    extended = replace(india, calendar_overrides=str(path))
    MarketClock.from_settings(extended).ensure(soon)
    assert said(extended, soon) == []


# --- a stop --------------------------------------------------------------------------------


def test_an_error_that_comes_of_a_stop_is_a_stop_and_no_attempt(settings: Settings) -> None:
    """A pool that is left while it starts its threads raises in turn."""
    work = Workplace.from_settings(settings)

    def stopped_while_a_pool_starts() -> None:
        with work.run("cycle", NIGHT, session="2026-01-27", attempt=1):
            try:
                raise KeyboardInterrupt
            finally:
                raise RuntimeError("cannot join thread before it is started")

    with pytest.raises(RuntimeError):
        stopped_while_a_pool_starts()
    (run,) = journal(settings).runs("cycle")
    assert run.end is not None
    assert (run.end.event, run.failed) == ("STOPPED", False)
