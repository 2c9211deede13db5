"""Signals get features of their bars: all of them where they bring none, else what is named."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.errors import ConfigError
from afterclose.features import DEFAULT
from afterclose.features.market import MARKET
from afterclose.history.bar_features import with_bar_features
from afterclose.history.bars import clean_ohlcv, on_sessions
from afterclose.history.indicators import add_indicators
from afterclose.records import Signal
from afterclose.settings import Settings
from bar_builders import wandering

BARS = on_sessions(clean_ohlcv(wandering(symbols=12, days=260), Path("made")), Settings()).frame
DAY = "2019-12-03"


def signal(**fields: object) -> Signal:
    (close,) = BARS[(BARS["symbol"] == "S3") & (BARS["date"] == DAY)]["closes_at"]
    given = {"symbol": "S3", "timestamp": close.to_pydatetime(), "price": 1.0, "quantity": 1.0}
    return Signal(**given | fields)  # type: ignore[arg-type]


def written(*names: str) -> dict[str, float]:
    chart = add_indicators(BARS, names)
    (row,) = chart[(chart["symbol"] == "S3") & (chart["date"] == DAY)].to_dict("records")
    return {name: row[name] for name in names}


def test_a_signal_without_features_gets_the_default_set() -> None:
    (made,) = with_bar_features([signal()], BARS, "")
    assert made.features == written(*DEFAULT)


def test_a_signal_with_features_keeps_them_and_gets_only_what_is_named() -> None:
    own = {"mine": 1.0, "gap_pct": 7.0}
    assert with_bar_features([signal(features=own)], BARS, "") == [signal(features=own)]
    (made,) = with_bar_features([signal(features=own)], BARS, "market+gap_pct")
    assert made.features == {**written(*MARKET), **own}
    assert np.isfinite(list(written(*MARKET).values())).all()


def test_they_are_of_the_last_session_that_had_closed_at_the_decision() -> None:
    moment = signal().timestamp
    early = signal(timestamp=moment - timedelta(seconds=1))
    late = signal(timestamp=moment + timedelta(hours=17), decision_timestamp=moment.isoformat())
    (before,), (entered_next_day,) = (with_bar_features([one], BARS, "") for one in (early, late))
    assert before.features != written(*DEFAULT)
    assert entered_next_day.features == written(*DEFAULT)


@pytest.mark.parametrize("fields", [{"symbol": "ELSE"}, {"timestamp": "2018-01-02T21:00:00+00:00"}])
def test_without_bars_a_signal_stays_as_it_is(fields: dict) -> None:
    assert with_bar_features([signal(**fields)], BARS, "market") == [signal(**fields)]


def test_few_symbols_are_no_market() -> None:
    few = BARS[BARS["symbol"].isin(["S3", "S4"])]
    (made,) = with_bar_features([signal(features={"mine": 1.0})], few, "market")
    assert made.features == {"mine": 1.0}
    (made,) = with_bar_features([signal()], few, "market")
    assert made.features == written(*DEFAULT) | dict.fromkeys(MARKET)


def test_an_unknown_name_is_refused_even_without_signals() -> None:
    with pytest.raises(ConfigError, match="vix"):
        with_bar_features([], BARS, "vix")
    assert with_bar_features([replace(signal(), features={"mine": 1.0})], BARS, "atr_pct")
