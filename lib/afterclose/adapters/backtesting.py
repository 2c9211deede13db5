"""The filter in front of the entries of a backtesting.py strategy.

    class MyStrategy(FilteredEntries, Strategy):
        risk = RiskFilter.load(load_settings(), lock=False, log=False)

        def features(self):
            return {"rsi_14": self.rsi[-1]}

`buy` and `sell` ask the filter first. An order against an open position is an exit in
backtesting.py, and goes through untouched.
"""

from collections.abc import Mapping
from typing import Any

from afterclose.records import Subject
from afterclose.trading.lots import reduced_quantity


class FilteredEntries:
    """Mixed into a Strategy, before it; ``risk`` is any filter."""

    risk: Any = None
    symbol: str | None = None

    def features(self) -> Mapping[str, Any]:
        """What the rules see at this bar: the names that the model was trained on."""
        raise NotImplementedError("a strategy with FilteredEntries says its features")

    def buy(self, **order: Any) -> Any:
        """As of Strategy; None when the filter blocks it."""
        return self._entry("long", self.position.is_short, super().buy, order)  # type: ignore[attr-defined,misc]

    def sell(self, **order: Any) -> Any:
        """As of Strategy; None when the filter blocks it."""
        return self._entry("short", self.position.is_long, super().sell, order)  # type: ignore[attr-defined,misc]

    def _entry(self, side: str, is_exit: bool, place: Any, order: dict[str, Any]) -> Any:
        if is_exit or self.risk is None:
            return place(**order)
        about = Subject(
            symbol=self.symbol,
            side=side,
            at=self.data.index[-1],  # type: ignore[attr-defined]  # of Strategy
            stop_price=order.get("sl"),
            target_price=order.get("tp"),
        )
        verdict = self.risk.check(self.features(), about)
        if not verdict.allowed:
            return None
        if verdict.size_multiplier >= 1:
            return place(**order)
        size = reduced_size(order.get("size"), verdict.size_multiplier)
        return place(**order | {"size": size}) if size else None


def reduced_size(size: float | None, multiplier: float) -> float:
    """backtesting.py's size made smaller: a share of the equity below 1, else whole units."""
    whole = 1.0 if size is None else size
    if whole < 1 or size is None:
        return min(whole * multiplier, 1 - 1e-9)
    return reduced_quantity(whole, multiplier)
