"""Market context looks back only, and a bot with the same symbols gets it to the last bit."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import given, settings

from afterclose.features.catalogue import LOOKBACK_BARS
from afterclose.features.market import MARKET, market_features_of
from afterclose.history.indicators import add_indicators
from afterclose.records import Bar

NAMES = tuple(MARKET)
SESSIONS, SYMBOLS = 330, 14
PRICES = ["open", "high", "low", "close", "volume"]


def market_frame(seed: int) -> pd.DataFrame:
    """Bars of a whole market; each symbol lacks some days, and two are listed late."""
    random = np.random.default_rng(seed)
    dates = pd.bdate_range("2020-01-01", periods=SESSIONS)
    frames = []
    for number in range(SYMBOLS):
        close = 50 * np.exp(np.cumsum(random.normal(0.0005, 0.02, SESSIONS)))
        spread = close * random.uniform(0.001, 0.03, SESSIONS)
        frame = pd.DataFrame(
            {"symbol": f"S{number:02d}", "date": dates, "open": close - spread / 3,
             "high": close + spread, "low": close - spread, "close": close,
             "volume": random.uniform(1e5, 1e6, SESSIONS)}
        )  # fmt: skip
        there = random.random(SESSIONS) > 0.02
        there[: 100 * (number < 2)] = False
        frames.append(frame[there])
    return pd.concat(frames, ignore_index=True)


@settings(max_examples=12, deadline=None)
@given(decision=st.integers(60, SESSIONS - 2), seed=st.integers(0, 10_000))
def test_bars_of_any_symbol_after_the_decision_change_no_value(decision: int, seed: int) -> None:
    before = market_frame(seed)
    later = before["date"] > pd.bdate_range("2020-01-01", periods=SESSIONS)[decision]
    after = before.copy()
    random = np.random.default_rng(seed + 1)
    after.loc[later, PRICES] *= random.uniform(0.3, 3, (int(later.sum()), 1))
    after = after[~(later & (random.random(len(after)) < 0.1))].reset_index(drop=True)
    first, second = (add_indicators(frame, NAMES) for frame in (before, after))
    known = before[~later][["symbol", "date"]]
    for name in NAMES:
        values = [
            known.merge(chart, on=["symbol", "date"], how="left")[name].to_numpy()
            for chart in (first, second)
        ]
        np.testing.assert_array_equal(*values, err_msg=name)
        assert np.isfinite(values[0]).any()


@settings(max_examples=12, deadline=None)
@given(decision=st.integers(60, SESSIONS - 1), seed=st.integers(0, 10_000))
def test_a_bot_gets_what_the_file_gives_to_the_last_bit(decision: int, seed: int) -> None:
    """Whatever the order of its symbols, with `LOOKBACK_BARS` of each and none of before."""
    frame = market_frame(seed)
    today = pd.bdate_range("2020-01-01", periods=SESSIONS)[decision]
    chart = add_indicators(frame, NAMES)
    of_the_day = chart[chart["date"] == today].set_index("symbol")
    shuffled = np.random.default_rng(seed).permutation(sorted(frame["symbol"].unique()))
    held = {symbol: _bars(frame, symbol, today)[-LOOKBACK_BARS:] for symbol in shuffled.tolist()}
    for symbol in of_the_day.index:
        for name, value in market_features_of(held, symbol, NAMES).items():
            written = of_the_day.at[symbol, name]
            assert value == written or (value is None and np.isnan(written)), (symbol, name)


def _bars(frame: pd.DataFrame, symbol: str, today: pd.Timestamp) -> list[Bar]:
    own = frame[(frame["symbol"] == symbol) & (frame["date"] <= today)]
    return [
        Bar(symbol=symbol, timestamp=f"{date:%Y-%m-%d}", open=o, high=h, low=low, close=c, volume=v)
        for date, o, h, low, c, v in own[["date", *PRICES]].itertuples(index=False)
    ]
