"""The filter in front of the entries of a backtrader strategy.

    class MyStrategy(FilteredEntries, bt.Strategy):
        risk = SessionFilter(load_settings())

        def features(self, data):
            return {"rsi_14": self.rsi[0]}

`buy` and `sell` ask the filter first, also those of bracket orders. An order against an open
position is an exit, and goes through untouched, as does everything with a parent order: it is
the stop or the target of an entry that was asked about already.
"""

from collections.abc import Mapping
from typing import Any

from afterclose.records import Subject
from afterclose.trading.lots import reduced_quantity


class FilteredEntries:
    """Mixed into a Strategy, before it; ``risk`` is any filter.

    ``lot`` is the step of a quantity that the broker takes, 0 for any.
    """

    risk: Any = None
    lot: float = 1.0
    _checked = False

    def features(self, data: Any) -> Mapping[str, Any]:
        """What the rules see of ``data`` at this bar: the names that the model was trained on."""
        raise NotImplementedError("a strategy with FilteredEntries says its features")

    def buy(self, data: Any = None, size: float | None = None, **order: Any) -> Any:
        """As of Strategy; None when the filter blocks it."""
        left = self._left("long", data, size, order)
        return super().buy(data=data, size=left, **order) if left != 0 else None  # type: ignore[misc]

    def sell(self, data: Any = None, size: float | None = None, **order: Any) -> Any:
        """As of Strategy; None when the filter blocks it."""
        left = self._left("short", data, size, order)
        return super().sell(data=data, size=left, **order) if left != 0 else None  # type: ignore[misc]

    def buy_bracket(self, data: Any = None, size: float | None = None, **orders: Any) -> Any:
        """As of Strategy; three times None when the filter blocks it."""
        return self._bracket("long", super().buy_bracket, data, size, orders)  # type: ignore[misc]

    def sell_bracket(self, data: Any = None, size: float | None = None, **orders: Any) -> Any:
        """As of Strategy; three times None when the filter blocks it."""
        return self._bracket("short", super().sell_bracket, data, size, orders)  # type: ignore[misc]

    def _bracket(
        self, side: str, place: Any, data: Any, size: float | None, orders: dict[str, Any]
    ) -> Any:
        left = self._left(side, data, size, orders)
        if left == 0:
            return [None] * 3
        self._checked = True
        try:
            return place(data=data, size=left, **orders)
        finally:
            self._checked = False

    def _left(
        self, side: str, data: Any, size: float | None, order: dict[str, Any]
    ) -> float | None:
        """The size that is left of an entry, 0 when it is blocked; any other order's own."""
        strategy: Any = self
        chart = strategy.data if data is None else data
        held = strategy.getposition(chart).size
        is_exit = held < 0 if side == "long" else held > 0
        if is_exit or self.risk is None or self._checked or order.get("parent") is not None:
            return size
        wanted = abs(size if size is not None else strategy.getsizing(chart, isbuy=side == "long"))
        about = Subject(
            symbol=chart._name or None,  # noqa: SLF001 - backtrader's name of a feed
            side=side,
            at=chart.datetime.datetime(0).isoformat(),
            price=order.get("price"),
            quantity=wanted or None,
            stop_price=order.get("stopprice"),
            target_price=order.get("limitprice"),
        )
        verdict = self.risk.check(self.features(chart), about)
        if not verdict.allowed:
            return 0
        if verdict.size_multiplier >= 1:
            return size
        return reduced_quantity(wanted, verdict.size_multiplier, step=self.lot)
