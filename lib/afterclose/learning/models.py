"""The learners: one factory, one fit, and what a fitted pipeline says of trades.

Pipelines are scikit-learn's own; what is added is repeatability, and speed. The logistic
regression is solved by Newton's method (`afterclose.learning.newton`, or where that refuses
scikit-learn's, to 1e-12) and its coefficients are then rounded to ten significant digits,
which removes what thread counts and BLAS kernels leave in the last ones. (At its default
tolerance lbfgs is off by 1e-3 on correlated features, and at 1e-10 still by 1e-4.) Classes
are not re-weighted: a risk score is a probability, and balancing would inflate it.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._base import LinearModel
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import ThreadpoolController

from afterclose.arrays import Floats, Indices, Mask
from afterclose.errors import ConfigError
from afterclose.learning.newton import fit_path, risks_of, rows_of
from afterclose.learning.scaling import gaps_of, medians, scaling_of
from afterclose.learning.splits import Split

Labels = Mask
"""One per row: True for a bad trade."""

REGULARISATION_GRID: Final = (0.01, 0.1, 1.0, 10.0)
"""Regularisations C to choose among; spread features are scaled to one."""

DEFAULT_REGULARISATION: Final = 1.0
"""Where the training part is too small to choose."""

SIGNIFICANT_DIGITS: Final = 10

LARGEST_SINGLE: Final = 1e38
"""To XGBoost: it may set a limit at twice its largest value, and single precision ends at 3e38."""

KINDS: Final = ("logistic", "hist_gradient_boosting", "xgboost")
ENSEMBLE: Final = ("logistic", "hist_gradient_boosting")
"""What votes: one that extrapolates and one that finds corners. Both are always installed."""

Weigh = Callable[[Indices], Floats | None]
"""The weights of a fit on these rows; None weighs them all alike."""


def has_both_classes(bad: Labels) -> bool:
    """Whether there are good and bad trades, so that there is something to tell apart."""
    return bool(bad.any() and not bad.all())


def members_of(kind: str) -> tuple[str, ...]:
    """The kinds of pipeline that vote in a model of this kind; itself for all but an ensemble."""
    return ENSEMBLE if kind == "ensemble" else (kind,)


def make_pipeline(
    kind: str, *, seed: int, regularisation_c: float = DEFAULT_REGULARISATION
) -> Pipeline:
    """An unfitted pipeline whose last step is named ``classifier``; NaN is a missing value.

    Raises ConfigError for a kind that is unknown or not installed.
    """
    if kind == "logistic":
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        classifier = _logistic(regularisation_c, seed)
        return Pipeline(
            [("imputer", imputer), ("scaler", StandardScaler()), ("classifier", classifier)]
        )
    if kind not in KINDS:
        raise ConfigError("ML_MODEL", kind, f"unknown; use {', '.join((*KINDS, 'ensemble'))}")
    return tree_pipeline(kind, "classifier", seed=seed)


def tree_pipeline(kind: str, step: Literal["classifier", "regressor"], *, seed: int) -> Pipeline:
    """Boosted trees, unfitted, as the last ``step`` of a pipeline that is named for it.

    Raises ConfigError for a kind that is not installed.
    """
    classifies = step == "classifier"
    # Small trees and slow steps: a few hundred trades cannot carry more.
    if kind == "hist_gradient_boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        binned = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        trees = binned(
            max_leaf_nodes=8, learning_rate=0.05, early_stopping=False, random_state=seed
        )
        return Pipeline([(step, trees)])
    try:
        from xgboost import XGBClassifier, XGBRegressor
    except ImportError:
        raise ConfigError(
            "ML_MODEL", kind, "XGBoost is not installed; pip install 'afterclose[xgboost]'"
        ) from None
    boosted = (XGBClassifier if classifies else XGBRegressor)(
        max_depth=3, n_estimators=100, learning_rate=0.05, random_state=seed, n_jobs=1
    )
    return Pipeline([("narrow", into_single_precision()), (step, boosted)])


def fit_model(
    features: Floats,
    bad: Labels,
    *,
    kind: str = "logistic",
    seed: int = 42,
    regularisation_c: float | None = None,
    weights: Floats | None = None,
) -> Pipeline:
    """Fit one of `KINDS` on float64[n, k] and bool[n], in which both classes occur.

    ``regularisation_c`` is for the logistic regression; None is `DEFAULT_REGULARISATION`.
    ``weights`` float64[n] are those of the rows; None weighs them all alike.
    """
    c = DEFAULT_REGULARISATION if regularisation_c is None else regularisation_c
    pipeline = make_pipeline(kind, seed=seed, regularisation_c=c)
    if kind == "logistic":
        _fit_logistic(pipeline, features, bad, weights)
        return pipeline
    named = {} if weights is None else {"classifier__sample_weight": weights}
    with one_thread(pipeline):
        fit_quietly(pipeline, binnable(features, weights), bad, **named)
    return pipeline


def binnable(features: Floats, weights: Floats | None) -> Floats:
    """Columns that no row of any weight knows as zeros: scikit-learn's binning raises on them.

    A constant is never split on, so the model is the same as without the column.
    """
    counting = features if weights is None else features[weights > 0]
    unknown = np.isnan(counting).all(axis=0)
    return np.where(unknown, 0.0, features) if unknown.any() else features


def _fit_logistic(
    pipeline: Pipeline, features: Floats, bad: Labels, weights: Floats | None
) -> None:
    imputer, scaler, classifier = pipeline
    # What is learned from the medians alone is the medians; they are found faster outside.
    imputer.fit(medians(features)[None, :])
    known = scaler.fit_transform(imputer.transform(features))
    (coef,) = regularisation_path(
        known.T, bad, (classifier.C,), seed=classifier.random_state, weights=weights
    )
    classifier.classes_ = np.array([False, True])
    classifier.n_features_in_ = known.shape[1]
    classifier.coef_ = round_significant(coef[None, :-1])
    classifier.intercept_ = round_significant(coef[-1:])


def regularisation_path(
    columns: Floats,
    bad: Labels,
    c_grid: Sequence[float],
    *,
    seed: int,
    weights: Floats | None = None,
    start: Floats | None = None,
) -> Floats:
    """Slopes and intercept, float64[len(c_grid), k + 1], at each C.

    ``columns`` float64[k, n] are scaled features without NaN; both classes occur. A search
    begins at ``start`` float64[k + 1]. Newton's method, or where it refuses scikit-learn's solver.
    """
    path = fit_path(rows_of(columns, bad, weights), c_grid, start)
    if path is not None:
        return path
    found = []
    for c in c_grid:
        classifier = _logistic(c, seed)
        fit_quietly(classifier, columns.T, bad, sample_weight=weights)
        found.append(np.append(classifier.coef_[0], classifier.intercept_))
    return np.array(found)


def unseen_margins(
    features: Floats,
    bad: Labels,
    splits: Sequence[Split],
    *,
    seed: int,
    regularisation_c: float,
    weigh: Weigh | None = None,
) -> Floats:
    """The log-odds that logistic regressions of each split give its test rows, one after another.

    Those of `fit_model` but for the tenth digit of its coefficients, in a third of the time:
    nobody keeps these models. Both classes occur in each split's training rows.
    """
    gaps, start, found = gaps_of(features), None, [np.zeros(0)]
    for train, test, _ in splits:
        scaling, known = scaling_of(features[train], gaps)
        (start,) = regularisation_path(
            known,
            bad[train],
            (regularisation_c,),
            seed=seed,
            weights=weigh(train) if weigh else None,
            start=start,
        )
        found.append(start[:-1] @ scaling.columns(features[test]) + start[-1])
    return np.concatenate(found)


def margins(pipeline: Pipeline, features: Floats) -> Floats:
    """What a pipeline says before any curve, float64[n], higher is worse.

    A classifier's log-odds of a bad trade, or a regression's loss in units of risk.
    """
    with one_thread(pipeline):
        if not hasattr(pipeline[-1], "predict_proba"):
            scores: Floats = pipeline.predict(features).astype(np.float64, copy=False)
        elif hasattr(pipeline, "decision_function"):
            scores = pipeline.decision_function(features)
        else:
            scores = pipeline.predict(features, output_margin=True).astype(np.float64)
    return scores


def predict_risks(pipeline: Any, features: Floats) -> Floats:
    """Probability of a bad trade, float64[n], for rows float64[n, k] with NaN for missing."""
    with one_thread(pipeline):
        risks: Floats = pipeline.predict_proba(features)[:, 1].astype(np.float64, copy=False)
    return risks


def coefficients(pipeline: Pipeline, names: Sequence[str]) -> dict[str, float]:
    """Per standard deviation of each feature (linear only): log-odds of a bad trade, or R lost."""
    return dict(zip(names, np.ravel(pipeline[-1].coef_).tolist(), strict=True))


def choose_regularisation(
    features: Floats,
    bad: Labels,
    splits: Sequence[Split],
    *,
    seed: int = 42,
    weigh: Weigh | None = None,
) -> float:
    """The C of `REGULARISATION_GRID` with the least log loss over the splits' test rows.

    The splits lie inside the training part. Those without both classes to train on are left
    out; with none left, `DEFAULT_REGULARISATION`. Of equals the strongest wins.
    """
    losses = dict.fromkeys(REGULARISATION_GRID, 0.0)
    gaps, start = gaps_of(features), None
    for train, test, _ in splits:
        if not has_both_classes(bad[train]):
            continue
        scaling, known = scaling_of(features[train], gaps)
        weights = weigh(train) if weigh else None
        path = regularisation_path(
            known, bad[train], REGULARISATION_GRID, seed=seed, weights=weights, start=start
        )
        start, unseen = path[0], scaling.columns(features[test])
        for regularisation_c, coef in zip(REGULARISATION_GRID, path, strict=True):
            losses[regularisation_c] += log_loss(bad[test], risks_of(unseen, coef))
    if not any(losses.values()):
        return DEFAULT_REGULARISATION
    # Ten digits: below that it is the machine that chooses, not the data.
    return min(REGULARISATION_GRID, key=lambda c: float(f"{losses[c]:.9e}"))


def into_single_precision() -> FunctionTransformer:
    """Keeps what only double precision can hold from becoming an infinity, which is refused."""
    bounds = {"a_min": -LARGEST_SINGLE, "a_max": LARGEST_SINGLE}
    return FunctionTransformer(np.clip, kw_args=bounds)


def _logistic(regularisation_c: float, seed: int) -> LogisticRegression:
    return LogisticRegression(
        C=regularisation_c,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
        random_state=seed,
    )


def one_thread(model: Any) -> AbstractContextManager[Any]:
    """Keeps trees on one thread; a linear model does not use more.

    Trees remember how many threads grew them, which would be in the file and its digest; and
    on a busy machine waking a second thread can take a hundred times as long as scoring.
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    if isinstance(last, LinearModel | LogisticRegression):
        return nullcontext()
    limits: AbstractContextManager[Any] = _thread_pools().limit(limits=1, user_api="openmp")
    return limits


def one_core() -> AbstractContextManager[Any]:
    """Keeps linear algebra and trees on one thread, for a training or an evaluation.

    Its matrices are narrow: two threads take longer to meet than to multiply, on a busy machine
    many times as long. Whoever wants more cores runs whole fits side by side
    (`afterclose.parallel`).
    """
    limits: AbstractContextManager[Any] = _thread_pools().limit(limits=1)
    return limits


@cache
def _thread_pools() -> ThreadpoolController:
    """Finding the thread pools of all loaded libraries takes milliseconds."""
    return ThreadpoolController()


def fit_quietly(estimator: Any, features: Floats, bad: Labels, **parameters: Any) -> None:
    """Fit in place, without the news of a solver that found its answer the slower way."""
    with warnings.catch_warnings():
        # Newton's fallback to lbfgs on a nearly singular matrix is an answer, not news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        estimator.fit(features, bad, **parameters)


def round_significant(values: Floats) -> Floats:
    """The values in ten significant digits: what thread counts and BLAS kernels agree on."""
    rounded = [float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}") for value in values.flat]
    return np.array(rounded).reshape(values.shape)


def log_loss(bad: Labels, risks: Floats) -> float:
    """The sum of the surprises: bounded, so that one certain mistake cannot decide alone."""
    right = np.where(bad, risks, 1 - risks)
    return float(-np.log(np.maximum(right, np.finfo(float).eps)).sum())
