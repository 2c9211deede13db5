"""No list of trades and no filter makes a measure NaN, an exception or an absurdity."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.evaluating.comparison import Outcomes, compare
from afterclose.evaluating.verdicts import Verdicts
from afterclose.measures.metrics import trade_metrics

# Prices are doubles around each other, so no PnL but 0 is smaller than 1e-16.
PNL = st.floats(-1.5, 5).map(lambda pnl: round(pnl, 16)) | st.sampled_from([0.0, -1.0, 0.01])
SCORE = st.floats(0, 1) | st.just(math.nan)
TRADES = st.lists(st.tuples(PNL, st.booleans(), SCORE, st.integers(0, 9)), min_size=1, max_size=40)


def columns(trades: list[tuple]) -> tuple[Outcomes, np.ndarray]:
    pnl, bad, score, exits = zip(*trades, strict=True)
    outcomes = Outcomes(
        np.array(pnl),
        np.array(bad, dtype=bool),
        np.array(exits, dtype=np.int64),
        np.array(exits, dtype=np.int64),
    )
    return outcomes, np.array(score)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, float):
        yield value


@settings(max_examples=60, deadline=None)
@given(TRADES, st.floats(0, 1), st.integers(1, 1000))
def test_every_comparison_is_finite_or_none(
    trades: list[tuple], threshold: float, tried: int
) -> None:
    outcomes, score = columns(trades)
    found = compare(
        outcomes,
        Verdicts(score, ~(score > threshold)),
        threshold=threshold,
        candidates_tried=tried,
        resamples=100,
        seed=0,
    )
    plain = msgspec.to_builtins(found)
    assert all(math.isfinite(number) for number in numbers(plain))
    effect = found.filter_effect
    assert found.rules_ml.trades + effect.blocked == len(trades)
    assert found.rules_ml.total_pnl + effect.pnl_avoided + effect.pnl_forgone == pytest.approx(
        found.rules_only.total_pnl, abs=1e-9
    )
    assert effect.bad_trades_avoided + effect.good_trades_lost == effect.blocked
    for difference in found.differences.values():
        assert (difference.low is None) == (difference.high is None)
        assert difference.low is None or difference.low <= difference.high
    luck = found.significance
    if luck.p_value is not None:
        assert 0 < luck.p_value <= luck.p_value_deflated <= 1


@settings(max_examples=60, deadline=None)
@given(TRADES)
def test_measures_keep_their_bounds(trades: list[tuple]) -> None:
    outcomes, _ = columns(trades)
    found = outcomes.metrics()
    assert -1 <= found.max_drawdown <= 0
    assert 0 <= found.win_rate <= 1
    assert outcomes.pnl.min() <= found.expected_shortfall_5 <= found.expectancy + 1e-12
    assert found.profit_factor is None or found.profit_factor >= 0


@settings(max_examples=60, deadline=None)
@given(st.lists(PNL.filter(lambda pnl: pnl > -1), min_size=1, max_size=40))
def test_drawdown_is_the_deepest_fall_between_any_two_moments(pnl: list[float]) -> None:
    equity = [1.0]
    for change in pnl:
        equity.append(equity[-1] * (1 + change))
    falls = [later / earlier - 1 for i, earlier in enumerate(equity) for later in equity[i:]]
    values = np.array(pnl)
    found = trade_metrics(values, values < 0, np.arange(len(pnl))).max_drawdown
    assert found == pytest.approx(min(falls), abs=1e-9)
