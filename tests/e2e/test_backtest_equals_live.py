"""Three years of real bars, replayed at once and with a restart each day: the same bytes."""

import shutil
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pandas as pd
import pytest
from msgspec.structs import replace

from afterclose.config import load_settings
from afterclose.dataset_builder import DatasetBuilder
from afterclose.history.bars import COLUMNS, on_sessions
from afterclose.history.replay import replay_sessions
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.model_registry import ModelRegistry
from afterclose.study.demo_prices import load_demo_bars
from afterclose.study.strategy import find_signals
from repository import REPOSITORY
from trading_builders import untimed, write_signals

LEARNED_UNTIL, FIRST, LAST = "2003-12-31", "2004-01-02", "2006-12-29"
RESTARTS = ["2004-06-30", "2005-03-31", "2006-01-31", LAST]
"""Where the replay by processes ends one process and starts the next."""

ENVIRONMENT = {"ML_FEES_BPS": "5", "ML_SLIPPAGE_BPS": "5", "ML_RISK_THRESHOLD": "0.7"}
"""Two years of trades were bad mostly; at this threshold some pass and some do not."""


@pytest.fixture(scope="module")
def market():
    """Bars and signals of 2000 to 2006."""
    settings = load_settings({})
    frame = on_sessions(load_demo_bars(), settings).frame
    frame = frame[frame["date"] <= LAST]
    return frame, find_signals(frame)


@pytest.fixture(scope="module")
def trained(market, tmp_path_factory):
    """Settings of a scope that has traded to 2003, and a promoted model that blocks."""
    settings = load_settings(ENVIRONMENT, logs_dir=tmp_path_factory.mktemp("trained"))
    bars, signals = market
    replay_sessions(settings, bars, signals, end=LEARNED_UNTIL)
    evening = bars.loc[bars["date"] == LEARNED_UNTIL, "closes_at"].iloc[0].to_pydatetime()
    now = evening + timedelta(hours=1)
    cycle = OfflineMLOrchestrator.from_settings(settings).run_offline_ml_cycle(now=now)
    ModelRegistry.from_settings(settings).promote_candidate(cycle.details["model_id"], now=now)
    return settings


@pytest.fixture(scope="module")
def at_once(market, trained, tmp_path_factory):
    """The files that one run over the three years leaves."""
    settings = copy_of(trained, tmp_path_factory.mktemp("at_once"))
    summary = replay_sessions(settings, *market, start=FIRST)
    assert len(summary.sessions) == 755
    assert summary.signals["blocked"] > 10
    assert summary.signals["entered"] > 10
    return files(settings)


def copy_of(settings, folder):
    shutil.copytree(settings.logs_dir, folder / "logs")
    return replace(settings, logs_dir=str(folder / "logs"))


def files(settings):
    """What trading leaves: ledgers, verdicts, positions and the locks; then the dataset."""
    names = ["trade_ledger.jsonl", "shadow_ledger.jsonl", "ml_decisions.jsonl"]
    names += ["paper_positions.json", "paper_replay.json", "ml_models/registry_events.jsonl"]
    DatasetBuilder.from_settings(settings).build_from_ledger(now=pd.Timestamp(LAST, tz="UTC"))
    names.append("ml_training_dataset.jsonl")
    return {name: untimed((settings.root / name).read_bytes()) for name in names}


def test_a_restart_each_day_changes_no_byte(market, trained, at_once, tmp_path):
    settings = copy_of(trained, tmp_path)
    bars, signals = market
    days = bars["date"].drop_duplicates().sort_values().tolist()
    for before, day in pairwise(days):
        if f"{day:%Y-%m-%d}" >= FIRST:
            of_two_days = bars[bars["date"].isin([before, day])]
            replay_sessions(settings, of_two_days, signals, start=f"{day:%Y-%m-%d}")
    assert files(settings) == at_once


@pytest.mark.slow
def test_processes_that_end_and_start_again_change_no_byte(market, trained, at_once, tmp_path):
    settings = copy_of(trained, tmp_path)
    bars, signals = market
    bars[list(COLUMNS)].to_csv(tmp_path / "bars.csv", index=False)
    write_signals(tmp_path / "signals.jsonl", signals)
    for end in RESTARTS:
        subprocess.run(
            [sys.executable, "-m", "jobs.session", "--logs-dir", settings.logs_dir, "--quiet",
             "--bars", tmp_path / "bars.csv", "--signals", tmp_path / "signals.jsonl",
             "--from", FIRST, "--to", end],
            check=True, cwd=REPOSITORY,
            env=ENVIRONMENT,
        )  # fmt: skip
    assert files(settings) == at_once
