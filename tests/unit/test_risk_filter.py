"""`afterclose.risk_filter`: a verdict for anything, a line for each, and no exception."""

import errno
import logging
import math
import os
import subprocess
import sys
import threading
from collections import ChainMap, UserDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.tree_card import Tree, TreeCard
from afterclose.model_registry import ModelRegistry
from afterclose.records import Decision, Subject
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.trading.decision_log import DecisionRecord, deciding_about, read_decisions, replay
from afterclose.trading.subjects import Plan
from repository import REPOSITORY
from trading_builders import (
    BEFORE_THE_OPEN,
    CLOSE,
    DURING_THE_SESSION,
    make_scorecard,
    promote_files,
    promote_model,
    write_sessions,
)

CALM = {"atr_pct": -1.0, "rsi": -1.0}
"""A risk of 1 / (1 + e^2) = 0.1192."""

WILD = {"atr_pct": 1.0, "rsi": 1.0}
"""A risk of 0.8808."""


class FullDisk(DiskLayer):
    def write(self, descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class Hostile(dict[str, float]):
    """A dictionary that raises whatever it is asked."""

    def __getitem__(self, name: str) -> float:
        raise KeyboardInterrupt if name == "stop" else RuntimeError(name)

    def get(self, name: str, default: Any = None) -> Any:
        raise RuntimeError(name)

    def items(self) -> Any:
        raise RuntimeError("no items today")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no names today")


@pytest.fixture
def scope(settings: Settings) -> Settings:
    """A scope with a calendar and an active model."""
    write_sessions(settings)
    promote_model(settings)
    return settings


@pytest.fixture
def risk(scope: Settings) -> Iterator[RiskFilter]:
    with RiskFilter.load(scope, BEFORE_THE_OPEN) as loaded:
        yield loaded


def decisions(settings: Settings) -> list[DecisionRecord]:
    return list(read_decisions(settings.root / "ml_decisions.jsonl"))


def test_without_a_model_the_rules_decide_alone(settings: Settings) -> None:
    risk = RiskFilter.load(settings)
    assert (risk.mode, risk.model_id, risk.session is not None) == ("rules-only", None, True)
    assert risk.mode_reason.startswith("no_active_model: ")
    assert risk.check(WILD) == Decision(
        allowed=True, risk_score=None, size_multiplier=1.0, reason="no_active_model", model_id=None
    )
    assert math.isnan(risk.predict_risk(WILD))
    assert [line.mode for line in decisions(settings)] == ["rules-only"]


def test_with_a_model_it_says_which_and_until_when(scope: Settings, risk: RiskFilter) -> None:
    active = ModelRegistry.from_settings(scope).get_active_model()
    assert (risk.mode, risk.model_id, risk.threshold) == ("ml", active, 0.5)
    assert (risk.session, risk.locked_until) == ("2026-01-27", CLOSE)
    assert risk.mode_reason.startswith(f"model {active} for session 2026-01-27 until")


def test_a_low_risk_is_allowed_whole_and_a_high_one_blocked(risk: RiskFilter) -> None:
    low, high = risk.check(CALM), risk.check(WILD)
    assert (low.allowed, low.size_multiplier, low.reason) == (True, 1.0, "low_risk")
    assert low.risk_score == pytest.approx(0.11920292202211755, abs=1e-15)
    assert (high.allowed, high.size_multiplier, high.reason) == (False, 0.0, "high_risk")
    assert high.risk_score == pytest.approx(0.8807970779778823, abs=1e-15)
    assert high.model_id == risk.model_id


def test_a_risk_at_the_threshold_is_allowed(risk: RiskFilter) -> None:
    verdict = risk.check({"atr_pct": 1.0, "rsi": -1.0})
    assert (verdict.risk_score, verdict.allowed) == (0.5, True)


def test_the_threshold_is_the_settings(scope: Settings) -> None:
    strict = RiskFilter.load(replace(scope, risk_threshold=0.1), BEFORE_THE_OPEN)
    assert strict.check(CALM).reason == "high_risk"


def test_linear_sizing_makes_a_risky_entry_smaller(scope: Settings) -> None:
    sized = RiskFilter.load(replace(scope, sizing="linear", min_size=0.2), BEFORE_THE_OPEN)
    verdict = sized.check({"atr_pct": 1.0, "rsi": -1.0})
    assert (verdict.allowed, verdict.size_multiplier) == (True, 0.2)
    assert sized.check(CALM).size_multiplier == pytest.approx(1 - 0.8 * 0.11920292202211755 / 0.5)
    assert sized.check(WILD).size_multiplier == 0


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        ({}, "features_missing"),
        ({"ATR_PCT": -1.0, "RSI": -1.0}, "features_missing"),
        ({"atr_pct": None, "rsi": -1.0}, "features_missing"),
        ({"atr_pct": math.nan, "rsi": -1.0}, "features_missing"),
        ({"atr_pct": math.inf, "rsi": -1.0}, "features_missing"),
        ({"atr_pct": 10**400, "rsi": -1.0}, "features_missing"),
        ({"atr_pct": "high", "rsi": -1.0}, "features_invalid"),
        ({"atr_pct": [1.0], "rsi": -1.0}, "features_invalid"),
        ({"atr_pct": np.array([1.0]), "rsi": -1.0}, "features_invalid"),
        ({"atr_pct": 8.5, "rsi": -1.0}, "out_of_distribution"),
        ({"atr_pct": -1e300, "rsi": -1.0}, "out_of_distribution"),
        ({"atr_pct": 10**30, "rsi": -1.0}, "out_of_distribution"),
        (None, "features_invalid"),
        (7, "features_invalid"),
        (10**400, "features_invalid"),
        ("rsi", "features_invalid"),
        ([("rsi", 1.0)], "features_invalid"),
        (Hostile(rsi=1.0), "features_invalid"),
        ({1: 2.0}, "features_missing"),
    ],
)
def test_features_that_cannot_be_judged_leave_it_to_the_rules(
    risk: RiskFilter, features: Any, reason: str
) -> None:
    verdict = risk.check(features)
    assert verdict.reason == reason
    assert (verdict.allowed, verdict.size_multiplier, verdict.risk_score) == (True, 1.0, None)


@pytest.mark.parametrize(
    "features",
    [
        {"atr_pct": Decimal(-1), "rsi": -1},
        {"atr_pct": np.float64(-1), "rsi": np.int64(-1)},
        {"atr_pct": np.float32(-1), "rsi": -1.0, "unknown": "whatever", 7: None},
    ],
)
def test_numbers_of_all_types_are_judged_alike(risk: RiskFilter, features: Any) -> None:
    assert risk.check(features) == risk.check(CALM)


@pytest.mark.parametrize(
    "row",
    [
        pd.Series({"atr_pct": 1.0, "rsi": 1.0}),
        pd.DataFrame({"atr_pct": [1.0], "rsi": [1], "name": ["AAPL"]}).iloc[0],
        UserDict(WILD),
        MappingProxyType(WILD),
        ChainMap({}, WILD),
    ],
)
def test_a_pandas_row_and_any_mapping_are_judged_like_a_dict(risk: RiskFilter, row: Any) -> None:
    assert risk.check(row) == risk.check(WILD)
    assert risk.predict_risk(row) == risk.predict_risk(WILD)
    assert risk.explain(row) == risk.explain(WILD)


@pytest.mark.parametrize("missing", [pd.NA, pd.NaT, None, math.nan])
def test_whatever_pandas_has_for_missing_is_missing(risk: RiskFilter, missing: Any) -> None:
    row = pd.Series({"atr_pct": missing, "rsi": 1.0}, dtype=object)
    assert risk.check(row).reason == "features_missing"


def test_a_table_is_no_row(risk: RiskFilter) -> None:
    assert risk.check(pd.DataFrame({"atr_pct": [1.0], "rsi": [1.0]})).reason == "features_invalid"


def test_the_subject_is_in_the_line_and_changes_no_verdict(
    scope: Settings, risk: RiskFilter
) -> None:
    about = Subject("T-1", "AAPL", "short", stop_price=105.0, max_holding_days=3, strategy="gap")
    assert risk.check(WILD, about=about) == risk.check(WILD)
    line, bare = decisions(scope)
    assert (line.trade_id, line.symbol, line.side) == ("T-1", "AAPL", "short")
    assert (line.strategy, line.plan) == ("gap", Plan(stop_price=105.0, max_holding_days=3.0))
    assert (bare.trade_id, bare.plan) == (None, None)


def test_an_explanation_adds_up_and_names_the_verdict(risk: RiskFilter) -> None:
    found = risk.explain({"atr_pct": 2.0, "rsi": -1.0})
    assert (found.reason, found.base, found.total) == ("high_risk", 0.0, 1.0)
    assert [(c.feature, c.value, c.adds) for c in found.contributions] == [
        ("atr_pct", 2.0, 2.0),
        ("rsi", -1.0, -1.0),
    ]
    assert found.risk_score == risk.check({"atr_pct": 2.0, "rsi": -1.0}).risk_score


@pytest.mark.parametrize("features", [None, {}, {"atr_pct": "x", "rsi": 1.0}, Hostile(rsi=1.0)])
def test_what_has_no_score_has_no_explanation_but_its_reason(
    risk: RiskFilter, features: Any
) -> None:
    found = risk.explain(features)
    assert found.reason == risk.check(features).reason
    assert (found.base, found.contributions, found.risk_score) == (None, (), None)


def test_a_model_that_cannot_be_explained_raises_nothing(
    risk: RiskFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(risk._scorer), "parts_of", lambda *_: 1 / 0)
    assert risk.explain(WILD).reason == "scoring_failed"


def test_explaining_leaves_no_line(scope: Settings, risk: RiskFilter) -> None:
    risk.explain(WILD)
    assert decisions(scope) == []


def test_less_than_a_third_missing_is_imputed(settings: Settings) -> None:
    names = tuple("abcd")
    spread = dict.fromkeys(("train_min", "weights"), (0.5,) * 4)
    card = make_scorecard(
        feature_names=names,
        imputation_values=(1.0,) * 4,
        train_max=(1.0,) * 4,
        train_mean=(0.0,) * 4,
        train_std=(1.0,) * 4,
        **spread,
    )
    promote_model(settings, card=card)
    risk = RiskFilter.load(settings, BEFORE_THE_OPEN)
    one_missing = {"a": -1.0, "b": -1.0, "c": -1.0}
    assert risk.check(one_missing) == risk.check(one_missing | {"d": 1.0})
    assert risk.check({"a": -1.0, "b": -1.0}).reason == "features_missing"


@pytest.mark.parametrize("features", [None, {"rsi": "x"}, Hostile(rsi=1.0), 7])
def test_predict_risk_of_what_cannot_be_scored_is_nan(risk: RiskFilter, features: Any) -> None:
    assert math.isnan(risk.predict_risk(features))


def test_predict_risk_is_the_score_of_the_verdict(risk: RiskFilter) -> None:
    assert risk.predict_risk(WILD) == risk.check(WILD).risk_score


def test_a_model_that_fails_leaves_it_to_the_rules(
    risk: RiskFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(risk._scorer), "clean_risk", lambda *_: 1 / 0)
    assert risk.check(WILD).reason == "scoring_failed"
    monkeypatch.setattr(type(risk._scorer), "clean_risk", lambda *_: math.nan)
    assert risk.check(WILD).reason == "scoring_failed"


def test_an_expired_model_is_not_asked(scope: Settings) -> None:
    limited = replace(scope, model_max_age_sessions=2)
    risk = RiskFilter.load(limited, BEFORE_THE_OPEN + timedelta(days=10))
    assert risk.mode_reason.startswith("model_expired: ")
    assert risk.check(WILD).reason == "model_expired"
    assert risk.check(WILD).allowed


def test_during_a_lock_nothing_on_disk_changes_an_answer(scope: Settings, risk: RiskFilter) -> None:
    before = risk.check(WILD), risk.predict_risk(CALM)
    other = promote_model(scope, CLOSE + timedelta(days=1), make_scorecard(weights=(-9.0, -9.0)))
    folder = scope.model_dir / str(risk.model_id)
    (folder / "scorecard.json").write_bytes(
        (scope.model_dir / other / "scorecard.json").read_bytes()
    )
    (folder / "new_file.json").write_text("{}")
    assert (risk.check(WILD), risk.predict_risk(CALM)) == before


def test_a_restart_in_mid_session_answers_the_same(scope: Settings, risk: RiskFilter) -> None:
    promote_model(scope, CLOSE + timedelta(days=1), make_scorecard(weights=(-9.0, -9.0)))
    again = RiskFilter.load(scope, DURING_THE_SESSION)
    assert [again.check(WILD), again.check(CALM)] == [risk.check(WILD), risk.check(CALM)]


def test_every_verdict_of_a_log_can_be_computed_again_to_the_last_bit(
    scope: Settings, risk: RiskFilter
) -> None:
    generator = np.random.default_rng(42)
    for row in generator.normal(0, 4, size=(300, 2)):
        risk.check({"atr_pct": row[0], "rsi": np.float32(row[1])})
    for features in (None, {}, {"atr_pct": math.nan, "rsi": 0.1}, {"atr_pct": "x", "rsi": 1.0}):
        risk.check(features)
    path = scope.model_dir / str(risk.model_id) / "scorecard.json"
    card = Scorecard.from_bytes(path.read_bytes())
    lines = decisions(scope)
    assert len(lines) == 304
    assert {line.digest for line in lines} == {files.sha256_file(path)}
    assert [replay(line, card) for line in lines] == [line.risk_score for line in lines]
    assert sum(line.risk_score is not None for line in lines) > 250
    assert {line.reason for line in lines} > {"low_risk", "high_risk", "out_of_distribution"}


def test_a_line_tells_all_that_the_verdict_rests_on(scope: Settings, risk: RiskFilter) -> None:
    features = {"atr_pct": math.nan, "rsi": -1, "note": "text", "gap": None}
    with deciding_about(Subject(None, "AAPL", "short", "2026-01-27T15:00:00+00:00")):
        verdict = risk.check(features)
    (line,) = decisions(scope)
    assert line.features == {
        "atr_pct": "NaN", "rsi": -1.0, "note": {"not_a_number": "text"}, "gap": None
    }  # fmt: skip
    assert (line.symbol, line.side, line.at) == ("AAPL", "short", "2026-01-27T15:00:00+00:00")
    assert (line.mode, line.session, line.threshold) == ("ml", "2026-01-27", 0.5)
    assert (line.allowed, line.reason, line.model_id) == (
        verdict.allowed, verdict.reason, verdict.model_id
    )  # fmt: skip


def test_a_line_without_a_subject_has_the_time_of_the_clock(
    scope: Settings, risk: RiskFilter
) -> None:
    risk.check(CALM)
    (line,) = decisions(scope)
    assert datetime.fromisoformat(line.at).utcoffset() == timedelta(0)
    assert line.symbol is None


def test_a_full_disk_stops_no_verdict(
    risk: RiskFilter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files, "LAYER", FullDisk())
    assert [risk.check(features).reason for features in (CALM, WILD)] == ["low_risk", "high_risk"]
    assert len(caplog.records) == 1


def test_a_folder_that_takes_no_writes_is_said_once(
    scope: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (".lock", "ml_decisions.jsonl"):
        (scope.root / name).unlink(missing_ok=True)
        (scope.root / name).mkdir()  # not even root can write to these
    risk = RiskFilter.load(scope, BEFORE_THE_OPEN)
    assert [risk.check(features).reason for features in (CALM, WILD)] == ["low_risk", "high_risk"]
    assert risk.mode == "ml"
    assert "not locked, but kept in memory" in risk.mode_reason
    assert "verdicts are not logged" in risk.mode_reason
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_calm_start_warns_of_nothing(scope: Settings, caplog: pytest.LogCaptureFixture) -> None:
    RiskFilter.load(scope, BEFORE_THE_OPEN).close()
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_a_naive_now_is_utc(scope: Settings) -> None:
    naive = BEFORE_THE_OPEN.replace(tzinfo=None)
    assert RiskFilter.load(scope, naive).locked_until == CLOSE


def test_trees_are_judged_like_lines(settings: Settings) -> None:
    """One tree: at most 0.5 of atr_pct is a risk of 1 / (1 + e), more or none the opposite."""
    head = msgspec.structs.asdict(make_scorecard())
    for field in ("kind", "weights", "imputation_values", "intercept", "log_odds_at_mean", "curve"):
        del head[field]
    tree = Tree((0, -1, -1), (0.5, -1.0, 1.0), (False,) * 3, (1, 0, 0), (2, 0, 0))
    card = TreeCard(kind="xgboost", base=0.0, trees=(tree,), **head)
    files = {"model.joblib": b"is never opened", "scorecard.json": card.to_bytes()}
    model_id = promote_files(settings, files)
    risk = RiskFilter.load(settings, BEFORE_THE_OPEN)
    assert (risk.mode, risk.model_id) == ("ml", model_id)
    assert risk.check(WILD).risk_score == pytest.approx(0.7310585786)
    assert risk.check(CALM).risk_score == pytest.approx(0.2689414214)
    assert risk.check({"atr_pct": 9.0, "rsi": 0.0}).reason == "out_of_distribution"
    assert risk.check({}).reason == "features_missing"
    digests = ModelStore(settings.model_dir).digests(model_id)
    lines = decisions(settings)
    assert lines[0].digest == digests["scorecard.json"]
    scorer = ModelStore(settings.model_dir).load_scorer(model_id, digests, max_abs_z=8)
    assert [replay(line, scorer) for line in lines] == [line.risk_score for line in lines]


def test_a_model_with_a_tuned_threshold_blocks_above_it_whatever_the_setting_is(
    settings: Settings,
) -> None:
    promote_model(settings, card=make_scorecard(threshold=0.9, threshold_mode="tuned"))
    risk = RiskFilter.load(settings, BEFORE_THE_OPEN)
    assert risk.threshold == 0.9
    assert risk.check(WILD).allowed
    assert decisions(settings)[0].threshold == 0.9


def test_a_model_with_a_fixed_threshold_blocks_above_the_setting(settings: Settings) -> None:
    promote_model(settings, card=make_scorecard(threshold=0.9))
    assert RiskFilter.load(settings, BEFORE_THE_OPEN).threshold == 0.5


def test_loading_and_judging_imports_no_numerical_library(scope: Settings) -> None:
    code = (
        "import sys; from afterclose.config import load_settings\n"
        "from afterclose.risk_filter import RiskFilter\n"
        "from afterclose.clock import parse_now\n"
        "settings = load_settings({}, logs_dir=sys.argv[1])\n"
        "risk = RiskFilter.load(settings, parse_now('2026-01-27T14:00:00+00:00'))\n"
        "print(risk.mode, risk.check({'atr_pct': 1.0, 'rsi': 1.0}).reason)\n"
        "print(*{'numpy', 'pandas', 'sklearn', 'scipy', 'joblib'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, scope.logs_dir],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert done.stdout == "ml high_risk\n\n"


def test_a_dry_load_leaves_no_trace_and_no_open_file(scope: Settings) -> None:
    before = {p: p.stat().st_mtime_ns for p in scope.root.rglob("*")}
    open_files = set(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    risk = RiskFilter.load(scope, BEFORE_THE_OPEN, lock=False, log=False)
    assert risk.mode == "ml"
    reasons = {
        risk.check({"atr_pct": number % 3 - 1.0, "rsi": 1.0}).reason for number in range(10_000)
    }
    assert reasons == {"low_risk", "high_risk"}
    assert set(os.listdir("/proc/self/fd")) == open_files
    assert threading.active_count() == threads
    assert {p: p.stat().st_mtime_ns for p in scope.root.rglob("*")} == before
    risk.close()


def test_a_dry_load_answers_like_a_real_one_and_is_never_over(scope: Settings) -> None:
    dry = RiskFilter.load(scope, BEFORE_THE_OPEN, lock=False, log=False)
    assert dry._over_at is None
    assert ModelRegistry.from_settings(scope).current_lock(BEFORE_THE_OPEN) is None
    with RiskFilter.load(scope, BEFORE_THE_OPEN) as real:
        assert [dry.check(f) for f in (CALM, WILD, {})] == [real.check(f) for f in (CALM, WILD, {})]
    assert dry.threshold == real.threshold


# --- side, strategy, and what a model cannot do without -----------------------------------

BOTH_SIDES = make_scorecard(feature_names=("atr_pct", "side"), needed=("side",))
"""The risk of a short is that of its ATR less 1."""


def test_a_model_of_both_sides_takes_the_side_from_the_subject(settings: Settings) -> None:
    promote_model(settings, card=BOTH_SIDES)
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        calm = risk.check({"atr_pct": 0.5}, about=Subject(side="short"))
        wild = risk.check({"atr_pct": 0.5}, about=Subject(side="long"))
        among = risk.check({"atr_pct": 0.5, "side": "short"})
        with deciding_about(Subject(side="short")):
            outside = risk.check({"atr_pct": 0.5})
    assert (calm.reason, wild.reason) == ("low_risk", "high_risk")
    assert calm.risk_score == among.risk_score == outside.risk_score
    logged = read_decisions(settings.root / "ml_decisions.jsonl")
    assert [line.features["side"] for line in logged] == [-1.0, 1.0, -1.0, -1.0]


def test_without_the_side_it_abstains(settings: Settings) -> None:
    promote_model(settings, card=BOTH_SIDES)
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        decision = risk.check({"atr_pct": 0.5})
        explained = risk.explain({"atr_pct": 0.5}, about=Subject(side="long"))
    assert (decision.allowed, decision.reason) == (True, "features_missing")
    assert explained.risk_score is not None


def test_a_strategy_that_the_model_has_not_met_makes_it_abstain(settings: Settings) -> None:
    names = ("strategy=break", "strategy=dip")
    promote_model(settings, card=make_scorecard(feature_names=names, needed=names))
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        known = risk.check({}, about=Subject(strategy="dip"))
        unknown = risk.check({}, about=Subject(strategy="scalp"))
    assert known.risk_score is not None
    assert unknown.reason == "features_missing"


def test_a_needed_feature_that_is_missing_makes_it_abstain(settings: Settings) -> None:
    names = ("a", "atr_pct", "b", "c")
    card = make_scorecard(
        feature_names=names,
        needed=("atr_pct",),
        weights=(0.1, 1.0, 0.1, 0.1),
        imputation_values=(0.0,) * 4,
        train_mean=(0.0,) * 4,
        train_std=(1.0,) * 4,
        train_min=(-3.0,) * 4,
        train_max=(3.0,) * 4,
    )
    promote_model(settings, card=card)
    with RiskFilter.load(settings, BEFORE_THE_OPEN) as risk:
        light = risk.check({"atr_pct": -1.0, "b": 0.0, "c": 0.0})
        heavy = risk.check({"a": 0.0, "b": 0.0, "c": 0.0})
    assert light.reason == "low_risk"
    assert (heavy.allowed, heavy.reason) == (True, "features_missing")
