"""What a model's score rests on: it sorts worse without the feature that matters."""

import numpy as np
import pytest

from afterclose.evaluating.importance import MAX_ROWS, permutation_importance

NAN = float("nan")


def risks_of_first(values: np.ndarray) -> np.ndarray:
    """A model that looks at its first column alone; higher is riskier, missing is 0.5."""
    return np.nan_to_num(values[:, 0], nan=0.5)


def table(rows: int = 200) -> np.ndarray:
    return np.random.default_rng(0).random((rows, 2))


def test_the_used_feature_comes_first_with_its_direction_and_the_other_is_worth_nothing() -> None:
    values = table()
    bad = values[:, 0] > 0.5
    used, unused = permutation_importance(["a", "b"], values, bad, risks_of_first, seed=1)
    assert (used.feature, unused.feature) == ("a", "b")
    assert used.auc_drop == pytest.approx(0.5, abs=0.1)  # from perfect to a coin
    assert used.direction == pytest.approx(1)
    assert unused.auc_drop == 0


def test_a_score_that_falls_with_a_feature_has_direction_minus_one() -> None:
    values = table()
    bad = values[:, 0] < 0.5
    (first, _) = permutation_importance(
        ["a", "b"], values, bad, lambda rows: 1 - rows[:, 0], seed=1
    )
    assert first.direction == pytest.approx(-1)


def test_the_same_seed_gives_the_same_figures_and_nothing_is_changed() -> None:
    values = table()
    before, bad = values.copy(), values[:, 0] > 0.3
    first, second = (
        permutation_importance(["a", "b"], values, bad, risks_of_first, seed=3) for _ in range(2)
    )
    assert first == second
    assert np.array_equal(values, before)


@pytest.mark.parametrize("bad", [np.zeros(20, dtype=bool), np.ones(20, dtype=bool)])
def test_one_class_says_nothing(bad: np.ndarray) -> None:
    assert permutation_importance(["a", "b"], table(20), bad, risks_of_first, seed=0) == []


def test_no_rows_say_nothing() -> None:
    nothing = np.zeros((0, 2))
    bad = np.zeros(0, dtype=bool)
    assert permutation_importance(["a", "b"], nothing, bad, risks_of_first, seed=0) == []


def test_missing_and_constant_values_are_no_obstacle() -> None:
    values = table()
    values[::3, 0] = NAN
    values[:, 1] = 7
    bad = np.nan_to_num(values[:, 0], nan=0.5) > 0.5
    first, second = permutation_importance(["a", "b"], values, bad, risks_of_first, seed=0)
    assert first.direction == pytest.approx(1)
    assert second.direction is None


def test_many_rows_are_thinned() -> None:
    seen = []

    def risks(values: np.ndarray) -> np.ndarray:
        seen.append(len(values))
        return values[:, 0]

    values = table(3 * MAX_ROWS)
    permutation_importance(["a", "b"], values, values[:, 0] > 0.5, risks, seed=0)
    assert set(seen) == {MAX_ROWS}
