"""Two models on the same decisions, by hand."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from afterclose.evaluating.figures import ListedTrades
from afterclose.evaluating.side_by_side import Judged, judged_by, side_by_side
from afterclose.evaluating.verdicts import Verdicts
from training_builders import dataset_of


def judged(**sizes: float) -> Judged:
    return Judged(dict.fromkeys(sizes, 0.4), dict(sizes))


def test_the_difference_is_the_money_that_their_sizes_move_on_common_decisions() -> None:
    trades = dataset_of({"heat": [0.0] * 4}, pnl_pct=[0.10, -0.20, -0.04, 0.06])
    first = judged(T00000=1.0, T00001=1.0, T00002=0.0)
    second = judged(T00001=0.0, T00002=0.0, T00003=1.0)
    found = side_by_side(
        trades, trades.realized_pnl_pct < 0, first, second, capital=1000, resamples=50, seed=1
    )
    assert found
    assert found.decisions == 2
    change = found.account.differences["rules_active"]["net_pnl"]
    assert change.value == pytest.approx(200)
    assert (found.blocked_by_both, found.blocked_by_first, found.blocked_by_second) == (1, 0, 1)
    (one,) = found.disagreements
    assert (one.trade_id, one.first_size, one.second_size) == ("T00001", 1.0, 0.0)
    assert one.net_pnl == pytest.approx(-200)


def test_without_a_common_decision_there_is_nothing_to_say() -> None:
    trades = dataset_of({"heat": [0.0] * 2}, pnl_pct=[0.1, 0.1])
    bad = np.zeros(2, dtype=bool)
    assert (
        side_by_side(
            trades, bad, judged(T00000=1.0), judged(T00001=1.0), capital=0, resamples=9, seed=1
        )
        is None
    )


def test_a_model_speaks_for_itself_once_its_training_data_have_ended() -> None:
    trades = dataset_of({"heat": [0.0] * 3}, pnl_pct=[0.1] * 3)
    trained_until = datetime(2024, 1, 3, 15, tzinfo=UTC)  # the second was decided just then
    listed = ListedTrades(
        trades=1, listed=1, trade_id=["T00000"], score=[0.3], pnl=[0.1], bad=[False],
        allowed=[True],
    )  # fmt: skip
    said = Verdicts(np.array([0.9, 0.9, np.nan]), np.array([0.0, 0.0, 1.0]))
    model = SimpleNamespace(last_train_exit=trained_until)
    found = judged_by(model, listed, trades, said)
    assert found.size == {"T00000": 1.0, "T00002": 1.0}
    assert found.score == {"T00000": 0.3, "T00002": None}
