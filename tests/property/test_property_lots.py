"""For any numbers: what is ordered is never more than the filter left, in whole steps."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.trading.lots import reduced_quantity

ANY = st.floats()
STEPS = st.sampled_from([0.0, 1.0, 100.0, 0.1, 0.01, 0.001, 1e-8, 0.25])


@settings(deadline=None)
@given(quantity=ANY, multiplier=ANY, step=STEPS, price=ANY, limits=st.tuples(ANY, ANY))
def test_nothing_is_ever_enlarged(
    quantity: float, multiplier: float, step: float, price: float, limits: tuple[float, float]
) -> None:
    least, notional = limits
    ordered = reduced_quantity(
        quantity,
        multiplier,
        step=step,
        price=price,
        min_quantity=least,
        min_notional=notional,
    )
    assert ordered == 0 or 0 < ordered <= quantity
    if ordered:
        assert ordered <= quantity * min(multiplier, 1.0)
        assert ordered >= least
        assert notional <= 0 or ordered * price >= notional


@settings(deadline=None)
@given(quantity=st.floats(0, 1e9), multiplier=st.floats(0, 1), step=STEPS)
def test_it_is_a_whole_number_of_steps_and_less_than_one_is_lost(
    quantity: float, multiplier: float, step: float
) -> None:
    ordered = reduced_quantity(quantity, multiplier, step=step)
    wanted = quantity * multiplier
    if step:
        steps = Fraction(repr(ordered)) / Fraction(repr(step))
        assert abs(steps - round(steps)) <= Fraction(1, 10**6) * max(1, steps)
        assert wanted - ordered <= step * (1 + 1e-9) + math.ulp(wanted)
    else:
        assert ordered == wanted


@pytest.mark.parametrize(
    ("quantity", "multiplier", "step", "ordered"),
    [
        (10, 1.0, 1, 10), (10, 0.55, 1, 5), (10, 0.05, 1, 0), (0.3, 1.0, 0.1, 0.3),
        (1.0, 0.7, 0.1, 0.7), (250, 0.5, 100, 100), (10, 5.0, 1, 10), (-10, 1.0, 1, 0),
    ],
)  # fmt: skip
def test_by_hand(quantity: float, multiplier: float, step: float, ordered: float) -> None:
    assert reduced_quantity(quantity, multiplier, step=step) == ordered


def test_an_order_that_the_broker_refuses_is_none() -> None:
    assert reduced_quantity(10, 0.5, price=20.0, min_notional=100) == 5
    assert reduced_quantity(10, 0.4, price=20.0, min_notional=100) == 0
    assert reduced_quantity(10, 0.5, min_notional=100) == 0
    assert reduced_quantity(10, 0.5, min_quantity=6) == 0
