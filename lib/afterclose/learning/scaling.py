"""Imputing and scaling as the pipeline does it, on columns, for fits that nobody keeps.

Choosing a regularisation fits a hundred models and throws them away. Scikit-learn's imputer
sorts every column for its median, missing values or none; here only columns with a gap
are asked for one. The published model's own pipeline stays scikit-learn's.
"""

from typing import NamedTuple

import numpy as np

from afterclose.arrays import Floats, Mask


class Scaling(NamedTuple):
    """What replaces a missing value, and the mean and scale of each of k features."""

    imputed: Floats
    mean: Floats
    scale: Floats

    def columns(self, values: Floats) -> Floats:
        """Rows float64[n, k], NaN for missing, as scaled columns float64[k, n]."""
        columns = _filled(values, self.imputed)
        columns -= self.mean[:, None]
        columns /= self.scale[:, None]
        return columns


def gaps_of(values: Floats) -> Mask:
    """Which columns of float64[n, k] miss a value somewhere: bool[k]."""
    return np.atleast_1d(np.isnan(values).any(axis=0))


def scaling_of(values: Floats, gaps: Mask) -> tuple[Scaling, Floats]:
    """The scaling learned from rows float64[n, k], and those rows as scaled columns.

    ``gaps`` bool[k] are the columns that may miss a value, in these rows or in those that
    are scaled later.
    """
    imputed = np.zeros(values.shape[1])
    imputed[gaps] = medians(values[:, gaps])
    columns = _filled(values, imputed)
    mean = columns.mean(axis=1)
    columns -= mean[:, None]
    spread = np.einsum("ij,ij->i", columns, columns) / columns.shape[1]
    scaling = Scaling(imputed, mean, _scale(spread, mean, columns.shape[1]))
    columns /= scaling.scale[:, None]
    return scaling, columns


def medians(values: Floats) -> Floats:
    """The median of the present values of each column; 0 of a column that has none."""
    present = [column[~np.isnan(column)] for column in values.T]
    return np.array([np.median(column) if len(column) else 0.0 for column in present])


def _filled(values: Floats, imputed: Floats) -> Floats:
    columns = np.array(values.T, order="C")
    for column, value in zip(columns, imputed, strict=True):
        column[np.isnan(column)] = value
    return columns


def _scale(variance: Floats, mean: Floats, rows: int) -> Floats:
    """Standard deviations; as StandardScaler has it, 1 where the spread is only rounding."""
    eps = np.finfo(np.float64).eps
    rounding = rows * eps * variance + (rows * mean * eps) ** 2
    return np.where(variance <= rounding, 1.0, np.sqrt(variance))
