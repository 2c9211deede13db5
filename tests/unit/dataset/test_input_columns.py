"""Side and strategy as columns of a dataset."""

import numpy as np

from afterclose.dataset.input_columns import unlike_strategies, with_input_columns

NAMES, VALUES = ("atr_pct", "rsi_14"), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_one_side_and_one_strategy_add_nothing() -> None:
    names, values = with_input_columns(NAMES, VALUES, ["long"] * 3, ["dip", "", "dip"])
    assert names == NAMES
    assert values is VALUES


def test_both_sides_are_a_column_in_its_place_by_name() -> None:
    names, values = with_input_columns(NAMES, VALUES, ["long", "short", "long"], [""] * 3)
    assert names == ("atr_pct", "rsi_14", "side")
    assert values.tolist() == [[1, 2, 1], [3, 4, -1], [5, 6, 1]]


def test_each_of_several_strategies_is_a_column_and_none_is_missing_in_all() -> None:
    names, values = with_input_columns(NAMES, VALUES, ["long"] * 3, ["dip", "break", ""])
    assert names == ("atr_pct", "rsi_14", "strategy=break", "strategy=dip")
    assert values[:2, 2:].tolist() == [[0, 1], [1, 0]]
    assert np.isnan(values[2, 2:]).all()


def test_a_recorded_feature_called_side_gives_way_to_the_trades_own() -> None:
    names, values = with_input_columns(("side",), np.zeros((2, 1)), ["long", "short"], ["", ""])
    assert (names, values.tolist()) == (("side",), [[1.0], [-1.0]])


def test_strategies_without_a_common_feature_are_named() -> None:
    apart = np.array([[1.0, np.nan], [np.nan, 4.0], [5.0, np.nan]])
    assert unlike_strategies(NAMES, apart, ["a", "b", "a"]) == ("a", "b")
    assert unlike_strategies(NAMES, VALUES, ["a", "b", "a"]) is None
    assert unlike_strategies(NAMES, apart, ["", "", ""]) is None
