"""The filter in front of the orders of an Alpaca trading client (`alpaca-py`).

    class Client(FilteredOrders, TradingClient):
        risk = SessionFilter(load_settings())

    client = Client(key, secret, paper=True)
    client.submit_order(order, features={"rsi_14": 61.5})

An order with features is an entry, and the filter is asked first; without them, as exits are
sent, it goes through untouched. So does an order with features that works against an open
position: by its `position_intent`, or by asking Alpaca for the position. Where Alpaca does not
answer that, the order is sent as the rules want it: nothing here may hold up an exit.
"""

from typing import Any

from afterclose.records import Subject
from afterclose.trading.lots import reduced_quantity

FRACTION_STEP = 1e-9
"""Alpaca takes nine decimals of a share."""

CENT = 0.01

LEAST_NOTIONAL = 1.0
"""In dollars: Alpaca refuses orders below."""


NOT_FOUND = 404
"""What Alpaca answers where there is no position."""


class FilteredOrders:
    """Mixed into `TradingClient`, before it; ``risk`` is any filter, ``strategy`` a name for it."""

    risk: Any = None
    strategy: str | None = None

    def submit_order(self, order_data: Any, features: object = None) -> Any:
        """As of TradingClient; None when the filter blocks the entry or leaves nothing of it.

        Whole shares stay whole, fractions and dollar amounts are rounded down. The legs of a
        bracket follow the quantity of the entry.
        """
        send = super().submit_order  # type: ignore[misc]
        side = _side(order_data)
        if self.risk is None or features is None or side is None or self._exits(order_data, side):
            return send(order_data)
        verdict = self.risk.check(features, self._about(order_data, side))
        if not verdict.allowed:
            return None
        if verdict.size_multiplier >= 1:
            return send(order_data)
        smaller = reduced_order(order_data, verdict.size_multiplier)
        return None if smaller is None else send(smaller)

    def _exits(self, order: Any, side: str) -> bool:
        intent = _word(order.position_intent)
        if intent is not None:
            return intent.endswith("_to_close")
        if _word(order.order_class) == "oco":  # Alpaca has them for exits alone
            return True
        try:
            position = self.get_open_position(order.symbol)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - network, JSON, HTTP: no answer is no answer
            return getattr(error, "status_code", None) != NOT_FOUND
        return _word(position.side) != side

    def _about(self, order: Any, side: str) -> Subject:
        return Subject(
            trade_id=order.client_order_id,
            symbol=order.symbol,
            side=side,
            strategy=self.strategy,
            price=getattr(order, "limit_price", None),
            quantity=order.qty,
            stop_price=getattr(order.stop_loss, "stop_price", None),
            target_price=getattr(order.take_profit, "limit_price", None),
        )


def reduced_order(order: Any, multiplier: float) -> Any:
    """The order made smaller; None where nothing is left that Alpaca would take."""
    if order.notional is not None:
        left = reduced_quantity(order.notional, multiplier, step=CENT, min_quantity=LEAST_NOTIONAL)
        return order.model_copy(update={"notional": left}) if left else None
    whole = float(order.qty).is_integer()
    left = reduced_quantity(order.qty, multiplier, step=1.0 if whole else FRACTION_STEP)
    return order.model_copy(update={"qty": left}) if left else None


def _side(order: Any) -> str | None:
    """Long or short, as the order would open it; None for orders of several options."""
    if order.symbol is None:
        return None
    words = _word(order.side) or _word(order.position_intent) or ""
    return "long" if words.startswith("buy") else "short" if words.startswith("sell") else None


def _word(value: Any) -> str | None:
    """The value of an enum, or the text itself."""
    return None if value is None else str(getattr(value, "value", value))
