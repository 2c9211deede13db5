"""Executions into round trips, first in first out: hand arithmetic, and what must balance."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from afterclose.importing.fifo import Execution, match_fifo

START = datetime(2024, 1, 2, 15, tzinfo=UTC)


def fill(minute, quantity, price=10.0, fees=0, symbol="A", **more):
    moment = START + timedelta(minutes=minute)
    return Execution(
        symbol, symbol, moment, moment.isoformat(), price,
        Fraction(quantity), Fraction(fees), f"line {minute}", **more,
    )  # fmt: skip


def told(matched):
    return [
        (t.side, t.entry.price, t.exit.price, float(t.quantity), float(t.fees))
        for t in matched.trips
    ]


def test_a_sale_closes_the_oldest_purchase_first_and_splits_it_with_its_fees():
    # Bought 100 at 10 (fee 2) and 50 at 12 (fee 1); sold 120 at 15 (fee 6), 5 cents a share.
    # Trip 1: 100, fees 2 + 6 * 100/120 = 7. Trip 2: 20 of the 50, fees 0.4 + 1 = 1.4.
    matched = match_fifo([fill(0, 100, 10.0, 2), fill(1, 50, 12.0, 1), fill(2, -120, 15.0, 6)])
    assert told(matched) == [("long", 10.0, 15.0, 100.0, 7.0), ("long", 12.0, 15.0, 20.0, 1.4)]
    (left,) = matched.open_lots
    assert (left.quantity, left.fees) == (30, Fraction(6, 10))


def test_two_partial_closes_of_one_lot_are_two_trades():
    # 100 at 10 with a fee of 5; 30 sold with a fee of 1, 70 with a fee of 2.
    matched = match_fifo([fill(0, 100, 10.0, 5), fill(1, -30, 11.0, 1), fill(2, -70, 9.0, 2)])
    assert told(matched) == [("long", 10.0, 11.0, 30.0, 2.5), ("long", 10.0, 9.0, 70.0, 5.5)]
    assert matched.open_lots == []


def test_what_is_sold_first_is_a_short_and_a_larger_purchase_turns_it_round():
    # Short 10 at 50, bought 25 at 40 with a fee of 5: 10 close (fee 2), 15 are a new long (3).
    matched = match_fifo([fill(0, -10, 50.0), fill(1, 25, 40.0, 5), fill(2, -15, 41.0)])
    assert told(matched) == [("short", 50.0, 40.0, 10.0, 2.0), ("long", 40.0, 41.0, 15.0, 3.0)]


def test_time_counts_and_not_the_order_of_the_file():
    matched = match_fifo([fill(9, -10, 12.0), fill(0, 10, 10.0)])
    assert told(matched) == [("long", 10.0, 12.0, 10.0, 0.0)]


def test_symbols_are_not_matched_with_each_other():
    matched = match_fifo([fill(0, 10, symbol="A"), fill(1, -10, symbol="B")])
    assert matched.trips == []
    assert len(matched.open_lots) == 2


def test_what_closes_only_opens_no_short():
    matched = match_fifo([fill(0, 10), fill(1, -25, closes_only=True), fill(2, 5)])
    assert [float(t.quantity) for t in matched.trips] == [10.0]
    assert [lot.quantity for lot in matched.unmatched] == [-15]
    assert [lot.quantity for lot in matched.open_lots] == [5]


fills = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.decimals(-1000, 1000, places=4).filter(bool),
        st.decimals(0, 10, places=3),
        st.sampled_from("AB"),
        st.booleans(),
    ),
    max_size=40,
)


@given(fills)
def test_what_was_bought_is_what_was_closed_and_what_is_left_to_the_last_digit(rows):
    executions = [
        fill(minute, size, 10.0, fees, symbol, closes_only=closes)
        for minute, size, fees, symbol, closes in rows
    ]
    matched = match_fifo(executions)
    left = [*matched.open_lots, *matched.unmatched]
    for sign in (1, -1):
        traded = sum(abs(e.quantity) for e in executions if e.quantity * sign > 0)
        kept = sum(abs(lot.quantity) for lot in left if lot.quantity * sign > 0)
        assert traded == sum(t.quantity for t in matched.trips) + kept
    assert sum(e.fees for e in executions) == sum(part.fees for part in [*matched.trips, *left])
    assert all(t.quantity > 0 and t.exit.moment >= t.entry.moment for t in matched.trips)
