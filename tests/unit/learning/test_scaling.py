"""Imputing and scaling for fits that nobody keeps is that of the published pipeline."""

import numpy as np
import pytest

from afterclose.learning.models import make_pipeline
from afterclose.learning.scaling import gaps_of, medians, scaling_of


def test_columns_are_those_of_the_imputer_and_scaler_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    values = random.normal(50, 3, size=(301, 6))
    values[random.random(values.shape) < 0.2] = np.nan
    values[:, 1] = random.normal(size=301)  # complete
    values[:, 2] = 7.0  # constant: scaled by 1
    values[:, 3] = 1e6 + 1e-12 * random.normal(size=301)  # constant but for rounding
    values[:200, 4] = np.nan  # never seen in training
    train, test = values[:200], values[200:]
    theirs = make_pipeline("logistic", seed=0)[:-1].fit(train)
    scaling, known = scaling_of(train, gaps_of(values))
    assert known == pytest.approx(theirs.transform(train).T, abs=1e-12)
    assert scaling.columns(test) == pytest.approx(theirs.transform(test).T, abs=1e-12)


def test_medians_are_of_present_values_and_none_is_zero() -> None:
    nan = np.nan
    values = np.array([[1.0, nan, nan], [2.0, 5.0, nan], [10.0, 6.0, nan], [nan, nan, nan]])
    assert medians(values).tolist() == [2.0, 5.5, 0.0]
