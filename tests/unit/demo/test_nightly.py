"""The demo on its first three years: the production path from a signal to the line to copy."""

from datetime import timedelta

import pandas as pd
import pytest

from afterclose.config import load_settings
from afterclose.demo import nightly
from afterclose.demo.bars import load_demo_bars
from afterclose.demo.nightly import last_sessions_of_quarters, run_demo
from afterclose.history.bars import DailyBars
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.journal import Journal
from afterclose.nightly.operator_view import show_status

LAST = "2003-06-30"


@pytest.fixture(scope="module")
def logs_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("demo") / "demo_logs")


ALERTS: list[str] = []
"""What the health check said after each of the nights."""


class WatchedNights(nightly.Nights):
    def after_close(self, day):
        super().after_close(day)
        if day.session in self._sessions:
            asked = day.closes_at + timedelta(hours=1)
            ALERTS.extend(show_status(self._settings, asked, health=True).details["alerts"])


@pytest.fixture(scope="module")
def outcome(logs_dir):
    bars = load_demo_bars().frame
    early = DailyBars(bars[bars["date"] <= LAST], {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nightly, "load_demo_bars", lambda: early)
        patch.setattr(nightly, "Nights", WatchedNights)
        return run_demo(load_settings({}), logs_dir, quiet=True)


@pytest.fixture
def registry(outcome, logs_dir):
    return ModelRegistry.from_settings(load_settings({}, logs_dir=logs_dir))


def test_a_cycle_runs_after_each_quarters_last_session_and_after_the_last_of_all():
    days = ["2003-12-30", "2003-12-31", "2004-01-02", "2004-03-30", "2004-03-31", "2004-04-01"]
    bars = pd.DataFrame({"date": pd.to_datetime([*days, *days])})
    assert last_sessions_of_quarters(bars) == ["2003-12-31", "2004-03-31", "2004-04-01"]


def test_each_night_is_one_cycle_of_its_session(outcome, logs_dir):
    root = load_settings({}, logs_dir=logs_dir).root
    runs = Journal(root / "ml_runs.jsonl").runs("cycle")
    assert len(runs) == 14
    assert (runs[0].start.session, runs[-1].start.session) == ("2000-03-31", LAST)
    assert not any(run.failed for run in runs)


def test_no_night_has_an_alert(outcome):
    assert ALERTS == []


def test_each_promotion_by_the_rule_is_in_the_registry_with_its_figures(outcome, registry):
    events = [event for event in registry.view().chain.events if event.event == "promoted"]
    assert outcome.details["promotions"] == len(events) >= 1
    for event in events:
        walked = registry.list_models()[event.model_id]["evaluation"]["walk_forward"]
        assert walked["rules_ml"]["expectancy"] > walked["rules_only"]["expectancy"]
        assert event.reason.startswith("demo rule: ")
        assert event.model_id in outcome.text


def test_every_trade_of_the_rules_is_paper_or_shadow(outcome):
    total = outcome.details["worth"][-1]
    assert outcome.details["shadow_trades"] > 0
    assert (
        total["rules_only"]["trades"] - total["rules_ml"]["trades"]
        == (outcome.details["shadow_trades"])
    )


def test_the_sections_end_with_the_line_to_copy_and_it_works(outcome, registry, logs_dir):
    titles = [
        "TRADING DAYS REPLAYED",
        "WHAT THE PROMOTIONS WERE WORTH",
        "DATASET BUILDING",
        "OFFLINE MODEL TRAINING",
        "OFFLINE EVALUATION",
        "OFFLINE ML CYCLE COMPLETE",
    ]
    lines = outcome.text.splitlines()
    assert [line for line in lines if line in titles] == titles
    model_id = outcome.details["last_cycle"]["model_id"]
    assert lines[-1].strip() == f"make promote ID={model_id} LOGS_DIR={logs_dir} ANYWAY=1"
    assert registry.promote_candidate(model_id)
