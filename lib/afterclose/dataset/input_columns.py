"""Side and strategy as columns of the dataset, where a model could tell decisions apart by them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from afterclose.arrays import Floats
from afterclose.trades.model_inputs import SIDE, SIDE_VALUES, STRATEGY


def with_input_columns(
    names: tuple[str, ...], features: Floats, sides: Sequence[str], strategies: Sequence[str]
) -> tuple[tuple[str, ...], Floats]:
    """The feature names and matrix float64[n, k], both sides' and several strategies' added.

    Sorted by name. A recorded feature of the same name gives way to what the trade itself says.
    A decision without a strategy is missing (NaN) in the columns of all of them.
    """
    added: dict[str, Floats] = {}
    if len(set(sides)) > 1:
        added[SIDE] = np.array([SIDE_VALUES.get(side, np.nan) for side in sides])
    known = sorted(set(strategies) - {""})
    if len(known) > 1:
        for strategy in known:
            own = [float(one == strategy) if one else np.nan for one in strategies]
            added[f"{STRATEGY}{strategy}"] = np.array(own)
    if not added:
        return names, features
    columns = {name: features[:, column] for column, name in enumerate(names)} | added
    ordered = tuple(sorted(columns))
    return ordered, np.column_stack([columns[name] for name in ordered])


def unlike_strategies(
    names: tuple[str, ...], features: Floats, strategies: Sequence[str]
) -> tuple[str, str] | None:
    """Two strategies that share no feature, None where every two have one in common."""
    has: dict[str, frozenset[str]] = {}
    labels = np.array(strategies, dtype=object)
    own = [name for name in names if name != SIDE and not name.startswith(STRATEGY)]
    at = [names.index(name) for name in own]
    for strategy in sorted(set(strategies) - {""}):
        known = np.isfinite(features[labels == strategy][:, at]).any(axis=0)
        has[strategy] = frozenset(name for name, there in zip(own, known, strict=True) if there)
    apart = (
        (one, other)
        for (one, mine), (other, theirs) in combinations(has.items(), 2)
        if not mine & theirs
    )
    return next(apart, None)
