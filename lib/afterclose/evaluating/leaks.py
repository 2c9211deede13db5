"""Do the features know the outcome? Each alone, and all of them together, out of sample.

A column that is only known after the exit makes a model that nothing can equal and nobody can
trade. One such column sorts the outcomes by itself; two can look harmless alone and be the
PnL together (what a trade cost, and what it brought). So a plain regression is fitted on all
features and four fifths of the trades, every fifth one left out, and asked about those: their
loss, their excursion, the rank of their PnL. Left out here and there and not as one stretch,
since an amount that grows with the account would else be asked where it never was; nobody
trades on this, so the future may help. Features that can be known before a trade do not come
near the bounds on any market (docs/design.md, section 16).
"""

from typing import Final

import msgspec
import numpy as np

from afterclose.arrays import Floats, Mask
from afterclose.dataset.columns import Dataset
from afterclose.measures.classification import LEAK_MIN_CLASS, Leak, auc, find_leaks

ALONE_CORRELATION: Final = 0.95
"""Of ranks: one feature that goes so far with the excursion or the PnL is one of them."""

TOGETHER_AUC: Final = 0.93
TOGETHER_CORRELATION: Final = 0.9

FOLDS: Final = 5
MIN_ROWS: Final = 50
"""Fewer say nothing of what a dozen features know together."""

RIDGE_SHARE: Final = 1e-8
"""Of the rows, added to the diagonal: enough for columns that are sums of others. More would
hide what two columns know by their small difference, which is how a price leaks."""

MAX_ROWS: Final = 20_000
"""Rows looked at, evenly spaced: what knows the outcome shows in far fewer."""

MAX_Z: Final = 1e3
"""Beyond, a value counts as this far: one absurd number must not carry the fit."""

ALL: Final = "all together"


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What all features together know of outcomes they were not fitted on.

    ``loss_auc`` is the AUC for a net loss, the others are rank correlations. None where the
    outcome is unknown or never changes.
    """

    rows: int
    loss_auc: float | None
    mae_correlation: float | None
    pnl_correlation: float | None


def leaks_of(dataset: Dataset, bad: Mask) -> tuple[list[Leak], Knowledge | None]:
    """All leaks, those of single features first, and what the features know together.

    The latter is None below `MIN_ROWS` trades, or without features.
    """
    found = find_leaks(bad, dataset.features, dataset.feature_names)
    named = {leak.feature for leak in found}
    if len(dataset) > MAX_ROWS:
        dataset = dataset.take(np.linspace(0, len(dataset) - 1, MAX_ROWS).astype(np.intp))
    alone = [leak for leak in _alone(dataset) if leak.feature not in named]
    known = knowledge(dataset)
    if found or alone or known is None:  # together they know what one of them knows
        return [*found, *alone], known
    return _together(known), known


def knowledge(dataset: Dataset) -> Knowledge | None:
    """What all features of ``dataset`` know together; None for too little to say."""
    if len(dataset) < MIN_ROWS or not dataset.feature_names:
        return None
    columns = _columns(dataset.features)
    pnl, mae = dataset.realized_pnl_pct, dataset.mae_pct
    lost = pnl < 0
    return Knowledge(
        rows=len(dataset),
        loss_auc=_auc(lost, _out_of_sample(columns, lost.astype(np.float64))),
        mae_correlation=_guessed(columns, mae),
        pnl_correlation=_guessed(columns, pnl),
    )


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's, over the rows where both are known; None where one never changes."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < LEAK_MIN_CLASS:
        return None
    x, y = _ranks(first[known]), _ranks(second[known])
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _alone(dataset: Dataset) -> list[Leak]:
    found = []
    for column, name in enumerate(dataset.feature_names):
        values = dataset.features[:, column]
        if np.isfinite(values).sum() < MIN_ROWS:
            continue
        for target, outcome in (("mae", dataset.mae_pct), ("pnl", dataset.realized_pnl_pct)):
            value = rank_correlation(values, outcome)
            if value is not None and abs(value) > ALONE_CORRELATION:
                found.append(Leak(feature=name, target=target, correlation=value))
                break
    return found


def _together(known: Knowledge) -> list[Leak]:
    found = []
    if known.loss_auc is not None and known.loss_auc > TOGETHER_AUC:
        found.append(Leak(feature=ALL, target="loss", auc=known.loss_auc))
    for target, value in (("mae", known.mae_correlation), ("pnl", known.pnl_correlation)):
        if value is not None and value > TOGETHER_CORRELATION:
            found.append(Leak(feature=ALL, target=target, correlation=value))
    return found


def _columns(features: Floats) -> Floats:
    """The features, their squares and their logarithms, standardised; what is missing is 0.

    Prices and amounts leak as ratios, and a ratio is a difference of logarithms.
    """
    finite = np.where(np.isfinite(features), features, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        logs = np.sign(finite) * np.log1p(np.abs(finite) * 1e6)
        straight = np.concatenate([_standard(finite), _standard(logs)], axis=1)
    return np.concatenate([straight, straight**2], axis=1)


def _standard(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    around = np.where(known, values - mean, 0.0)
    spread = np.sqrt((around**2).sum(axis=0) / count)
    scaled = around / np.where(spread > 0, spread, 1.0)
    return np.clip(np.nan_to_num(scaled), -MAX_Z, MAX_Z)


def _guessed(columns: Floats, outcome: Floats) -> float | None:
    """The rank correlation of ``outcome`` and what is guessed of its rank."""
    known = np.isfinite(outcome)
    if known.sum() < MIN_ROWS:
        return None
    ranks = _ranks(outcome[known])
    return rank_correlation(_out_of_sample(columns[known], ranks), ranks)


def _out_of_sample(columns: Floats, target: Floats) -> Floats:
    """For every fifth row, what a ridge regression on the others says of it."""
    rows, width = columns.shape
    fold = np.arange(rows) % FOLDS
    said = np.empty(rows)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        level, centre = float(target[train].mean()), columns[train].mean(axis=0)
        x = columns[train] - centre
        gram = x.T @ x + RIDGE_SHARE * len(x) * np.eye(width)
        weights = np.linalg.solve(gram, x.T @ (target[train] - level))
        said[test] = (columns[test] - centre) @ weights + level
    return said


def _auc(lost: Mask, score: Floats) -> float | None:
    if min(int(lost.sum()), int((~lost).sum())) < LEAK_MIN_CLASS:
        return None
    return auc(lost, score)


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, ties sharing their mean."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(size) - (size + 1) / 2)[group]
    return ranks
