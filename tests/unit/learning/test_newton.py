"""The fast fits find scikit-learn's minimum, and say so when they do not."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from afterclose.learning.models import REGULARISATION_GRID, regularisation_path
from afterclose.learning.newton import CHUNK_ROWS, fit_path, risks_of, rows_of


def sample(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four correlated features as columns, and labels that two of them explain a little."""
    random = np.random.default_rng(seed)
    columns = random.normal(size=(4, rows)) + random.normal(size=rows)
    return columns, columns[0] - columns[2] + random.normal(size=rows) > 0.5


def by_scikit_learn(
    columns: np.ndarray, bad: np.ndarray, c: float, weights: np.ndarray | None = None
) -> np.ndarray:
    solver = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=500)
    solver.fit(columns.T, bad, sample_weight=weights)
    return np.append(solver.coef_[0], solver.intercept_)


@pytest.mark.parametrize("rows", [25, 400, CHUNK_ROWS + 1])
def test_lines_are_those_of_scikit_learn_in_ten_digits(rows: int) -> None:
    columns, bad = sample(rows)
    path = fit_path(rows_of(columns, bad), REGULARISATION_GRID)
    for c, coef in zip(REGULARISATION_GRID, path, strict=True):
        expected = by_scikit_learn(columns, bad, c)
        assert coef == pytest.approx(expected, rel=1e-10, abs=1e-11)


def test_weights_count_as_in_scikit_learn() -> None:
    columns, bad = sample(300)
    weights = np.random.default_rng(1).uniform(0.1, 4, 300)
    (coef,) = fit_path(rows_of(columns, bad, weights), (1.0,))
    assert coef == pytest.approx(by_scikit_learn(columns, bad, 1.0, weights), rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("start", [np.zeros(5), np.full(5, 0.3), np.array([-2, 2, 2, -2, 1.0])])
def test_where_a_search_begins_does_not_change_its_end(start: np.ndarray) -> None:
    rows = rows_of(*sample(500))
    path = fit_path(rows, REGULARISATION_GRID)
    assert fit_path(rows, REGULARISATION_GRID, start) == pytest.approx(path, rel=1e-10, abs=1e-11)


def test_classes_that_a_line_parts_have_a_minimum_as_long_as_slopes_cost_something() -> None:
    columns = np.arange(20.0)[None, :] - 9.5
    bad = np.arange(20) >= 10
    (coef,) = fit_path(rows_of(columns, bad), (10.0,))
    assert coef == pytest.approx(by_scikit_learn(columns, bad, 10.0), rel=1e-9, abs=1e-9)
    assert fit_path(rows_of(columns, bad), (1e300,)) is None


def test_features_that_repeat_each_other_without_a_penalty_are_left_to_scikit_learn() -> None:
    columns, bad = sample(200)
    twice = np.concatenate([columns, columns])
    assert fit_path(rows_of(twice, bad), (1e14,)) is None
    (coef,) = regularisation_path(twice, bad, (1e14,), seed=0)
    once = by_scikit_learn(columns, bad, 1e14)
    assert coef[:4] + coef[4:8] == pytest.approx(once[:4], rel=1e-4)


def test_risks_are_the_logistic_function_and_never_overflow() -> None:
    coef = np.array([1000.0, 0.0])
    columns = np.array([[-1.0, 0.0, np.log(3) / 1000, 1.0]])
    assert risks_of(columns, coef).tolist() == pytest.approx([0.0, 0.5, 0.75, 1.0])
