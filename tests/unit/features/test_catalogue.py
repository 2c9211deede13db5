"""What stands in the catalogue: each by hand where it is new, all without prices."""

import numpy as np
import pytest

from afterclose.errors import InputError
from afterclose.features import CATALOGUE, DEFAULT, feature_columns, features_of
from afterclose.features.catalogue import Columns
from afterclose.records import Bar
from repository import REPOSITORY


def bars_of(closes: list[float], **columns: list[float]) -> list[Bar]:
    fields = {"open": closes, "high": closes, "low": closes, "volume": [100.0] * len(closes)}
    fields |= columns
    return [
        Bar(symbol="A", timestamp="", close=close, **{name: fields[name][i] for name in fields})
        for i, close in enumerate(closes)
    ]


def one(name: str, bars: list[Bar]) -> float | None:
    return features_of(bars, [name])[name]


def test_new_features_by_hand() -> None:
    # 60 closes of 10, then one of 12 that opened at 11, with a range of 10 to 14
    ranges = {"open": [10.0] * 60 + [11.0], "high": [10.0] * 60 + [14.0], "low": [10.0] * 61}
    bars = bars_of([10.0] * 60 + [12.0], **ranges, volume=[100.0] * 60 + [400.0])
    assert one("gap_pct", bars) == pytest.approx(0.1)
    assert one("close_in_range", bars) == 0.5
    assert one("ret_1", bars) == one("ret_60", bars) == pytest.approx(0.2)
    assert one("dist_20high", bars) == pytest.approx(12 / 14 - 1)
    assert one("dist_20low", bars) == pytest.approx(0.2)
    assert one("dist_50sma", bars) == pytest.approx(12 / 10.04 - 1)
    assert one("vol_trend", bars) == pytest.approx(160 / 105)
    assert one("vol_ratio", bars) == pytest.approx(400 / 115)
    assert one("volatility_60", bars) == pytest.approx(0.2 / 60**0.5)
    assert one("dist_252high", bars) is None


def test_a_formula_without_a_value_is_none() -> None:
    bars = bars_of([10.0] * 70, volume=[0.0] * 70)
    assert [one(name, bars) for name in ("close_in_range", "vol_ratio", "vol_trend")] == [None] * 3
    assert one("rsi_14", bars) == 50.0


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_no_feature_holds_a_price_or_a_volume(name: str) -> None:
    """Prices and volumes in another currency, or after a split, give the same feature."""
    columns = random_columns(300)
    split = Columns(*(column / 8 for column in columns[:4]), columns.volume * 8)
    before, after = (feature_columns(bars, [name])[name] for bars in (columns, split))
    np.testing.assert_array_equal(before, after)  # eighths are exact
    assert np.isfinite(before[-1])


def random_columns(sessions: int) -> Columns:
    random = np.random.default_rng(sessions)
    close = 50 * np.exp(np.cumsum(random.normal(0, 0.02, sessions)))
    spread = close * random.uniform(0.001, 0.03, sessions)
    volume = random.uniform(1e5, 1e6, sessions)
    return Columns(close - spread / 3, close + spread, close - spread, close, volume)


def test_the_default_is_small_and_in_the_catalogue() -> None:
    assert set(DEFAULT) < set(CATALOGUE)
    assert not {"close", "sma_20"} & set(CATALOGUE)


def test_a_name_that_is_unknown_or_bars_of_two_symbols_are_refused() -> None:
    with pytest.raises(InputError, match="rsi_41"):
        features_of(bars_of([1.0]), ["rsi_41"])
    other = Bar(symbol="B", timestamp="", open=1, high=1, low=1, close=1)
    for bars in ([], [*bars_of([1.0]), other]):
        with pytest.raises(InputError, match="one symbol"):
            features_of(bars)


def test_the_page_lists_every_feature_as_it_is() -> None:
    page = (REPOSITORY / "docs" / "features.md").read_text(encoding="utf-8")
    page = page.split("## Market context")[0]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{feature.name}` | {'yes' if feature.name in DEFAULT else ''} | {feature.group} "
        f"| {feature.formula} | {feature.unit} | {feature.source} |"
        for feature in CATALOGUE.values()
    ]
