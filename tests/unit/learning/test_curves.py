"""A curve turns log-odds into probabilities in plain Python."""

import math

import pytest

from afterclose.learning.curves import Isotonic, Sigmoid, logistic

STEPS = Isotonic(log_odds=(-1.0, 0.0, 2.0), risks=(0.1, 0.3, 0.9))


@pytest.mark.parametrize(
    ("log_odds", "risk"),
    [(0.0, 0.5), (math.log(3), 0.75), (-math.log(3), 0.25), (1e300, 1.0), (-1e300, 0.0)],
)
def test_the_logistic_function_never_overflows(log_odds: float, risk: float) -> None:
    assert logistic(log_odds) == pytest.approx(risk)


def test_a_sigmoid_shifts_and_scales_before_it_bends() -> None:
    assert Sigmoid().risk(1.25) == logistic(1.25)
    assert Sigmoid(slope=0.5, offset=1.0).risk(2.0) == logistic(2.0)


@pytest.mark.parametrize(
    ("log_odds", "risk"),
    [(-9.0, 0.1), (-1.0, 0.1), (-0.5, 0.2), (0.0, 0.3), (1.0, 0.6), (2.0, 0.9), (9.0, 0.9)],
)
def test_isotonic_points_are_joined_by_lines_and_flat_outside(log_odds: float, risk: float) -> None:
    assert STEPS.risk(log_odds) == pytest.approx(risk)


def test_a_single_point_is_a_constant() -> None:
    constant = Isotonic(log_odds=(0.5,), risks=(0.3,))
    assert [constant.risk(x) for x in (-1.0, 0.5, 1.0)] == [0.3, 0.3, 0.3]
    assert constant.holds()


@pytest.mark.parametrize(
    "curve",
    [
        Sigmoid(slope=-0.1),
        Sigmoid(slope=math.inf),
        Sigmoid(offset=math.nan),
        Isotonic(log_odds=(), risks=()),
        Isotonic(log_odds=(0.0, 1.0), risks=(0.5,)),
        Isotonic(log_odds=(0.0, 0.0), risks=(0.5, 0.6)),
        Isotonic(log_odds=(1.0, 0.0), risks=(0.5, 0.6)),
        Isotonic(log_odds=(0.0, 1.0), risks=(0.6, 0.5)),
        Isotonic(log_odds=(0.0, math.inf), risks=(0.5, 0.6)),
        Isotonic(log_odds=(0.0, 1.0), risks=(-0.1, 0.6)),
        Isotonic(log_odds=(0.0, 1.0), risks=(0.5, 1.1)),
        Isotonic(log_odds=(0.0,), risks=(math.nan,)),
    ],
)
def test_what_is_no_curve_of_probabilities_does_not_hold(curve: Sigmoid | Isotonic) -> None:
    assert not curve.holds()
    assert STEPS.holds()
    assert Sigmoid().holds()
