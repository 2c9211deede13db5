"""Models whose scores are ranks: of a predicted loss in units of risk, or of volatility alone."""

import time
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from afterclose.arrays import Floats
from afterclose.dataset.columns import Dataset
from afterclose.dataset.labels import units_of_risk
from afterclose.errors import ConfigError
from afterclose.evaluating.walk_forward import walk_forward
from afterclose.learning.curves import Isotonic
from afterclose.learning.models import predict_risks
from afterclose.learning.ranking import RANKS, rank_curve
from afterclose.learning.regressors import ALPHAS, choose_alpha, fit_regressor
from afterclose.learning.ridge import ridge_path
from afterclose.learning.sample_weights import sample_weights
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.splits import no_embargo, purged_walk_forward
from afterclose.learning.training import (
    Learned,
    PreparedData,
    TrainingOptions,
    label,
    learn,
    prepare,
)
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from training_builders import dataset_of

KINDS = ("logistic", "hist_gradient_boosting", "xgboost", "ensemble")
TOLERANCE = dict.fromkeys(KINDS, 1e-12) | {"xgboost": 1e-4, "volatility": 1e-12}
"""XGBoost adds up in single precision, and a curve of ranks is steep."""

RECIPES = [("r", kind) for kind in KINDS] + [("bad", "volatility")]
every_recipe = pytest.mark.parametrize(("target", "model"), RECIPES)


def swings(rows: int = 300, seed: int = 0) -> Dataset:
    """Trades that lose more of their risk the higher ``heat`` is, whatever their ATR."""
    random = np.random.default_rng(seed)
    heat = random.normal(size=rows)
    atr_pct = 0.02 * np.exp(0.5 * random.normal(size=rows))
    gappy = np.where(random.random(rows) < 0.2, np.nan, random.normal(size=rows))
    outcome = 0.1 - 0.4 * heat + 0.5 * random.normal(size=rows)
    features: dict[str, Any] = {"heat": heat, "atr_pct": atr_pct, "gappy": gappy}
    return dataset_of(features, pnl_pct=2 * atr_pct * outcome)


def learned_by(target: str, model: str, dataset: Dataset, **options: Any) -> Learned:
    chosen = TrainingOptions(target=target, model=model, **options)
    prepared = prepare(dataset, chosen, no_embargo)
    assert isinstance(prepared, PreparedData), prepared
    return learn(prepared, chosen, no_embargo)


def columns_of(dataset: Dataset, learned: Learned) -> Floats:
    return dataset.features[
        :, [dataset.feature_names.index(name) for name in learned.card.feature_names]
    ]


def test_what_was_risked_is_the_planned_stop_where_it_is_known() -> None:
    pnl, atr_pct = np.full(3, 0.02), np.array([0.02, 0.02, np.nan])
    units = units_of_risk(pnl, atr_pct, np.array([np.nan, 0.04, 0.02]))
    assert units.tolist() == [0.5, 0.5, 1.0]


def test_an_outcome_in_units_of_risk_is_clipped_and_unknown_without_an_atr() -> None:
    """A gain of 4 % at an ATR of 2 % is one unit; a crash counts 1.5 and no more."""
    pnl = np.array([0.04, -0.02, -0.30, 0.30, 0.01, 0.01])
    atr_pct = np.array([0.02, 0.02, 0.02, 0.02, 0.0, np.nan])
    units = units_of_risk(pnl, atr_pct)
    np.testing.assert_allclose(units, [1.0, -0.5, -1.5, 2.0, np.nan, np.nan])
    assert np.isnan(units_of_risk(pnl, None)).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_lines_are_scikit_learns(weighted: bool) -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(200, 5)) @ random.normal(size=(5, 5))
    outcome = values[:, 0] - values[:, 3] + random.normal(size=200)
    weights = random.uniform(0.2, 3, size=200) if weighted else None
    for alpha, coef in zip(ALPHAS, ridge_path(values.T, outcome, ALPHAS, weights), strict=True):
        model = Ridge(alpha=alpha).fit(values, outcome, sample_weight=weights)
        np.testing.assert_allclose(coef, [*model.coef_, model.intercept_], rtol=1e-9, atol=1e-12)


def test_a_repeated_feature_shares_its_slope() -> None:
    column = np.random.default_rng(4).normal(size=100)
    (coef,) = ridge_path(np.array([column, column]), column, (1.0,))
    assert coef[0] == pytest.approx(coef[1])


def test_noise_gets_the_strongest_ridge_and_an_effect_a_weaker_one() -> None:
    random = np.random.default_rng(5)
    values = random.normal(size=(400, 4))
    times = np.arange(400)
    splits = purged_walk_forward(times, times + 1, n_windows=4, min_train=200)
    noise = random.normal(size=400)
    assert choose_alpha(values, noise, splits) in ALPHAS[:2]
    assert choose_alpha(values, 2 * values[:, 1] + 0.1 * noise, splits) == ALPHAS[-1]


@every_recipe
def test_the_trading_process_scores_like_the_library(target: str, model: str) -> None:
    dataset = swings()
    learned = learned_by(target, model, dataset)
    rows = columns_of(dataset, learned)
    missing = np.full((1, rows.shape[1]), np.nan)
    rows = np.concatenate([rows, 1e3 * rows, -rows, missing, np.full_like(missing, 1e90)])
    scorer = scorer_of(read_card(learned.card.to_bytes()))
    scores = [scorer.risk_of(row) for row in rows.tolist()]
    assert scores == pytest.approx(predict_risks(learned.pipeline, rows), abs=TOLERANCE[model])
    assert all(0 < score < 1 for score in scores if score is not None)


@pytest.mark.parametrize("mode", ["none", "both"])
def test_a_ridge_score_is_scikit_learns_prediction_ranked(mode: str) -> None:
    """To 1e-12, ranked by NumPy; what it fits itself has the ten digits that are kept."""
    dataset = swings(400)
    learned = learned_by("r", "logistic", dataset, sample_weights=mode)
    past = dataset.take(np.arange(learned.metrics.n_train or 0))
    rows, train = columns_of(dataset, learned), columns_of(past, learned)
    pnl, atr_pct = past.realized_pnl_pct, past.features[:, past.feature_names.index("atr_pct")]
    theirs = make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        Ridge(alpha=learned.metrics.ridge_alpha),
    )
    weights = sample_weights(mode, past.decision_us, past.exit_us, pnl)
    theirs.fit(train, -units_of_risk(pnl, atr_pct), ridge__sample_weight=weights)
    card = learned.card
    assert isinstance(card, Scorecard)
    assert isinstance(card.curve, Isotonic)
    scorer = scorer_of(read_card(card.to_bytes()))
    scores = np.array([scorer.risk_of(row) for row in rows.tolist()])
    for fitted, tolerance in ((learned.pipeline.pipeline, 1e-12), (theirs, 1e-8)):
        expected = np.interp(fitted.predict(rows), card.curve.log_odds, card.curve.risks)
        assert np.abs(scores - expected).max() <= tolerance


@every_recipe
def test_a_score_is_the_share_of_training_decisions_that_look_better(
    target: str, model: str
) -> None:
    """So the scores of the training rows are spread evenly, whatever was predicted."""
    dataset = swings()
    learned = learned_by(target, model, dataset)
    risks = np.sort(predict_risks(learned.pipeline, columns_of(dataset, learned))[:240])
    if model != "ensemble":  # a mean of two ranks is none itself
        np.testing.assert_allclose(risks, (np.arange(240) + 0.5) / 240, atol=0.02)


@every_recipe
def test_equal_data_give_equal_bytes(target: str, model: str) -> None:
    cards = {learned_by(target, model, swings()).card.to_bytes() for _ in range(2)}
    assert len(cards) == 1


@pytest.mark.parametrize("model", KINDS)
def test_an_effect_on_the_outcome_is_found_and_volatility_is_not_taken_for_it(model: str) -> None:
    learned = learned_by("r", model, swings(600))
    scorer = scorer_of(learned.card)
    usual = {"atr_pct": 0.02, "gappy": 0.0}
    assert scorer.predict_risk(usual | {"heat": 1.5}) > 0.8
    assert scorer.predict_risk(usual | {"heat": -1.5}) < 0.2
    calm, wild = (scorer.predict_risk({"heat": 0, "gappy": 0, "atr_pct": a}) for a in (0.01, 0.04))
    assert abs(calm - wild) < 0.25


def test_a_ridge_card_says_so_and_counts_in_r() -> None:
    learned = learned_by("r", "logistic", swings(600))
    card = learned.card
    assert isinstance(card, Scorecard)
    assert (card.kind, learned.metrics.target) == ("ridge", "r")
    assert learned.metrics.ridge_alpha in ALPHAS
    assert learned.metrics.regularisation_c is learned.metrics.brier is None
    # heat costs 0.4 R a standard deviation of 1
    assert learned.metrics.coefficients["heat"] == pytest.approx(0.4, abs=0.08)


def test_volatility_is_the_rank_of_the_atr_and_knows_no_other_feature() -> None:
    dataset = swings()
    learned = learned_by("bad", "volatility", dataset)
    card = learned.card
    assert isinstance(card, Scorecard)
    assert (card.kind, card.feature_names) == ("volatility", ("atr_pct",))
    assert (card.weights, card.log_odds_at_mean) == ((1.0,), pytest.approx(card.train_mean[0]))
    atr_pct = dataset.features[:, dataset.feature_names.index("atr_pct")]
    order = np.argsort(atr_pct)
    scorer = scorer_of(card)
    scores = [scorer.predict_risk({"atr_pct": value}) for value in atr_pct[order].tolist()]
    assert scores == sorted(scores)
    assert scorer.predict_risk({"atr_pct": float(np.median(atr_pct[:240]))}) == pytest.approx(
        0.5, abs=0.01
    )


def test_without_an_atr_neither_learns_anything_and_says_what_is_missing() -> None:
    dataset = dataset_of({"heat": np.arange(60.0)}, pnl_pct=np.tile([0.01, -0.01], 30))
    for options in (TrainingOptions(target="r"), TrainingOptions(model="volatility")):
        assert "atr_pct" in str(prepare(dataset, options, no_embargo))


def test_trades_without_an_atr_are_judged_but_not_learned_from() -> None:
    dataset = swings()
    values = dataset.features.copy()
    values[:50, dataset.feature_names.index("atr_pct")] = np.nan
    learned = learned_by("r", "logistic", replace(dataset, features=values))
    assert learned.metrics.n_train == 240 - 1 - 50  # one overlaps the newest part
    assert learned.metrics.n_without_atr == 50
    assert len(predict_risks(learned.pipeline, values[:, :3])) == 300


def test_walking_forward_finds_each_steps_own_ranks_and_threshold() -> None:
    dataset = swings(600)
    options = TrainingOptions(target="r")
    bad = label(dataset, options)
    walked = walk_forward(dataset, bad, options, no_embargo, max_abs_z=8.0)
    blocked = ~walked.verdicts.keep
    pnl = dataset.realized_pnl_pct[walked.rows]
    assert 0.1 < blocked.mean() < 0.3
    assert pnl[blocked].mean() < 0 < pnl[~blocked].mean()


def test_the_past_of_a_step_does_not_depend_on_what_follows() -> None:
    dataset, options = swings(300), TrainingOptions(target="r")
    bad = label(dataset, options)
    before = walk_forward(dataset, bad, options, no_embargo, max_abs_z=8.0)
    pnl = dataset.realized_pnl_pct.copy()
    pnl[-before.windows[-1].n_test :] *= -1
    after = walk_forward(
        replace(dataset, realized_pnl_pct=pnl), bad, options, no_embargo, max_abs_z=8.0
    )
    np.testing.assert_array_equal(before.verdicts.score, after.verdicts.score)


def test_a_rank_is_not_calibrated() -> None:
    with pytest.raises(ConfigError, match="rank is no probability"):
        TrainingOptions(target="r", calibration="sigmoid").check()


def test_ties_share_a_rank_and_one_value_is_the_middle() -> None:
    curve = rank_curve(np.array([1.0, 1.0, 2.0, 2.0]))
    assert [curve.risk(value) for value in (0.0, 1.0, 1.5, 2.0, 9.0)] == [
        0.25, 0.25, 0.5, 0.75, 0.75
    ]  # fmt: skip
    assert rank_curve(np.zeros(5)).risk(3.0) == 0.5


def test_a_curve_of_many_ranks_stays_small_and_right() -> None:
    known = np.random.default_rng(6).standard_t(3, size=20_000)
    curve = rank_curve(known)
    assert len(curve.risks) <= RANKS
    for value in (-2.0, -0.3, 0.0, 1.1):
        assert curve.risk(value) == pytest.approx((known < value).mean(), abs=0.005)


def test_linear_scores_stay_within_microseconds() -> None:
    scorer = scorer_of(learned_by("r", "logistic", swings()).card, max_abs_z=8.0)
    entry = {"heat": 0.3, "gappy": 0.1, "atr_pct": 0.02}
    laps = []
    for _ in range(50):
        started = time.perf_counter()
        for _ in range(100):
            scorer.clean_risk(entry)
        laps.append((time.perf_counter() - started) / 100 * 1e6)
    print(f"ridge: {median(laps):.2f} µs a row")
    assert median(laps) < 50


def test_volatility_needs_no_outcome() -> None:
    values = np.array([[0.01], [0.02], [0.03]])
    pipeline = fit_regressor(values, None, kind="volatility", seed=1)
    np.testing.assert_allclose(pipeline.predict(values), values[:, 0])
