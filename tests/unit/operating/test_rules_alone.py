"""The ways back to the rules, each while a filter is running in another process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import InputError, RefusedError, StorageError
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.status import current_status
from afterclose.operating.comparing import compare
from afterclose.operating.operations import lock, rollback
from afterclose.operating.rules_alone import deactivate, switch_off, switch_on
from afterclose.registry.reader import read_registry
from afterclose.registry.state import RegistryState
from afterclose.risk_filter import RiskFilter
from afterclose.scope_files import SWITCH_FILE
from afterclose.settings import Settings
from afterclose.trading.switch import Switch, SwitchedOff
from repository import REPOSITORY
from trading_builders import (
    CLOSE,
    DURING_THE_SESSION,
    promote_model,
    write_sessions,
)

NEXT_OPEN = datetime.fromisoformat("2026-01-28T14:30:00+00:00")

TRADER = """
import sys
from afterclose import RiskFilter, load_settings
from afterclose.clock import parse_now
risk = RiskFilter.load(load_settings({}, logs_dir=sys.argv[1]), parse_now(sys.argv[2]))
for _ in sys.stdin:
    print(risk.check({"atr_pct": 1.0, "rsi": 1.0}).reason, flush=True)
"""


class Trader:
    """A process that has loaded the filter and is asked again and again."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def reason(self) -> str:
        """The reason of its next verdict on an entry of high risk."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def trading(settings: Settings, now: datetime = DURING_THE_SESSION) -> Iterator[Trader]:
    command = [sys.executable, "-c", TRADER, settings.logs_dir, now.isoformat()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        yield Trader(process)


@pytest.fixture
def scope(settings: Settings) -> Settings:
    write_sessions(settings)
    promote_model(settings)
    return settings


def registry_state(settings: Settings) -> RegistryState:
    return ModelRegistry.from_settings(settings).view().state


def test_a_running_filter_obeys_the_switch_at_its_next_check(scope: Settings) -> None:
    with trading(scope) as trader:
        assert trader.reason() == "high_risk"
        switch_off(scope, DURING_THE_SESSION, "the model blocks too much")
        assert trader.reason() == "switched_off"
        assert RiskFilter.load(scope, DURING_THE_SESSION).check({}).reason == "switched_off"
        switch_on(scope)
        assert trader.reason() == "high_risk"


def test_the_switch_works_while_another_job_holds_the_scope(scope: Settings) -> None:
    with scope_lock(scope.root):
        code = "import sys; from afterclose.cli import main; raise SystemExit(main(sys.argv[1:]))"
        for job in ("off", "on"):
            command = [sys.executable, "-c", code, job, "--logs-dir", scope.logs_dir]
            subprocess.run(command, check=True, cwd=REPOSITORY, capture_output=True)


def test_the_switch_says_who_since_when_and_why(scope: Settings) -> None:
    outcome = switch_off(scope, DURING_THE_SESSION, "try\n'it'")
    assert (outcome.status, outcome.reason) == ("done", "try\n'it'")
    assert switch_off(scope, CLOSE, "again").status == "unchanged"
    (alert, *_) = current_status(scope, CLOSE).alerts
    assert alert.startswith("the filter is switched off since 2026-01-27 18:00 UTC by ")
    assert alert.endswith(": try\n'it'; `make on` ends it")
    assert switch_on(scope).reason.startswith("it was switched off since 2026-01-27 18:00 UTC")
    assert outcome.text.endswith(f"The way back: make on LOGS_DIR={scope.logs_dir}")
    assert switch_on(scope).status == "unchanged"
    assert not any("switched off" in alert for alert in current_status(scope, CLOSE).alerts)


@pytest.mark.parametrize("content", [b"", b"{", b"off", b"\xff", b'{"schema_version": 9}'])
def test_a_switch_whose_file_is_damaged_is_off_and_can_be_turned_on(
    scope: Settings, content: bytes
) -> None:
    (scope.root / SWITCH_FILE).write_bytes(content)
    assert RiskFilter.load(scope, DURING_THE_SESSION).check({}).reason == "switched_off"
    assert isinstance(Switch(scope).read(), SwitchedOff)
    switch_on(scope)
    assert Switch(scope).read() is None


def test_a_scope_that_takes_no_file_says_so(settings: Settings, tmp_path: Path) -> None:
    settings.root.parent.mkdir(parents=True, exist_ok=True)
    settings.root.write_text("no folder")
    with pytest.raises(StorageError):
        switch_off(settings, DURING_THE_SESSION, "")


def test_both_ways_back_name_who_asked_where_the_process_cannot_know(scope: Settings) -> None:
    switch_off(scope, DURING_THE_SESSION, "", "ann@desk")
    assert "by ann@desk" in switch_on(scope).reason
    deactivate(scope, DURING_THE_SESSION, "", "ann@desk")
    assert read_registry(scope.model_dir).chain.events[-1].by == "ann@desk"


def test_after_a_deactivation_who_loads_trades_by_the_rules(scope: Settings) -> None:
    active = ModelRegistry.from_settings(scope).get_active_model()
    with trading(scope) as trader:
        assert trader.reason() == "high_risk"
        assert registry_state(scope).running_lock(DURING_THE_SESSION)
        outcome = deactivate(scope, DURING_THE_SESSION, "a bad first model")
        assert outcome.details == {"model_id": active}
        assert outcome.text.endswith(f"make promote ID={active} LOGS_DIR={scope.logs_dir}")
        assert trader.reason() == "high_risk"  # frozen for its session, as promised
    with trading(scope) as restarted:
        assert restarted.reason() == "no_active_model"
    state = registry_state(scope)
    assert (state.active_id, state.previous_id) == (None, active)
    assert state.models[str(active)].state == "retired"
    assert deactivate(scope, CLOSE, "again").status == "unchanged"


def test_a_deactivated_model_can_be_promoted_again_or_rolled_back_to(scope: Settings) -> None:
    registry = ModelRegistry.from_settings(scope)
    active = registry.get_active_model()
    assert active
    deactivate(scope, DURING_THE_SESSION, "")
    assert registry.rollback(now=CLOSE) == active
    deactivate(scope, CLOSE, "")
    assert registry.promote_candidate(active, now=CLOSE)
    assert registry.get_active_model() == active
    with pytest.raises(RefusedError, match="no model was active before"):
        registry.rollback(now=CLOSE)


def test_a_filter_that_outlives_its_session_leaves_it_to_the_rules(scope: Settings) -> None:
    risk = RiskFilter.load(scope, DURING_THE_SESSION)
    assert risk._over_at is not None
    left = risk._over_at - datetime.now(risk._over_at.tzinfo)
    assert left == pytest.approx(NEXT_OPEN - DURING_THE_SESSION, abs=timedelta(seconds=10))
    # The calendar's next session is moved close, as a clock cannot be.
    write_sessions(scope, next_open=CLOSE + timedelta(seconds=2))
    with trading(scope, CLOSE - timedelta(seconds=1)) as trader:
        assert trader.reason() == "high_risk"
        deadline = time.monotonic() + 20
        while (reason := trader.reason()) == "high_risk" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert reason == "session_over"


def test_a_filter_without_a_model_is_over_too(settings: Settings) -> None:
    write_sessions(settings, next_open=CLOSE + timedelta(milliseconds=400))
    risk = RiskFilter.load(settings, CLOSE - timedelta(milliseconds=100))
    assert risk.check({}).reason == "no_active_model"
    time.sleep(0.6)
    assert risk.check({}).reason == "session_over"


def test_a_rollback_from_no_model_says_that_the_rules_traded(scope: Settings) -> None:
    deactivate(scope, DURING_THE_SESSION, "")
    told = rollback(scope, DURING_THE_SESSION, "it was fine").text
    assert told.startswith("Rolled back from none (rules only) to ")


def test_a_comparison_without_two_models_says_which_is_lacking_and_which_there_are(
    scope: Settings,
) -> None:
    state = registry_state(scope)
    assert state.active is not None
    with pytest.raises(
        InputError, match=r"no candidate waits: .* the newest here: (.*)"
    ) as refused:
        compare(scope, DURING_THE_SESSION)
    assert str(refused.value).endswith(f" the newest here: {state.active.model_id}")
    deactivate(scope, DURING_THE_SESSION, "")
    with pytest.raises(InputError, match="no model is active: name two models, make compare A="):
        compare(scope, DURING_THE_SESSION)


def test_who_asks_is_kept_whatever_bytes_the_command_line_has(scope: Settings) -> None:
    assert lock(scope, DURING_THE_SESSION, by="bob\udcff").status == "done"
    events = (scope.model_dir / "registry_events.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["by"] == "bob?"
    switch_off(scope, DURING_THE_SESSION, "", "eve\udcff")
    off = Switch(scope).read()
    assert off is not None
    assert off.by == "eve?"
    deactivate(scope, DURING_THE_SESSION, "", "dan@desk")
    events = (scope.model_dir / "registry_events.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["by"] == "dan@desk"
