"""Features of whole columns of bars, and of the last of a bot's own bars: by the same code.

A bot that calls `features_of` on its bars gets, to the last bit, what the importer writes for a
decision at that close, provided that it has `LOOKBACK_BARS` of them, or all that there are.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from afterclose.arrays import Floats
from afterclose.errors import InputError
from afterclose.features.catalogue import CATALOGUE, DEFAULT, LOOKBACK_BARS, Columns
from afterclose.records import Bar, Features


def features_of(bars: Sequence[Bar], names: Iterable[str] = DEFAULT) -> Features:
    """The features at the close of the last of ``bars``, which are of one symbol, oldest first.

    None where there are too few bars, or the formula has no value. Bars before the last
    `LOOKBACK_BARS` are not looked at. Raises InputError for no bars, bars of several symbols,
    or a name that is not in the catalogue.
    """
    if not bars or len({bar.symbol for bar in bars}) > 1:
        raise InputError("features are of the bars of one symbol, oldest first, one at least")
    fields = Columns._fields
    recent = bars[-LOOKBACK_BARS:]
    columns = Columns(*(np.array([getattr(bar, name) for bar in recent]) for name in fields))
    last = {name: float(values[-1]) for name, values in feature_columns(columns, names).items()}
    return {name: value if math.isfinite(value) else None for name, value in last.items()}


def feature_columns(bars: Columns, names: Iterable[str] = DEFAULT) -> dict[str, Floats]:
    """The features of every bar, float64[n] by name; NaN where there is none.

    Raises InputError for a name that is not in the catalogue.
    """
    columns = Columns(*(np.asarray(column, dtype=np.float64) for column in bars))
    return {name: _feature(name)(columns) for name in names}


def _feature(name: str) -> Callable[[Columns], Floats]:
    if name not in CATALOGUE:
        raise InputError(f"there is no feature {name!r}; known are {', '.join(sorted(CATALOGUE))}")
    return CATALOGUE[name].compute
