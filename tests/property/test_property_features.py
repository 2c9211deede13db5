"""A feature looks back only, and not far: neither later bars nor older files change a bit of it."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from afterclose.features import CATALOGUE, LOOKBACK_BARS, feature_columns, features_of
from afterclose.features.catalogue import Columns
from afterclose.records import Bar

SESSIONS = 620


def random_columns(seed: int) -> Columns:
    random = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(random.normal(0, 0.02, SESSIONS)))
    spread = close * random.uniform(0, 0.03, SESSIONS)
    volume = random.uniform(1e5, 1e6, SESSIONS)
    return Columns(close - spread / 3, close + spread, close - spread, close, volume)


@settings(max_examples=25, deadline=None)
@given(decision=st.integers(0, SESSIONS - 2), seed=st.integers(0, 10_000))
def test_bars_after_the_decision_change_no_feature(decision: int, seed: int) -> None:
    before, other = random_columns(seed), random_columns(seed + 1)
    later = np.arange(SESSIONS) > decision
    after = Columns(*(np.where(later, 7.3 * b, a) for a, b in zip(before, other, strict=True)))
    known, again = (feature_columns(bars, CATALOGUE) for bars in (before, after))
    for name in CATALOGUE:
        np.testing.assert_array_equal(known[name][~later], again[name][~later], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(decision=st.integers(0, SESSIONS - 1), seed=st.integers(0, 10_000), extra=st.integers(0, 50))
def test_a_bot_gets_what_the_importer_writes_to_the_last_bit(
    decision: int, seed: int, extra: int
) -> None:
    """The importer computes whole columns of a file, a bot the last bar of those it holds."""
    columns = random_columns(seed)
    held = slice(max(0, decision + 1 - LOOKBACK_BARS - extra), decision + 1)
    bars = [
        Bar(symbol="A", timestamp="", open=o, high=h, low=low, close=c, volume=v)
        for o, h, low, c, v in zip(*(column[held].tolist() for column in columns), strict=True)
    ]
    of_the_file = {
        name: values[decision] for name, values in feature_columns(columns, CATALOGUE).items()
    }
    for name, value in features_of(bars, CATALOGUE).items():
        if value is None:
            assert not np.isfinite(of_the_file[name]), name
        else:
            assert value == of_the_file[name], name
