"""Returns of single trades: sides, fees and quantities."""

import pytest

from afterclose.trades.excursions import excursion_pct, realized_pnl_pct


def test_a_short_from_100_to_90_gains_a_tenth_and_a_long_loses_it():
    assert excursion_pct("short", 100.0, 90.0) == 0.1
    assert excursion_pct("long", 100.0, 90.0) == -0.1


def test_fees_can_turn_a_gain_into_a_loss():
    # 10 shares from 100 to 101 earn 10; fees of 25 leave -15 of the 1000 put in.
    assert realized_pnl_pct("long", 100.0, 101.0, 10.0, 25.0) == pytest.approx(-0.015)
    assert realized_pnl_pct("short", 100.0, 99.0, 10.0, 25.0) == pytest.approx(-0.015)


def test_an_exit_at_the_entry_price_without_fees_is_exactly_nothing():
    assert realized_pnl_pct("long", 33.33, 33.33, 7.0, 0.0) == 0.0


def test_an_unknown_side_is_an_error():
    with pytest.raises(ValueError, match="sideways"):
        excursion_pct("sideways", 100.0, 90.0)
