"""Shape of the indicators: where they are missing, and that symbols do not mix."""

import numpy as np
import pandas as pd

from afterclose.history.indicators import FEATURES, add_indicators


def bars(symbol, sessions, level=100.0, volume=1000.0):
    close = level * np.linspace(1, 2, sessions)
    return pd.DataFrame(
        {
            "symbol": symbol,
            "date": pd.date_range("2020-01-01", periods=sessions),
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": volume,
        }
    )


def test_every_feature_of_the_design_is_there():
    assert set(FEATURES) <= set(add_indicators(bars("A", 3)).columns)


def test_each_indicator_starts_with_its_first_full_window():
    chart = add_indicators(bars("A", 210))
    first = {name: int(chart[name].notna().argmax()) for name in (*FEATURES, "breakout_level")}
    assert first == {
        "ret_5": 5,
        "atr_pct": 13,
        "rsi_14": 14,
        "dist_20sma": 19,
        "vol_ratio": 19,
        "ret_20": 20,
        "volatility_20": 20,
        "breakout_level": 20,
        "dist_200sma": 199,
    }


def test_a_symbol_beside_another_changes_nothing():
    alone = add_indicators(bars("B", 230))
    both = add_indicators(pd.concat([bars("A", 40, level=9e5), bars("B", 230)], ignore_index=True))
    beside = both[both["symbol"] == "B"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, beside, check_exact=True)


def test_a_volume_of_zero_gives_no_volume_ratio():
    chart = add_indicators(bars("A", 30, volume=0.0))
    assert chart["vol_ratio"].isna().all()


def test_the_bars_are_not_changed():
    frame = bars("A", 30)
    copy = frame.copy()
    add_indicators(frame)
    pd.testing.assert_frame_equal(frame, copy)
