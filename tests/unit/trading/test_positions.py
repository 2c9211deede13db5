"""`afterclose.trading.positions`: what a position lived through, and the record it ends as."""

import pytest
from msgspec.structs import replace

from afterclose.records import Trade
from afterclose.trading.exit_rules import ExitPlan
from afterclose.trading.positions import ClosedPosition, Fill, Position

LONG = Position(
    trade_id="T",
    symbol="AAPL",
    side="long",
    source="paper",
    decision_timestamp="2026-01-27T16:00:00-05:00",
    entry_timestamp="2026-01-27T16:00:00-05:00",
    entry_price=100.0,
    quantity=10.0,
    fees=0.0,
    rule_confidence=None,
    rule_features={"rsi": 55.0},
    plan=ExitPlan(),
    low_price=100.0,
    high_price=100.0,
)


def trade_of(position: Position) -> Trade:
    return ClosedPosition(position, "2026-01-28T16:00:00-05:00", "MANUAL", None).trade()


def test_thirds_add_up_to_the_whole_although_floats_do_not() -> None:
    position = LONG
    for _ in range(3):
        assert position.open_quantity > 0
        position = position.closing(Fill(100.0, 10 / 3), 0.0)
    assert position.open_quantity == 0


def test_a_single_exit_keeps_its_price_to_the_last_digit() -> None:
    closed = replace(LONG, quantity=3.0).closing(Fill(110.1, 3.0), 0.0)
    assert trade_of(closed).exit_price == 110.1


def test_the_exit_itself_counts_into_the_excursions() -> None:
    trade = trade_of(LONG.closing(Fill(90.0, 10.0), 0.0))
    assert (trade.mae_pct, trade.mfe_pct) == (-0.1, 0.0)


@pytest.mark.parametrize(("side", "mae", "mfe"), [("long", -0.05, 0.2), ("short", -0.2, 0.05)])
def test_what_is_adverse_depends_on_the_side(side: str, mae: float, mfe: float) -> None:
    seen = replace(LONG, side=side).seeing(95.0, 120.0).closing(Fill(100.0, 10.0), 0.0)
    trade = trade_of(seen)
    assert (trade.mae_pct, trade.mfe_pct) == (mae, mfe)


def test_the_features_of_the_entry_end_in_the_record_unchanged() -> None:
    trade = trade_of(LONG.closing(Fill(101.0, 10.0), 0.0))
    assert trade.rule_features == {"rsi": 55.0}
    assert trade.decision_timestamp == LONG.decision_timestamp
