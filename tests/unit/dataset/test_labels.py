"""Labels: what makes a trade bad."""

import numpy as np
import pytest

from afterclose.dataset.labels import bad_labels, is_bad

CASES = [
    # realized_pnl_pct, mae_pct, atr_pct, bad at 3 %, bad at 1.5 ATR
    (-0.0001, -0.01, 0.02, True, True),
    (0.0, 0.0, 0.02, False, False),
    (0.05, -0.03, 0.02, False, False),
    (0.05, -0.0301, 0.02, True, True),
    (0.05, -0.0301, 0.03, True, False),
    (0.05, None, 0.02, False, False),
    (-0.05, None, 0.02, True, True),
    (0.05, -0.5, None, True, False),
    (-0.05, -0.5, None, True, True),
    (0.05, -0.5, 0.0, True, False),
    (0.05, -0.5, -0.02, True, False),
]


@pytest.mark.parametrize(("pnl", "mae", "atr", "bad", "bad_by_atr"), CASES)
def test_a_trade_is_bad_when_it_lost_or_went_too_far_under_water(pnl, mae, atr, bad, bad_by_atr):
    assert is_bad(pnl, mae, 0.03) is bad
    assert is_bad(pnl, mae, 1.5, atr, unit="atr") is bad_by_atr
    if mae is None:
        assert is_bad(pnl, float("nan"), 0.03) is bad


def test_labels_of_arrays_are_those_of_single_trades():
    pnl, mae, atr, bad, bad_by_atr = (list(column) for column in zip(*CASES, strict=True))
    pnl, mae, atr = (np.array(column, dtype=float) for column in (pnl, mae, atr))
    assert bad_labels(pnl, mae, 0.03).tolist() == bad
    assert bad_labels(pnl, mae, 1.5, "atr", atr).tolist() == bad_by_atr


def test_without_any_atr_only_losses_are_bad():
    labels = bad_labels(np.array([-0.1, 0.1]), np.array([-0.5, -0.5]), 1.5, "atr")
    assert labels.tolist() == [True, False]


def test_no_trades_have_no_labels():
    assert bad_labels(np.array([]), np.array([]), 0.03).tolist() == []
