"""The demo on its first five years: two accounts on the same prices, one verdict, one line."""

import os
import re
import subprocess
from datetime import timedelta

import pytest

from afterclose.config import load_settings
from afterclose.demo import nightly
from afterclose.demo.nightly import run_demo
from afterclose.gating.stored import read_evaluation
from afterclose.history.bars import DailyBars
from afterclose.ledger import TradeLedger
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.journal import Journal
from afterclose.nightly.operator_view import show_status
from afterclose.study.demo_prices import load_demo_bars
from afterclose.study.lived import LivedHistory
from repository import REPOSITORY

LAST = "2004-12-31"


@pytest.fixture(scope="module")
def logs_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("demo") / "demo_logs")


ALERTS: list[str] = []
"""What the health check said after each of the nights."""


class WatchedHistory(LivedHistory):
    """Asks for the scope's health after each night's work."""

    def _work(self, night):
        super()._work(night)
        asked = night.closes_at + timedelta(hours=1)
        ALERTS.extend(show_status(self._settings, asked, health=True).details["alerts"])


@pytest.fixture(scope="module")
def early():
    """The demo, on its first years."""
    bars = load_demo_bars().frame
    bars = DailyBars(bars[bars["date"] <= LAST], {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nightly, "load_demo_bars", lambda: bars)
        patch.setattr(nightly, "LivedHistory", WatchedHistory)
        yield lambda folder: run_demo(load_settings({}), folder, quiet=True)


@pytest.fixture(scope="module")
def outcome(logs_dir, early):
    return early(logs_dir)


def settings_of(logs_dir, env="paper"):
    return load_settings({}, logs_dir=logs_dir, env=env)


def promotions(logs_dir, env):
    view = ModelRegistry.from_settings(settings_of(logs_dir, env)).view()
    return [event for event in view.chain.events if event.event == "promoted"]


def test_cycles_follow_the_last_sessions_of_quarters_in_which_a_trade_ended(outcome, logs_dir):
    runs = Journal(settings_of(logs_dir).root / "ml_runs.jsonl").runs("cycle")
    sessions = [run.start.session for run in runs]
    assert sessions[-1] == LAST
    assert {session[5:7] for session in sessions} <= {"03", "06", "09", "12"}
    assert not any(run.failed for run in runs)


def test_no_night_has_an_alert(outcome):
    assert ALERTS == []


def test_the_gates_and_the_naive_rule_keep_books_of_their_own(outcome, logs_dir):
    gates, naive = outcome.details["worth"]["books"]
    assert len(gates["promotions"]) == len(promotions(logs_dir, "paper"))
    naive_events = promotions(logs_dir, "naive")
    assert [event.model_id for event in naive_events] == [
        each["model_id"] for each in naive["promotions"]
    ]
    assert naive_events
    assert all(event.reason.startswith("Naive rule, no gates: ") for event in naive_events)


def test_no_quarter_promotes_what_kept_few_of_few(outcome, logs_dir):
    """A model that kept 0 of 4 trades once had the better expectancy, and was promoted."""
    promoted = [
        (book["rule"], one["model_id"])
        for book in outcome.details["worth"]["books"]
        for one in book["promotions"]
    ]
    assert promoted
    for rule, model_id in promoted:
        walked = read_evaluation(settings_of(logs_dir).model_dir / model_id).walk_forward
        assert walked.rules_only.trades >= 20, rule
        assert walked.rules_ml.trades >= walked.rules_only.trades / 2, rule
        assert walked.rules_ml.expectancy > walked.rules_only.expectancy, rule


def test_the_end_is_both_accounts_one_picture_one_verdict_and_one_line(outcome):
    _, screen = outcome.text.split("WHAT IT WAS WORTH")
    lines = screen.splitlines()
    gates, naive = outcome.details["worth"]["books"]
    rows = [
        line for line in lines if line.startswith(("Rules alone", gates["rule"], naive["rule"]))
    ]
    assert [row.split("|")[1].strip() for row in rows] == [
        "-", str(len(gates["promotions"])), str(len(naive["promotions"])),
    ]  # fmt: skip
    assert [line for line in lines if line.lstrip().startswith("2001")]  # the picture's years
    assert [line for line in lines if line.startswith("The gates promoted nothing")]
    commands = [line for line in outcome.text.splitlines() if "make promote" in line]
    assert commands[-1] == lines[-1]
    assert sum("make promote" in line for line in lines) == 1
    assert re.match(r"The newest candidate \(threshold 0\.\d{3} share; .*\) waits:$", lines[-2])


def test_an_account_without_promotions_is_the_rules_own(outcome):
    worth = outcome.details["worth"]
    gates = worth["books"][0]
    assert gates["promotions"] == []
    assert gates["curve"] == worth["rules_curve"]
    assert gates["account"]["differences"]["rules_only"]["net_pnl"]["value"] == 0


def test_every_trade_of_the_rules_is_in_the_ledger(outcome, logs_dir):
    ledger = TradeLedger(settings_of(logs_dir).ledger_paths[0])
    assert len(ledger) == outcome.details["trades"] == outcome.details["worth"]["decisions"]


def test_the_sections_stand_above_a_last_screen_of_80_by_24(outcome):
    titles = [
        "DATASET BUILDING",
        "OFFLINE MODEL TRAINING",
        "OFFLINE EVALUATION",
        "OFFLINE ML CYCLE COMPLETE",
    ]
    lines = outcome.text.splitlines()
    assert [line for line in lines if line in titles] == titles
    first = next(number for number, line in enumerate(lines) if "WHAT IT WAS WORTH" in line) - 1
    screen = lines[first:]
    assert len(screen) + 1 <= 24  # the shell's prompt comes below
    assert all(len(line) <= 80 for line in screen[:-1])


def test_again_makes_both_accounts_anew(outcome, logs_dir, early):
    before = len(promotions(logs_dir, "naive"))
    again = early(logs_dir)
    assert again.text == outcome.text
    assert len(promotions(logs_dir, "naive")) == before


def test_the_last_line_works_when_it_is_copied(outcome, logs_dir):
    newest = outcome.details["newest_candidate"]
    line = outcome.text.splitlines()[-1].strip()
    assert line == f"make promote ID={newest} LOGS_DIR={logs_dir} ANYWAY=1"
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["bash", "-c", line], cwd=REPOSITORY, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ModelRegistry.from_settings(settings_of(logs_dir)).get_active_model() == newest
