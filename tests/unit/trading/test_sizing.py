"""`afterclose.trading.sizing`: a verdict leaves a share of the quantity, from all to none."""

import math

import pytest

from afterclose.trading.sizing import size_multiplier


@pytest.mark.parametrize("sizing", ["off", "linear"])
def test_a_risk_above_the_threshold_leaves_nothing(sizing: str) -> None:
    assert size_multiplier(math.nextafter(0.5, 1), 0.5, sizing, 0.25) == 0


def test_without_sizing_a_risk_up_to_the_threshold_leaves_the_whole_quantity() -> None:
    assert [size_multiplier(risk, 0.5, "off", 0.25) for risk in (0.0, 0.3, 0.5)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("risk", "multiplier"), [(0.0, 1.0), (0.1, 0.85), (0.25, 0.625), (0.4, 0.4), (0.5, 0.25)]
)
def test_linear_sizing_goes_from_one_to_the_least_size_at_the_threshold(
    risk: float, multiplier: float
) -> None:
    assert size_multiplier(risk, 0.5, "linear", 0.25) == pytest.approx(multiplier, abs=1e-15)


def test_the_ends_of_linear_sizing_are_exact() -> None:
    assert size_multiplier(0.0, 0.7, "linear", 0.1) == 1.0
    assert size_multiplier(0.7, 0.7, "linear", 0.1) == 0.1


def test_a_threshold_of_zero_lets_only_no_risk_through_and_that_at_the_least_size() -> None:
    assert size_multiplier(0.0, 0.0, "linear", 0.25) == 0.25
    assert size_multiplier(5e-324, 0.0, "linear", 0.25) == 0


@pytest.mark.parametrize("risk", [math.nan, math.inf, -math.inf, -0.1, 1.1])
def test_a_risk_that_is_no_probability_is_refused(risk: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        size_multiplier(risk, 0.5, "off", 0.25)
