"""`make`: what is typed arrives whole, what is missing is said in one sentence."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from afterclose.scope_files import SWITCH_FILE
from builders import synthetic_records, write_ledger
from repository import REPOSITORY

HOSTILE = (
    'made $500 more$(shell touch {0}) $(touch {0}) `touch {0}` it\'s "so" $$ ${{HOME}} # \\ ; x'
)


def make(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run make, which takes the virtual environment to be there."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ML_", "MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "-o", ".venv/.runtime", *words],
        capture_output=True, text=True, check=False, cwd=REPOSITORY, env=clean, input=stdin,
    )  # fmt: skip


def last_event(scope: Path) -> dict[str, object]:
    lines = (scope / "ml_models" / "registry_events.jsonl").read_text().splitlines()
    return dict(json.loads(lines[-1]))


def test_a_reason_arrives_as_it_was_typed_and_runs_nothing(tmp_path: Path) -> None:
    scope, mark = tmp_path / "logs/us/paper", tmp_path / "ran"
    write_ledger(scope / "trade_ledger.jsonl", synthetic_records(245))
    common = (f"LOGS_DIR={tmp_path}/logs", "NOW=2026-01-27T22:00:00+00:00")
    cycle = make("cycle", *common)
    assert (cycle.returncode, cycle.stderr) == (0, ""), cycle.stdout
    assert "make promote ID=20260127_220000" in cycle.stdout
    for no in ("0", "no", "false", ""):
        refused = make("promote", "ID=20260127_220000", f"ANYWAY={no}", *common)
        assert (refused.returncode, "gates refuse it" in refused.stderr) == (2, True), no
    reason = HOSTILE.format(mark)
    promoted = make("promote", "ID=20260127_220000", f"REASON={reason}", "ANYWAY=1", *common)
    assert promoted.returncode == 0, promoted.stderr
    assert last_event(scope)["reason"] == reason
    make("lock", "BY=bob@desk", *common)
    assert last_event(scope)["by"] == "bob@desk"
    assert make("unlock", f"REASON={reason}", "BY=ann@desk", *common).returncode == 0
    assert last_event(scope)["by"] == "ann@desk"
    assert last_event(scope)["reason"] == reason
    assert make("off", "BY=eve@desk", *common).returncode == 0
    assert json.loads((scope / SWITCH_FILE).read_text())["by"] == "eve@desk"
    assert make("deactivate", "BY=dan@desk", *common).returncode == 0
    assert last_event(scope)["by"] == "dan@desk"
    assert not mark.exists()


@pytest.mark.parametrize("variable", ["FILE", "LOGS_DIR", "MARKET", "IN", "SERVICE", "TESTS"])
def test_no_variable_is_expanded_by_make_or_the_shell(tmp_path: Path, variable: str) -> None:
    mark = tmp_path / "ran"
    hostile = f"$(shell touch {mark})$(touch {mark})`touch {mark}`"
    given = {"FILE": "/no/such", "LOGS_DIR": str(tmp_path)} | {variable: hostile}
    make("import-ledger", *(f"{name}={value}" for name, value in given.items()))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["promote"], "ID is missing: make promote ID=20260127_153000."),
        (["session"], "BARS is missing: make session BARS=bars.csv SIGNALS=signals.jsonl."),
        (["session", "BARS=x"], "SIGNALS is missing: make session BARS=bars.csv SIGNALS="),
        (["import-ledger"], "FILE is missing: make import-ledger FILE=trades.csv."),
        (
            ["study"],
            "DATA is missing: make study DATA=prices.csv or make study LEDGER=trades.jsonl.",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(words: list[str], sentence: str) -> None:
    done = make(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_switch_takes_0_for_yes() -> None:
    """ANYWAY=0 must not overrule a gate, nor DRY_RUN=0 keep an import from writing."""
    text = (REPOSITORY / "Makefile").read_text()
    assert {"ANYWAY", "DRY_RUN", "REPAIR"} < set(re.findall(r"\$\(call flag,([A-Z_]+),", text))
    assert not re.findall(r":\+--[a-z-]+\}", text)


def test_an_import_is_read_from_standard_input(tmp_path: Path) -> None:
    csv = (
        "trade_id,symbol,side,quantity,entry_timestamp,entry_price,exit_timestamp,exit_price,rsi\n"
        "T1,AAPL,long,10,2026-01-02T10:00:00-05:00,100,2026-01-05T10:00:00-05:00,110,50\n"
    )
    for _ in range(2):  # the same input again adds nothing
        done = make("import-ledger", "FILE=-", f"LOGS_DIR={tmp_path}", stdin=csv)
        assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / "us/paper/trade_ledger.jsonl").read_text().splitlines()
    assert json.loads(line)["symbol"] == "AAPL"


def test_every_code_of_a_job_but_0_is_makes_2(tmp_path: Path) -> None:
    """As README says: a script that needs the code runs `python -m jobs.NAME`."""
    done = make("promote", "ID=20200101_000000", f"LOGS_DIR={tmp_path}")
    assert done.returncode == 2
    assert "Error 3" in done.stderr
