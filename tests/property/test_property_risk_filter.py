"""For any model and any object as features: a harmless verdict, and one that can be replayed."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.config import load_settings
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer
from afterclose.risk_filter import RiskFilter
from afterclose.trading.decision_log import (
    DecisionLog,
    logged_features,
    read_decisions,
    replay,
    seen_features,
)
from afterclose.trading.feature_values import plain_features
from afterclose.trading.model_pin import Pin
from property_values import abouts, features_of, values
from trading_builders import BEFORE_THE_OPEN, promote_model, write_sessions

NAMES = ("a", "b", "c", "d")
REAL = st.floats(-1e9, 1e9)

cards = st.builds(
    lambda weights, means, spreads, shift: Scorecard(
        feature_names=NAMES,
        imputation_values=means,
        weights=weights,
        intercept=shift - sum(w * m for w, m in zip(weights, means, strict=True)),
        log_odds_at_mean=shift,
        threshold=0.5,
        train_min=means,
        train_max=means,
        train_mean=means,
        train_std=spreads,
    ),
    st.tuples(*[REAL] * 4),
    st.tuples(*[REAL] * 4),
    st.tuples(*[st.floats(1e-9, 1e9)] * 4),
    st.floats(-50, 50),
)

anything = features_of(NAMES)


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("filter")


options = st.fixed_dictionaries(
    {
        "risk_threshold": st.floats(0, 1),
        "sizing": st.sampled_from(["off", "linear"]),
        "min_size": st.floats(0, 1),
        "ood_max_z": st.sampled_from([8.0, 1e6]),
    }
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[RiskFilter, Path, RiskFilter]:
    """A filter that runs, its scope, and one like it in a scope that nobody touches."""
    filters = []
    for name in ("disturbed", "undisturbed"):
        chosen = load_settings({}, logs_dir=tmp_path_factory.mktemp(name))
        write_sessions(chosen)
        promote_model(chosen)
        filters.append((RiskFilter.load(chosen, BEFORE_THE_OPEN, log=False), chosen.root))
    return filters[0][0], filters[0][1], filters[1][0]


@settings(deadline=None, max_examples=200)
@given(card=cards, features=anything, chosen_options=options, about=abouts)
def test_a_verdict_only_reduces_and_its_line_gives_it_again(
    volume: Path, card: Scorecard, features: Any, chosen_options: dict[str, Any], about: Any
) -> None:
    chosen = load_settings({}, logs_dir=volume, **chosen_options)
    path = chosen.root / "ml_decisions.jsonl"
    path.unlink(missing_ok=True)
    pin = Pin(text="", trouble=False, model_id="M", scorer=LinearScorer(card, chosen.ood_max_z))
    with RiskFilter(chosen, pin) as risk:
        verdict = risk.check(features, about=about)
        assert isinstance(risk.predict_risk(features), float)
        explained = risk.explain(features)
    assert explained.reason == verdict.reason
    assert explained.risk_score == verdict.risk_score
    if explained.total is not None:
        parts = [explained.base, *(part.adds for part in explained.contributions)]
        assert math.fsum(parts) == explained.total
    assert 0 <= verdict.size_multiplier <= 1
    assert verdict.allowed == (verdict.size_multiplier > 0)
    assert verdict.allowed or verdict.reason == "high_risk"
    if verdict.risk_score is None:
        assert verdict.size_multiplier == 1
    else:
        assert 0 <= verdict.risk_score <= 1
        assert verdict.reason in {"low_risk", "high_risk"}
    (line,) = read_decisions(path)
    assert line.lost_before == 0
    assert (line.reason, line.size_multiplier) == (verdict.reason, verdict.size_multiplier)
    assert replay(line, card) == line.risk_score == verdict.risk_score


@settings(deadline=None, max_examples=100)
@given(features=st.dictionaries(st.text(), values))
def test_what_the_log_brings_back_is_what_was_seen(features: Any, volume: Path) -> None:
    seen = plain_features(features)
    assert seen is not None
    path = volume / "seen.jsonl"
    path.unlink(missing_ok=True)
    with RiskFilter(
        load_settings({}, logs_dir=volume), Pin(text="", trouble=False, reason="no_active_model")
    ) as risk:
        risk._log = DecisionLog(path)
        risk.check(features)
    (line,) = read_decisions(path)
    assert line.features == logged_features(seen)
    assert line.features is not None
    assert repr(seen_features(line.features)) == repr(seen)


@settings(deadline=None, max_examples=60)
@given(
    damage=st.one_of(st.none(), st.binary(max_size=200)),
    name=st.sampled_from(
        [
            "ml_switched_off.json",
            "ml_sessions.json",
            "ml_models/model_registry.json",
            "ml_models/registry_events.jsonl",
            "scorecard.json",
        ]
    ),
    features=anything,
)
def test_whatever_happens_to_a_file_while_it_runs_the_answer_is_the_same_or_the_rules(
    running: tuple[RiskFilter, Path, RiskFilter], damage: bytes | None, name: str, features: Any
) -> None:
    risk, root, undisturbed = running
    path = next(root.rglob("scorecard.json")) if name == "scorecard.json" else root / name
    before = path.read_bytes() if path.exists() else None
    wanted = undisturbed.check(features)
    try:
        path.unlink(missing_ok=True) if damage is None else path.write_bytes(damage)
        verdict = risk.check(features)
        off = name == "ml_switched_off.json" and damage is not None
        assert verdict.reason == "switched_off" if off else verdict == wanted
        assert verdict.size_multiplier <= 1
        again = RiskFilter.load(risk._settings, BEFORE_THE_OPEN, lock=False, log=False)
        assert 0 <= again.check(features).size_multiplier <= 1
    finally:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)
