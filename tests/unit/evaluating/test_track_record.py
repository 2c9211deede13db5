"""What a picture needs of many trades: curves with their extremes, counts, trades that matter."""

import math

import numpy as np
import pytest

from afterclose.evaluating.track_record import (
    LISTED_TRADES,
    MAX_POINTS,
    SCORE_BINS,
    TrackRecord,
    track_record,
)
from afterclose.measures.metrics import max_drawdown
from training_builders import dataset_of

NAN = float("nan")


def record(pnl: list[float] | np.ndarray, score: list[float], keep: list[bool]) -> TrackRecord:
    values = np.array(pnl, dtype=float)
    dataset = dataset_of({"x": np.arange(len(values))}, pnl_pct=values)
    policies = {
        "rules_only": np.ones(len(values), dtype=bool),
        "rules_ml": np.array(keep, dtype=bool),
    }
    return track_record(dataset, values < 0, np.array(score, dtype=float), policies)


def test_capital_compounds_and_a_blocked_trade_leaves_it_as_it_was() -> None:
    found = record([0.1, -0.2, 0.1], [0.1, 0.9, 0.1], [True, False, True])
    assert found.trades == 3
    assert found.exits[0] == "2024-01-03T21:00+00:00"  # 30 hours after the first decision
    rules, filtered = found.curves["rules_only"], found.curves["rules_ml"]
    assert rules.log_equity == pytest.approx([math.log(x) for x in (1.1, 0.88, 0.968)], abs=1e-6)
    assert rules.drawdown == pytest.approx([0, -0.2, -0.12], abs=1e-6)
    assert filtered.log_equity == pytest.approx([math.log(x) for x in (1.1, 1.1, 1.21)], abs=1e-6)
    assert filtered.drawdown == [0, 0, 0]


def test_an_immediate_loss_is_a_fall_from_the_starting_capital() -> None:
    found = record([-0.1, 0.05], [0.1, 0.1], [True, True])
    assert found.curves["rules_ml"].drawdown[0] == pytest.approx(-0.1)


def test_capital_that_is_lost_has_no_logarithm_and_stays_lost() -> None:
    found = record([0.1, -1.5, 0.5], [0.1] * 3, [True] * 3)
    assert found.curves["rules_only"].log_equity[1:] == [None, None]
    assert found.curves["rules_only"].drawdown[1:] == [-1, -1]


@pytest.mark.parametrize("trades", [MAX_POINTS, MAX_POINTS + 1, 20_000])
def test_many_trades_make_few_points_that_keep_the_deepest_fall_and_the_end(trades: int) -> None:
    random = np.random.default_rng(trades)
    pnl, keep = 0.02 * random.normal(size=trades), random.random(trades) < 0.7
    found = record(pnl, [0.5] * trades, keep.tolist())
    assert found.trades == trades
    assert len(found.exits) <= MAX_POINTS
    for name, mask in (("rules_only", np.ones(trades, dtype=bool)), ("rules_ml", keep)):
        curve = found.curves[name]
        assert len(curve.log_equity) == len(curve.drawdown) == len(found.exits)
        assert min(curve.drawdown) == pytest.approx(max_drawdown(pnl[mask]), abs=1e-6)
        assert curve.log_equity[-1] == pytest.approx(np.log1p(pnl[mask]).sum(), abs=1e-6)


def test_scores_are_counted_by_outcome_and_abstentions_are_not() -> None:
    found = record([0.1, 0.1, -0.1, -0.1], [0.0, 0.039, 1.0, NAN], [True, True, False, True])
    assert found.scores.good == [2] + [0] * (SCORE_BINS - 1)
    assert found.scores.bad == [0] * (SCORE_BINS - 1) + [1]


def test_the_blocked_trades_that_mattered_most_are_named() -> None:
    pnl = [0.01 * (number - 10) for number in range(20)]
    found = record(pnl, [0.6] * 20, [False] * 20)
    assert [trade.pnl for trade in found.worst] == [-0.1, -0.09, -0.08, -0.07, -0.06]
    assert [trade.trade_id for trade in found.best] == [f"T{n:05d}" for n in range(19, 14, -1)]
    assert len(found.best) == LISTED_TRADES
    first = found.worst[0]
    assert (first.symbol, first.side, first.score, first.bad) == ("AAPL", "long", 0.6, True)
    assert first.decided == "2024-01-02T15:00+00:00"


def test_only_what_the_filter_left_out_is_named() -> None:
    found = record([-0.5, -0.1, 0.3], [0.1, 0.9, 0.1], [True, False, True])
    assert [trade.trade_id for trade in found.worst] == ["T00001"]
    assert found.best == found.worst


def test_no_trades_at_all_make_an_empty_record() -> None:
    found = record([], [], [])
    assert (found.trades, found.exits, found.best) == (0, [], [])
    assert sum(found.scores.good) == 0
