"""The learners of `ML_TARGET=r`, and the one that learns nothing: what they say is a size.

A regression predicts the loss in units of risk, so that higher is worse, as it is for the
log-odds of the classifiers in `afterclose.learning.models`; scorecards, scorers and charts then
need not know which of the two they hold. `ML_MODEL=volatility` says a trade's `atr_pct` itself:
the baseline that any model has to beat, in the clothes of one.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from afterclose.arrays import Floats
from afterclose.errors import ConfigError
from afterclose.learning.models import (
    KINDS,
    Weigh,
    binnable,
    one_thread,
    round_significant,
    tree_pipeline,
)
from afterclose.learning.ridge import ridge_path
from afterclose.learning.scaling import gaps_of, medians, scaling_of
from afterclose.learning.splits import Split

ALPHAS: Final = (10_000.0, 1_000.0, 100.0, 10.0, 1.0)
"""Strengths to choose among, the strongest first; spread features are scaled to one, so a
feature with n trades behind it keeps n / (n + alpha) of its slope."""

DEFAULT_ALPHA: Final = 100.0
"""Where the training part is too small to choose."""


def make_regressor(kind: str, *, seed: int, alpha: float = DEFAULT_ALPHA) -> Pipeline:
    """An unfitted pipeline whose last step is named ``regressor``; NaN is a missing value.

    ``kind`` logistic is the linear one, by ridge regression. Raises ConfigError for a kind
    that is unknown or not installed.
    """
    if kind in ("logistic", "volatility"):
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        linear: Any = Ridge(alpha=alpha) if kind == "logistic" else LinearRegression()
        return Pipeline([("imputer", imputer), ("scaler", StandardScaler()), ("regressor", linear)])
    if kind not in KINDS:
        raise ConfigError("ML_MODEL", kind, "unknown as a regression")
    return tree_pipeline(kind, "regressor", seed=seed)


def fit_regressor(
    features: Floats,
    loss_r: Floats | None,
    *,
    kind: str,
    seed: int,
    alpha: float | None = None,
    weights: Floats | None = None,
) -> Pipeline:
    """Fit on float64[n, k] and losses in units of risk float64[n]; volatility needs none.

    ``alpha`` is for the ridge regression; None is `DEFAULT_ALPHA`. ``weights`` float64[n] are
    those of the rows; None weighs them all alike.
    """
    pipeline = make_regressor(kind, seed=seed, alpha=DEFAULT_ALPHA if alpha is None else alpha)
    if kind in ("logistic", "volatility"):
        _fit_linear(pipeline, features, loss_r, weights)
        return pipeline
    named = {} if weights is None else {"regressor__sample_weight": weights}
    with one_thread(pipeline):
        pipeline.fit(binnable(features, weights), loss_r, **named)
    return pipeline


def _fit_linear(
    pipeline: Pipeline, features: Floats, loss_r: Floats | None, weights: Floats | None
) -> None:
    imputer, scaler, regressor = pipeline
    imputer.fit(medians(features)[None, :])
    known = scaler.fit_transform(imputer.transform(features))
    regressor.n_features_in_ = known.shape[1]
    if loss_r is None:  # the value as it is: the scaling undone
        regressor.coef_, regressor.intercept_ = scaler.scale_.copy(), float(scaler.mean_[0])
        return
    (coef,) = ridge_path(known.T, loss_r, (regressor.alpha,), weights)
    coef = round_significant(coef)
    regressor.coef_, regressor.intercept_ = coef[:-1], float(coef[-1])


def choose_alpha(
    features: Floats, loss_r: Floats, splits: Sequence[Split], weigh: Weigh | None = None
) -> float:
    """The alpha of `ALPHAS` with the least squared error over the splits' test rows.

    The splits lie inside the training part. Of equals (ten digits) the strongest;
    `DEFAULT_ALPHA` without a split.
    """
    if not splits:
        return DEFAULT_ALPHA
    errors = np.zeros(len(ALPHAS))
    gaps = gaps_of(features)
    for train, test, _ in splits:
        scaling, known = scaling_of(features[train], gaps)
        path = ridge_path(known, loss_r[train], ALPHAS, weigh(train) if weigh else None)
        predicted = path[:, :-1] @ scaling.columns(features[test]) + path[:, -1:]
        errors += ((predicted - loss_r[test]) ** 2).sum(axis=1)
    return ALPHAS[int(np.argmin(round_significant(errors)))]
