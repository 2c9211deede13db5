"""Only features that carry information are learned from, and the others are named."""

import numpy as np
import pytest

from afterclose.learning.features import (
    FeatureStats,
    describe_features,
    feature_matrix,
    select_features,
)
from training_builders import dataset_of

NAN = float("nan")


def test_features_are_chosen_in_the_order_of_their_names() -> None:
    selection = select_features(dataset_of({"b": [1, 2, 3, 4], "a": [4, 3, 2, 1]}), np.arange(4))
    assert selection.names == ("a", "b")
    assert selection.columns.tolist() == [0, 1]
    assert selection.dropped == {}


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ([7, 7, 7, 7], "constant"),
        ([7, NAN, 7, 7], "constant"),
        ([1e9, 1e9 * (1 + 2e-16), 1e9, 1e9], "constant"),
        ([1e-200, 3e-200, 2e-200, 1e-200], "constant"),
        ([1, NAN, NAN, NAN], "present in 1 of 4 rows, under 50%"),
        ([NAN, NAN, NAN, NAN], "present in 0 of 4 rows, under 50%"),
        ([1e300, -1e300, 1e300, 2], "present in 1 of 4 rows, under 50%"),
    ],
)
def test_a_feature_that_cannot_be_learned_from_is_dropped_and_named(
    column: list[float], fault: str
) -> None:
    selection = select_features(dataset_of({"bad": column, "good": [1, 2, 3, 4]}), np.arange(4))
    assert selection.names == ("good",)
    assert selection.columns.tolist() == [1]
    assert selection.dropped == {"bad": fault}


def test_half_coverage_is_enough() -> None:
    assert select_features(dataset_of({"a": [1, 2, NAN, NAN]}), np.arange(4)).names == ("a",)


def test_only_the_given_rows_decide() -> None:
    dataset = dataset_of({"a": [1, 2, NAN, NAN, NAN, NAN], "b": [5, 5, 5, 5, 1, 2]})
    selection = select_features(dataset, np.arange(4))
    assert selection.names == ("a",)
    assert selection.dropped == {"b": "constant"}


def test_no_rows_leave_no_feature() -> None:
    assert select_features(dataset_of({"a": [1, 2]}), np.arange(0)).names == ()


def test_the_matrix_has_the_selected_columns_and_absurd_values_are_missing() -> None:
    dataset = dataset_of({"a": [1, 2, 1e101, 4], "b": [5, 5, 5, 5], "c": [1, NAN, 3, 4]})
    matrix = feature_matrix(dataset, select_features(dataset, np.arange(4)))
    assert np.array_equal(matrix, [[1, 1], [2, NAN], [NAN, 3], [4, 4]], equal_nan=True)
    assert dataset.features[2, 0] == 1e101


def test_statistics_are_over_the_present_values() -> None:
    values = np.array([[1.0], [2.0], [3.0], [4.0], [NAN]])
    assert describe_features(("a",), values) == [
        FeatureStats(
            name="a",
            coverage=0.8,
            mean=2.5,
            std=pytest.approx(1.25**0.5),
            min=1.0,
            max=4.0,
            decile_edges=tuple(
                pytest.approx(edge) for edge in (1.3, 1.6, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4, 3.7)
            ),
        )
    ]
