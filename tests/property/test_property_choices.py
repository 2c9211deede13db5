"""Whatever the trades are, weights, curves and thresholds keep their promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.learning.calibration import apply_curve, fit_curve
from afterclose.learning.sample_weights import SECOND_US, sample_weights, uniqueness
from afterclose.learning.threshold import choose_threshold

PNL = st.floats(-0.5, 0.5).map(lambda value: round(value, 6))
TRADES = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 90), PNL), min_size=1, max_size=60
).map(sorted)


def columns(trades: list[tuple[int, int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start = np.array([trade[0] for trade in trades], dtype=np.int64) * SECOND_US
    held = np.array([trade[1] for trade in trades], dtype=np.int64) * SECOND_US
    return start, start + held, np.array([trade[2] for trade in trades])


@settings(max_examples=80, deadline=None)
@given(TRADES)
def test_observations_add_up_to_the_time_in_which_anything_was_held(
    trades: list[tuple[int, int, float]],
) -> None:
    start, end, _ = columns(trades)
    held = np.maximum(end - start, SECOND_US)
    alone = uniqueness(start, end)
    assert (alone > 0).all()
    assert (alone <= 1).all()
    seconds = {
        second
        for first, length in zip(start // SECOND_US, held // SECOND_US, strict=True)
        for second in range(first, first + length)
    }
    assert float((alone * held).sum()) / SECOND_US == pytest.approx(len(seconds))


@settings(max_examples=40, deadline=None)
@given(TRADES, st.sampled_from(["uniqueness", "loss", "both"]))
def test_weights_are_positive_and_average_to_one(
    trades: list[tuple[int, int, float]], mode: str
) -> None:
    weights = sample_weights(mode, *columns(trades))
    assert weights is not None
    assert weights.min() > 0
    assert weights.mean() == pytest.approx(1)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), PNL), min_size=1, max_size=80))
def test_a_tuned_threshold_keeps_half_and_earns_no_less_than_keeping_all(
    trades: list[tuple[float, float]],
) -> None:
    risks, pnl = np.array(trades).T
    threshold = choose_threshold(risks, pnl)
    assert threshold is not None
    assert 0 <= threshold <= 1
    kept = risks <= threshold
    assert kept.mean() >= 0.5
    assert pnl[kept].mean() >= pnl.mean() - 1e-9


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["sigmoid", "isotonic", "auto"]),
    st.sampled_from([0.0, 1e-6, 0.1, 3.0, 300.0]),
    st.sampled_from([-2.0, 0.0, 0.3, 5.0]),
)
def test_every_curve_holds_never_descends_and_bends_arrays_like_single_scores(
    seed: int, mode: str, spread: float, slope: float
) -> None:
    random = np.random.default_rng(seed)
    log_odds = spread * random.normal(size=1100)
    bad = slope * log_odds + random.logistic(size=1100) > 0
    curve = fit_curve(mode, log_odds, bad)
    if curve is None:
        assert mode == "auto" or bad.all() or not bad.any()
        return
    assert curve.holds()
    scores = np.sort(np.concatenate([log_odds[:100], [-1e9, 1e9, 0.0]]))
    bent = apply_curve(curve, scores)
    assert (np.diff(bent) >= -1e-12).all()
    assert bent == pytest.approx([curve.risk(score) for score in scores.tolist()], abs=1e-12)
