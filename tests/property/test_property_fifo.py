"""First in, first out: what was bought is to the last digit what was closed and what is left."""

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclose.importing.fifo import match_fifo
from afterclose.importing.parsed import Execution

START = datetime(2026, 1, 5, tzinfo=UTC)
SIZES = st.decimals("0.001", "1000", places=3).filter(bool)
FILLS = st.lists(
    st.tuples(st.sampled_from("AB"), SIZES, st.booleans(), st.integers(1, 500), st.integers(0, 9)),
    max_size=30,
)


def executions(drawn):
    return [
        Execution(
            account="", symbol=symbol, moment=START + timedelta(minutes=number),
            price=float(price), quantity=size if bought else -size, fees=float(fees), place="",
        )
        for number, (symbol, size, bought, price, fees) in enumerate(drawn)
    ]  # fmt: skip


def one_unit_at_a_time(fills):
    """The same by the plainest means there is: thousandths of a share in a queue."""
    held, gains = {}, Decimal(0)
    for fill in fills:
        queue = held.setdefault(fill.symbol, deque())
        units, sign = int(abs(fill.quantity) * 1000), 1 if fill.quantity > 0 else -1
        while units and queue and queue[0][0] != sign:
            before, size, price = queue.popleft()
            taken = min(size, units)
            gains += before * (Decimal(fill.price) - Decimal(price)) * taken / 1000
            units -= taken
            if size > taken:
                queue.appendleft((before, size - taken, price))
        if units:
            queue.append((sign, units, fill.price))
    left = {
        symbol: sum(Decimal(sign * size) for sign, size, _ in queue) / 1000
        for symbol, queue in held.items()
    }
    return gains, left


@given(FILLS)
def test_money_quantities_and_fees_are_those_of_a_queue_of_units(drawn):
    fills = executions(drawn)
    found = match_fifo(fills)
    gains, left = one_unit_at_a_time(fills)
    computed = sum(
        (1 if piece.entry.quantity > 0 else -1)
        * (Decimal(piece.exit.price) - Decimal(piece.entry.price))
        * piece.quantity
        for piece in found.pieces
    )
    assert computed == gains
    open_ = {symbol: Decimal(0) for symbol in left}
    for lot in found.open_lots:
        open_[lot.execution.symbol] += lot.quantity
    assert open_ == left
    fees = sum(piece.fees for piece in found.pieces) + sum(lot.fees for lot in found.open_lots)
    assert fees == pytest.approx(sum(fill.fees for fill in fills))
    assert all(piece.entry.moment <= piece.exit.moment for piece in found.pieces)


@given(FILLS)
def test_where_nothing_can_be_short_no_sale_opens(drawn):
    fills = executions(drawn)
    found = match_fifo(fills, long_only=True)
    assert all(piece.entry.quantity > 0 for piece in found.pieces)
    assert all(lot.quantity > 0 for lot in found.open_lots)
    sold = -sum(fill.quantity for fill in fills if fill.quantity < 0)
    closed = sum(piece.quantity for piece in found.pieces)
    assert closed - sum(lot.quantity for lot in found.unmatched) == sold
