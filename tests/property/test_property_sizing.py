"""For any numbers, sizing only ever reduces, and more risk never means more size."""

from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.trading.sizing import size_multiplier

SHARES = st.floats(0, 1)
SIZINGS = st.sampled_from(["off", "linear"])


@settings(deadline=None)
@given(risk=SHARES, threshold=SHARES, sizing=SIZINGS, least=SHARES)
def test_the_multiplier_is_between_zero_and_one(
    risk: float, threshold: float, sizing: str, least: float
) -> None:
    multiplier = size_multiplier(risk, threshold, sizing, least)
    assert 0 <= multiplier <= 1
    if risk <= threshold:
        assert multiplier >= least


@settings(deadline=None)
@given(risks=st.tuples(SHARES, SHARES), threshold=SHARES, sizing=SIZINGS, least=SHARES)
def test_more_risk_never_means_more_size(
    risks: tuple[float, float], threshold: float, sizing: str, least: float
) -> None:
    low, high = sorted(risks)
    assert size_multiplier(high, threshold, sizing, least) <= size_multiplier(
        low, threshold, sizing, least
    )
