"""The filter in front of the entries of a nautilus_trader strategy.

    class Breakout(FilteredEntries, Strategy):
        risk = SessionFilter(load_settings())

        def features(self, instrument_id):
            return {"rsi_14": 100 * self.rsi.value}

`submit_order` and `submit_order_list` ask first, by the strategy's own clock, so backtests and
live trading run the same lines. Untouched go what is reduce-only, what has a parent order (the
stop and the target of a bracket), and what works against an open position: these are exits.

A `RiskEngine` of one's own would see every strategy's orders, and cannot be put into a node or
an engine without replacing parts of it that are private.
"""

from collections.abc import Mapping
from typing import Any

from afterclose.records import Decision, Subject
from afterclose.trading.lots import reduced_quantity


class FilteredEntries:
    """Mixed into a Strategy, before it; ``risk`` is any filter."""

    risk: Any = None

    def features(self, instrument_id: Any) -> Mapping[str, Any]:
        """What the rules see of an instrument now: the names that the model was trained on."""
        raise NotImplementedError("a strategy with FilteredEntries says its features")

    def on_entry_blocked(self, order: Any, verdict: Decision) -> None:
        """Called instead of submitting ``order``; by default it is logged."""
        strategy: Any = self
        risk = "" if verdict.risk_score is None else f", risk {verdict.risk_score:.3f}"
        strategy.log.info(f"Not entered ({verdict.reason}{risk}): {order}")

    def submit_order(self, order: Any, position_id: Any = None, *more: Any, **named: Any) -> None:
        """As of Strategy; a blocked entry is not submitted."""
        submit = super().submit_order  # type: ignore[misc]
        for left in self._left([order], position_id):
            submit(left, position_id, *more, **named)

    def submit_order_list(
        self, order_list: Any, position_id: Any = None, *more: Any, **named: Any
    ) -> None:
        """As of Strategy; of a blocked entry nothing is submitted, its stop and target neither."""
        submit = super().submit_order_list  # type: ignore[misc]
        orders = order_list.orders
        left = self._left(orders, position_id)
        if left is orders:
            submit(order_list, position_id, *more, **named)
        elif left:
            submit(type(order_list)(order_list.id, left), position_id, *more, **named)

    def _left(self, orders: list[Any], position_id: Any) -> list[Any]:
        """The orders to submit, the entry first: the same, smaller ones, or none."""
        entry = orders[0]
        if self.risk is None or self._exits(entry, position_id):
            return orders
        about = self._about(entry, orders[1:])
        verdict = self.risk.check(self.features(entry.instrument_id), about)
        if verdict.allowed and verdict.size_multiplier >= 1:
            return orders
        smaller = [self._reduced(order, verdict.size_multiplier) for order in orders]
        if verdict.allowed and all(smaller):
            return smaller
        self.on_entry_blocked(entry, verdict)
        return []

    def _exits(self, order: Any, position_id: Any) -> bool:
        strategy: Any = self
        if order.is_reduce_only or order.parent_order_id is not None:
            return True
        if position_id is None:
            held = strategy.cache.positions_open(
                instrument_id=order.instrument_id, strategy_id=strategy.id
            )
        else:
            held = [strategy.cache.position(position_id)]
        quantity = sum(position.signed_qty for position in held if position is not None)
        return bool(quantity < 0 if order.is_buy else quantity > 0)

    def _about(self, entry: Any, others: list[Any]) -> Subject:
        strategy: Any = self
        stops = [float(order.trigger_price) for order in others if order.has_trigger_price]
        targets = [float(order.price) for order in others if order.has_price]
        return Subject(
            trade_id=entry.client_order_id.value,
            symbol=entry.instrument_id.symbol.value,
            side="long" if entry.is_buy else "short",
            at=strategy.clock.utc_now(),
            strategy=strategy.id.value,
            price=float(entry.price) if entry.has_price else None,
            quantity=float(entry.quantity),
            stop_price=stops[0] if stops else None,
            target_price=targets[0] if targets else None,
        )

    def _reduced(self, order: Any, multiplier: float) -> Any:
        """The order in the instrument's steps and above its least quantity; None if none is left.

        An order that was not submitted yet is nothing but its first event, so a smaller one is
        that event with another quantity.
        """
        from nautilus_trader.model.orders import OrderUnpacker  # it takes a second to import

        strategy: Any = self
        instrument = strategy.cache.instrument(order.instrument_id)
        least = instrument.min_quantity
        left = reduced_quantity(
            float(order.quantity),
            multiplier,
            step=float(instrument.size_increment),
            min_quantity=0.0 if least is None else float(least),
        )
        if not left:
            return None
        first = type(order.init_event).to_dict(order.init_event)
        return OrderUnpacker.unpack(first | {"quantity": str(instrument.make_qty(left))})
