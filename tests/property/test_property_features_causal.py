"""No later bar reaches an earlier feature or signal: changed at will, they stay to the bit."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import given, settings

from afterclose.history.indicators import FEATURES, add_indicators
from afterclose.study.strategy import find_signals

SESSIONS = 260


def random_bars(seed: int) -> pd.DataFrame:
    """Two symbols of 260 bars in an up-trend, so that breakouts happen."""
    random = np.random.default_rng(seed)
    frames = []
    for symbol in ("AAA", "BBB"):
        close = 50 * np.exp(np.cumsum(random.normal(0.005, 0.02, SESSIONS)))
        spread = close * random.uniform(0.001, 0.03, SESSIONS)
        closes_at = pd.date_range("2020-01-01T21:00", periods=SESSIONS, freq="D", tz="UTC")
        frames.append(
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "date": closes_at.tz_localize(None).normalize(),
                    "closes_at": closes_at,
                    "open": close - spread / 3,
                    "high": close + spread,
                    "low": close - spread,
                    "close": close,
                    "volume": random.uniform(1e5, 1e6, SESSIONS),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def change_after(bars: pd.DataFrame, decision: int, seed: int) -> pd.DataFrame:
    """Every bar later than session number ``decision`` replaced by another price path."""
    later = bars["closes_at"] > bars["closes_at"].iloc[decision]
    other = random_bars(seed)
    columns = ["open", "high", "low", "close", "volume"]
    return bars.mask(later, bars.assign(**(other[columns] * 7.3).to_dict("series")))


@settings(max_examples=25, deadline=None)
@given(decision=st.integers(0, SESSIONS - 2), seed=st.integers(0, 10_000))
def test_bars_after_the_decision_change_no_feature_and_no_earlier_signal(decision, seed):
    before = random_bars(seed)
    after = change_after(before, decision, seed + 1)
    now = before["closes_at"].iloc[decision]

    known = (before["closes_at"] <= now).to_numpy()
    pd.testing.assert_frame_equal(
        add_indicators(before).loc[known, list(FEATURES)],
        add_indicators(after).loc[known, list(FEATURES)],
        check_exact=True,
    )
    assert [s for s in find_signals(before) if s.timestamp <= now] == [
        s for s in find_signals(after) if s.timestamp <= now
    ]


def test_the_change_above_is_seen_by_later_features():
    before = random_bars(1)
    after = change_after(before, 250, 2)
    later = slice(251, SESSIONS)
    assert (add_indicators(before)["close"][later] != add_indicators(after)["close"][later]).all()
    assert len(find_signals(before)) > 10
