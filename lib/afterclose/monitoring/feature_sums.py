"""Sums of features a week, added in the order of the decisions.

It does not matter in how many nights they came: the same values give the same bits.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import numpy as np

from afterclose.arrays import Floats
from afterclose.monitoring.weeks import Moments, Week


class FeatureSums:
    """Rows of the features ``names``, by week, until `flush` adds them to the weeks.

    One by one a log of ten years would take seconds.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._pick: Callable[[Mapping[str, Any]], Any] | None = (
            itemgetter(*names) if len(names) > 1 else None
        )
        self._rows: dict[date, list[Sequence[Any]]] = {}

    def add(self, monday: date, features: Mapping[str, Any]) -> None:
        """Keep one decision's features; what is missing or no number is not counted."""
        rows = self._rows.setdefault(monday, [])
        try:
            rows.append(self._pick(features) if self._pick else self._picked(features))
        except KeyError:
            rows.append(self._picked(features))

    def flush(self, weeks: Mapping[date, Week]) -> None:
        """Add all rows to their weeks."""
        for monday, rows in self._rows.items():
            week = weeks[monday]
            week.decisions += len(rows)
            if self._names:
                week.features = _added(week.features, _values(rows))
        self._rows.clear()

    def _picked(self, features: Mapping[str, Any]) -> list[Any]:
        return [features.get(name) for name in self._names]


def _values(rows: list[Sequence[Any]]) -> Floats:
    """Rows as numbers, NaN for what is none or not finite."""
    try:
        values = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        clean = [[v if isinstance(v, float) else None for v in row] for row in rows]
        values = np.array(clean, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _added(before: list[Moments], values: Floats) -> list[Moments]:
    known = np.isfinite(values)
    plain = np.where(known, values, 0.0)
    totals = np.add.accumulate([[m.total for m in before], *plain], axis=0)[-1]
    squares = np.add.accumulate([[m.squares for m in before], *plain**2], axis=0)[-1]
    numbers = [m.number for m in before] + known.sum(axis=0)
    return [
        Moments(number, total, square)
        for number, total, square in zip(
            numbers.tolist(), totals.tolist(), squares.tolist(), strict=True
        )
    ]
