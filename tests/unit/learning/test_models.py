"""The learners are scikit-learn's own, made repeatable."""

import re
import sys

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline as plain_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from afterclose.errors import ConfigError
from afterclose.learning.models import (
    DEFAULT_REGULARISATION,
    KINDS,
    REGULARISATION_GRID,
    choose_regularisation,
    coefficients,
    fit_model,
    has_both_classes,
    make_pipeline,
    margins,
    members_of,
    one_core,
    predict_risks,
    unseen_margins,
)
from afterclose.learning.splits import Split

NAMES = ("a", "b", "c")


def sample(rows: int = 200, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Three correlated features with gaps; the first one matters."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3)) + 2 * random.normal(size=(rows, 1))
    bad = values[:, 0] + random.normal(size=rows) > 0.5
    values[random.random(values.shape) < 0.1] = np.nan
    return values, bad


@pytest.mark.parametrize("regularisation_c", REGULARISATION_GRID)
def test_weights_equal_those_of_a_plain_scikit_learn_pipeline(regularisation_c: float) -> None:
    values, bad = sample()
    plain = plain_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        LogisticRegression(C=regularisation_c, tol=1e-10, max_iter=10_000),
    ).fit(values, bad)
    ours = fit_model(values, bad, regularisation_c=regularisation_c)
    assert ours["classifier"].coef_ == pytest.approx(plain[-1].coef_, rel=1e-5)
    assert predict_risks(ours, values) == pytest.approx(plain.predict_proba(values)[:, 1], abs=1e-6)


def test_a_training_keeps_linear_algebra_on_one_thread_and_lets_go() -> None:
    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info()}

    with threadpool_limits(2):
        with one_core():
            assert threads() == {1}
        assert threads() == {2}


def test_fitted_coefficients_have_ten_significant_digits() -> None:
    classifier = fit_model(*sample())["classifier"]
    for value in [*classifier.coef_[0], *classifier.intercept_]:
        assert re.fullmatch(r"-?\d\.\d{1,9}e[-+]\d+", np.format_float_scientific(value))


def test_probabilities_are_not_balanced_they_average_to_the_share_of_bad_trades() -> None:
    values, bad = sample()
    assert predict_risks(fit_model(values, bad), values).mean() == pytest.approx(bad.mean())


def test_rows_in_another_order_give_the_same_model_to_the_last_digit() -> None:
    values, bad = sample()
    order = np.random.default_rng(0).permutation(len(bad))
    first, second = fit_model(values, bad), fit_model(values[order], bad[order])
    assert coefficients(first, NAMES) == coefficients(second, NAMES)


def test_separable_and_duplicated_data_fit_without_a_warning() -> None:
    values = np.repeat(np.arange(20.0)[:, None], 3, axis=1)
    bad = np.arange(20) >= 10
    risks = predict_risks(fit_model(values, bad, regularisation_c=10.0), values)
    assert risks[0] < 0.01
    assert risks[-1] > 0.99


def test_more_features_than_rows_can_be_fitted() -> None:
    random = np.random.default_rng(0)
    values, bad = random.normal(size=(20, 100)), np.arange(20) % 2 == 0
    assert np.isfinite(predict_risks(fit_model(values, bad), values)).all()


def test_coefficients_are_named_and_per_standard_deviation() -> None:
    values, bad = sample()
    found = coefficients(fit_model(values, bad), NAMES)
    assert list(found) == ["a", "b", "c"]
    scaled = coefficients(fit_model(values * [1000, 1, 1], bad), NAMES)
    assert scaled == pytest.approx(found)


def test_the_regularisation_chosen_has_the_least_log_loss_on_the_test_rows() -> None:
    values, bad = sample(80)
    rows = np.arange(80)
    splits = [Split(rows[:40], rows[40:60], rows[:0]), Split(rows[:60], rows[60:], rows[:0])]
    losses = {}
    for c in REGULARISATION_GRID:
        losses[c] = 0.0
        for train, test, _ in splits:
            plain = plain_pipeline(
                SimpleImputer(strategy="median"),
                StandardScaler(),
                LogisticRegression(C=c, tol=1e-10, max_iter=10_000),
            ).fit(values[train], bad[train])
            risks = plain.predict_proba(values[test])[:, 1]
            losses[c] -= np.log(np.where(bad[test], risks, 1 - risks)).sum()
    assert choose_regularisation(values, bad, splits) == min(losses, key=losses.__getitem__)


def test_pure_noise_gets_the_strongest_regularisation() -> None:
    random = np.random.default_rng(1)
    values, bad = random.normal(size=(120, 12)), random.random(120) < 0.4
    rows = np.arange(120)
    splits = [Split(rows[:60], rows[60:], rows[:0])]
    assert choose_regularisation(values, bad, splits) == min(REGULARISATION_GRID)


def test_splits_without_both_classes_to_train_on_are_left_out() -> None:
    values, bad = sample(40)
    bad[:20] = True
    one_class = Split(np.arange(20), np.arange(20, 40), np.arange(0))
    assert choose_regularisation(values, bad, [one_class]) == DEFAULT_REGULARISATION
    assert choose_regularisation(values, bad, []) == DEFAULT_REGULARISATION


def test_a_feature_wholly_missing_in_a_split_is_no_obstacle() -> None:
    values, bad = sample(40)
    values[:20, 1] = np.nan
    split = Split(np.arange(20), np.arange(20, 40), np.arange(0))
    assert choose_regularisation(values, bad, [split]) in REGULARISATION_GRID


def test_boosted_trees_take_missing_values_as_they_are_and_repeat() -> None:
    values, bad = sample()
    first, second = (fit_model(values, bad, kind="hist_gradient_boosting") for _ in range(2))
    assert np.array_equal(predict_risks(first, values), predict_risks(second, values))
    assert predict_risks(first, np.full((1, 3), np.nan)).shape == (1,)


def test_a_kind_that_nobody_knows_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="ML_MODEL='oracle': unknown; use logistic, "):
        make_pipeline("oracle", seed=42)


def test_without_xgboost_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ConfigError, match=r"not installed; pip install 'afterclose\[xgboost\]'"):
        make_pipeline("xgboost", seed=42)


def test_an_ensemble_is_made_of_a_line_and_trees() -> None:
    assert members_of("ensemble") == ("logistic", "hist_gradient_boosting")
    assert members_of("xgboost") == ("xgboost",)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_a_row_count_like_that_many_copies_of_it(kind: str) -> None:
    values, bad = sample(120)
    copies = np.where(values[:, 1] > 0, 3, 1)
    weighted = fit_model(values, bad, kind=kind, weights=copies.astype(float))
    repeated = fit_model(np.repeat(values, copies, axis=0), np.repeat(bad, copies), kind=kind)
    plain = fit_model(values, bad, kind=kind)
    risks = [predict_risks(pipeline, values) for pipeline in (weighted, repeated, plain)]
    # The imputer and the scaler do not weigh; trees bin by copies and count leaves by rows.
    assert np.abs(risks[0] - risks[1]).mean() < np.abs(risks[2] - risks[1]).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_log_odds_are_those_of_the_risks(kind: str) -> None:
    values, bad = sample()
    pipeline = fit_model(values, bad, kind=kind)
    expected = 1 / (1 + np.exp(-margins(pipeline, values)))
    assert predict_risks(pipeline, values) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("bad", "both"), [([], False), ([True], False), ([False, False], False), ([True, False], True)]
)
def test_both_classes_need_a_member(bad: list[bool], both: bool) -> None:
    assert has_both_classes(np.array(bad, dtype=bool)) is both


def test_a_column_that_only_rows_of_no_weight_know_ends_in_a_model_without_it():
    random = np.random.default_rng(0)
    features, weights = random.normal(size=(60, 2)), np.ones(60)
    bad = features[:, 0] > 0
    features[5:, 1], weights[:5] = np.nan, 0.0
    model = fit_model(features, bad, kind="hist_gradient_boosting", weights=weights)
    without = fit_model(features[:, :1], bad, kind="hist_gradient_boosting", weights=weights)
    known = predict_risks(model, features)
    assert known.tolist() == predict_risks(without, features[:, :1]).tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_models_that_nobody_keeps_say_what_kept_ones_would(weighted: bool) -> None:
    values, bad = sample(400)
    weights = np.linspace(0.5, 1.5, 400)
    splits = [Split(np.arange(at), np.arange(at, at + 100), np.arange(0)) for at in (200, 300)]
    found = unseen_margins(
        values,
        bad,
        splits,
        seed=0,
        regularisation_c=0.1,
        weigh=weights.__getitem__ if weighted else None,
    )
    kept = [
        margins(
            fit_model(
                values[train],
                bad[train],
                seed=0,
                regularisation_c=0.1,
                weights=weights[train] if weighted else None,
            ),
            values[test],
        )
        for train, test, _ in splits
    ]
    np.testing.assert_allclose(found, np.concatenate(kept), rtol=1e-7, atol=1e-9)
