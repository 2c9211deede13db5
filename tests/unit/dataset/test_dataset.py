"""The dataset in columns."""

import math

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset, microseconds
from afterclose.records import TradeDataRow

HOUR_US = 3_600_000_000


def row(trade_id="A", decision="2024-01-02T10:00:00-05:00", features=None, **overrides):
    values = {
        "trade_id": trade_id,
        "symbol": "AAPL",
        "side": "long",
        "decision_timestamp": decision,
        "exit_timestamp": "2024-02-01T00:00:00+00:00",
        "rule_confidence": None,
        "rule_features": {"rsi": 50.0} if features is None else features,
        "position_size": 10.0,
        "entry_price": 100.0,
        "exit_price": 110.0,
        "fees": 5.0,
        "holding_days": 1.0,
        "realized_pnl_pct": 0.095,
        "mae_pct": -0.01,
        "mfe_pct": 0.1,
        "exit_type": None,
        "source": "paper",
    }
    return TradeDataRow(**(values | overrides))


def columns_of(*rows):
    return Dataset.from_rows(rows, "v", "s")


def test_rows_are_sorted_by_moment_and_then_by_id_whatever_their_zones():
    data = columns_of(
        row("D", "2024-01-02T16:00:00+00:00"),
        row("C", "2024-01-02T10:00:00-05:00"),
        row("B", "2024-01-02T20:30:00+05:30"),  # the same moment as C
        row("A", "2024-01-02T14:59:59+00:00"),
    )
    assert data.trade_id == ["A", "B", "C", "D"]
    assert data.decision_us.tolist() == sorted(data.decision_us.tolist())
    assert data.decision_us[3] - data.decision_us[1] == HOUR_US


def test_microseconds_count_from_1970_in_utc():
    assert microseconds("1970-01-01T01:00:00.000001+00:00") == HOUR_US + 1
    assert microseconds("1969-12-31T19:00:00-05:00") == 0


def test_every_column_holds_its_field_and_unknown_is_nan():
    data = columns_of(row(mae_pct=None, mfe_pct=None, side="short", source="shadow"))
    assert (data.side, data.source, data.symbol) == (["short"], ["shadow"], ["AAPL"])
    assert data.realized_pnl_pct.tolist() == [0.095]
    assert data.fees_pct.tolist() == [0.005]
    assert data.exit_us.tolist() == [microseconds("2024-02-01T00:00:00+00:00")]
    assert math.isnan(data.mae_pct[0])
    assert math.isnan(data.mfe_pct[0])
    assert (data.decision_us.dtype, data.mae_pct.dtype) == (np.int64, np.float64)


def test_features_are_columns_sorted_by_name_and_a_missing_one_is_nan_never_0():
    data = columns_of(
        row("A", features={"rsi": 50.0, "atr": 2.0}),
        row("B", features={"atr": None, "zeta": 7.0}),
    )
    assert data.feature_names == ("atr", "rsi", "zeta")
    np.testing.assert_array_equal(data.features, [[2.0, 50.0, np.nan], [np.nan, np.nan, 7.0]])


def test_the_order_of_names_in_a_row_does_not_matter():
    data = columns_of(
        row("A", features={"a": 1.0, "b": 2.0}), row("B", features={"b": 4.0, "a": 3.0})
    )
    np.testing.assert_array_equal(data.features, [[1.0, 2.0], [3.0, 4.0]])


def test_taking_rows_keeps_the_columns_and_the_version():
    data = columns_of(
        *(row(name, features={"x": float(number)}) for number, name in enumerate("ABC"))
    )
    some = data.take([2, 0])
    assert len(some) == 2
    assert some.trade_id == ["C", "A"]
    assert some.features.tolist() == [[2.0], [0.0]]
    assert (some.version, some.sha256, some.feature_names) == ("v", "s", ("x",))
    assert len(data.take([])) == 0


def test_an_empty_dataset_has_no_rows_and_no_features():
    data = columns_of()
    assert len(data) == 0
    assert data.features.shape == (0, 0)
    assert data.decision_us.dtype == np.int64


def test_columns_cannot_be_replaced():
    with pytest.raises(AttributeError):
        columns_of(row()).version = "other"
