"""Which features can be learned from, and what they looked like in training.

A feature that is mostly missing would be learned from its imputation, and one that never
changes has no spread to scale by; both are dropped and named, because a feature that
vanishes silently is a data fault nobody looks for. The statistics travel with the model:
the filter measures distance against them, and drift is compared with the decile edges.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.trades.model_inputs import is_input

if TYPE_CHECKING:
    from afterclose.dataset.columns import Dataset


MIN_COVERAGE: Final = 0.5
"""Share of training rows in which a feature must be present."""

NEEDED_SHARE: Final = 0.25
"""Of a model's weights: a feature with that much decides alone between many trades."""

MAX_MAGNITUDE: Final = 1e100
"""A value beyond is taken as missing: no measurement is that large, and its square, which
scaling needs, would overflow."""

DECILES: Final = np.arange(1, 10) / 10


class FeatureSelection(NamedTuple):
    """The usable features, sorted by name, their columns, and why the others are not."""

    names: tuple[str, ...]
    columns: Indices
    dropped: dict[str, str]


class FeatureStats(msgspec.Struct, frozen=True, kw_only=True):
    """One feature over the training rows where it is present.

    ``coverage`` is that share of the rows, ``std`` the population's (as StandardScaler
    takes it), ``decile_edges`` the nine inner edges, none where nobody asked for them. Without a
    ``needed`` feature the model is not asked at all (`mark_needed`).
    """

    name: str
    coverage: float
    mean: float
    std: float
    min: float
    max: float
    decile_edges: tuple[float, ...]
    needed: bool = False


def select_features(
    dataset: "Dataset", rows: Indices, only: Collection[str] | None = None
) -> FeatureSelection:
    """Choose features by the given rows only: the training rows, never the test rows.

    ``only`` are the names that come into question, None for all.
    """
    wanted = dataset.feature_names if only is None else only
    dropped = {name: "not recorded" for name in wanted if name not in dataset.feature_names}
    columns = []
    for column, name in enumerate(dataset.feature_names):
        if name not in wanted:
            continue
        if fault := _fault(dataset.features[rows, column]):
            dropped[name] = fault
        else:
            columns.append(column)
    names = tuple(dataset.feature_names[column] for column in columns)
    return FeatureSelection(names, np.array(columns, dtype=np.intp), dropped)


def feature_matrix(
    dataset: "Dataset", selection: FeatureSelection, rows: Indices | None = None
) -> Floats:
    """The selected columns of all rows, or of ``rows``: float64[n, k]; NaN is missing."""
    columns = selection.columns
    values = (
        dataset.features[:, columns] if rows is None else dataset.features[np.ix_(rows, columns)]
    )
    values[np.abs(values) > MAX_MAGNITUDE] = np.nan
    return values


def describe_features(
    names: tuple[str, ...], values: Floats, *, deciles: bool = True
) -> list[FeatureStats]:
    """Statistics of ``values`` float64[rows, features], in the order of ``names``.

    Every column must have passed `select_features` over the same rows. ``deciles`` is
    whether their edges are wanted: they cost more than everything else.
    """
    edges = DECILES if deciles else DECILES[:0]
    return [_describe(name, values[:, column], edges) for column, name in enumerate(names)]


def mark_needed(stats: list[FeatureStats], shares: Sequence[float]) -> list[FeatureStats]:
    """``stats`` with the features that a score cannot do without marked as needed.

    ``shares`` are what each weighs in the model, parallel, 1 together. Needed are the heaviest,
    all that weigh `NEEDED_SHARE`, and the side and strategy: an imputed value in their place
    would be the score of another trade. Of a model that weighs nothing nothing is needed.
    """
    heaviest = max(shares, default=0.0)
    return [
        msgspec.structs.replace(feature, needed=True)
        if share > 0 and (share >= min(heaviest, NEEDED_SHARE) or is_input(feature.name))
        else feature
        for feature, share in zip(stats, shares, strict=True)
    ]


def _fault(values: Floats) -> str:
    """Why a column cannot be learned from; empty when it can."""
    present = values[np.abs(values) <= MAX_MAGNITUDE]
    if len(present) < max(1, MIN_COVERAGE * len(values)):
        return f"present in {len(present)} of {len(values)} rows, under {MIN_COVERAGE:.0%}"
    # A spread that rounding alone could make is no spread: StandardScaler draws a like line.
    if float(np.std(present)) <= 1e-14 * float(np.abs(present).max()):
        return "constant"
    return ""


def _describe(name: str, values: Floats, edges: Floats) -> FeatureStats:
    present = values[~np.isnan(values)]
    return FeatureStats(
        name=name,
        coverage=len(present) / len(values),
        mean=float(np.mean(present)),
        std=float(np.std(present)),
        min=float(present.min()),
        max=float(present.max()),
        decile_edges=tuple(np.quantile(present, edges).tolist()) if len(edges) else (),
    )
