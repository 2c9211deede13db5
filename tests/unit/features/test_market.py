"""Market context: hand-checked on a small market, causal, documented, and silent on few symbols."""

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.features.market import FEWEST_SYMBOLS, MARKET, market_columns
from afterclose.records import Bar
from repository import REPOSITORY

DAYS = 70
NAMES = tuple(MARKET)


def market(symbols: int = 12, seed: int = 1) -> dict[str, list[Bar]]:
    random = np.random.default_rng(seed)
    made = {}
    for number in range(symbols):
        closes = 50 * np.exp(np.cumsum(random.normal(0.001, 0.02, DAYS)))
        made[f"S{number:02d}"] = [
            Bar(symbol=f"S{number:02d}", timestamp=f"2024-{1 + day // 28:02d}-{1 + day % 28:02d}",
                open=close, high=close * 1.01, low=close * 0.99, close=close, volume=1000.0)
            for day, close in enumerate(closes.tolist())
        ]  # fmt: skip
    return made


def closes(bars: dict[str, list[Bar]]) -> pd.DataFrame:
    return pd.DataFrame({symbol: [bar.close for bar in own] for symbol, own in bars.items()})


def test_each_is_what_pandas_makes_of_the_whole_panel() -> None:
    bars = market()
    found, panel = market_columns(bars, NAMES), closes(bars)
    returns = panel.pct_change(20)
    expected = {
        "mkt_breadth_50": (panel > panel.rolling(50).mean()).mean(axis=1)[49:],
        "mkt_ret_20": returns.mean(axis=1)[20:],
        "mkt_volatility_20": panel.pct_change().mean(axis=1).rolling(20).std()[20:],
        "rel_ret_20": returns["S03"].sub(returns.mean(axis=1))[20:],
        "rank_ret_20": (returns.rank(axis=1)["S03"] - 1)[20:] / 11,
    }
    for name, values in expected.items():
        mine = found["S03"][name]
        assert mine[values.index] == pytest.approx(values.to_numpy(), abs=1e-12), name
        assert np.isnan(mine[: values.index[0]]).all(), name


@pytest.mark.parametrize("seed", range(5))
def test_no_later_bar_of_any_symbol_changes_an_earlier_value(seed: int) -> None:
    bars, random = market(seed=seed), np.random.default_rng(seed)
    cut = int(random.integers(21, DAYS))
    changed = {
        symbol: [
            bar if day < cut else replace(bar, close=bar.close * 3, high=bar.high * 3)
            for day, bar in enumerate(own)
        ]
        for symbol, own in bars.items()
    }
    before, after = market_columns(bars, NAMES), market_columns(changed, NAMES)
    for symbol in bars:
        for name in NAMES:
            mine, other = before[symbol][name][:cut], after[symbol][name][:cut]
            assert np.array_equal(mine, other, equal_nan=True)


def test_a_symbol_without_a_bar_that_day_is_left_out_of_it() -> None:
    bars = market()
    bars["S00"] = [bar for day, bar in enumerate(bars["S00"]) if day != 60]
    found = market_columns(bars, ["mkt_ret_20"])
    others = closes({name: own for name, own in bars.items() if name != "S00"}).pct_change(20)
    assert found["S01"]["mkt_ret_20"][60] == pytest.approx(others.mean(axis=1)[60], abs=1e-12)
    assert len(found["S00"]["mkt_ret_20"]) == DAYS - 1


def test_few_symbols_are_no_market_and_a_wrong_name_is_refused() -> None:
    few = market(symbols=FEWEST_SYMBOLS - 1)
    assert np.isnan(market_columns(few, ["rank_ret_20"])["S00"]["rank_ret_20"]).all()
    with pytest.raises(InputError, match="no market feature 'vix'; known are mkt_breadth_50"):
        market_columns(few, ["vix"])


def test_each_is_documented_as_it_is() -> None:
    page = (REPOSITORY / "docs" / "features.md").read_text(encoding="utf-8")
    for name, one in MARKET.items():
        assert f"| `{name}` | {one.group} | {one.formula} | {one.unit} | {one.source} |" in page
