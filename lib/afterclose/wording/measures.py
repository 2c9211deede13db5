"""The measures of a set of trades as people read them: the one list that tables are made from."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from afterclose.numerals import count, number, percent

if TYPE_CHECKING:  # NumPy stands behind it
    from afterclose.measures.metrics import TradeMetrics

Form = Callable[..., str]
"""A figure as text; ``signed`` asks for its sign, as differences have it."""


class Measure(NamedTuple):
    """One row: its name, its field in `TradeMetrics`, and its form."""

    name: str
    key: str
    form: Form

    def of(self, metrics: "TradeMetrics") -> float | None:
        """The figure of one policy."""
        figure: float | None = getattr(metrics, self.key)
        return figure


MEASURES: Final = (
    Measure("Trade Count", "trades", count),
    Measure("Bad Trades", "bad_trades", count),
    Measure("Bad Share", "bad_share", percent),
    Measure("Win Rate", "win_rate", percent),
    Measure("Expectancy", "expectancy", partial(percent, digits=2, signed=True)),
    Measure("Total PnL", "total_pnl", percent),
    Measure("Profit Factor", "profit_factor", number),
    Measure("Max Drawdown", "max_drawdown", percent),
    Measure("Exp. Shortfall 5 %", "expected_shortfall_5", percent),
    Measure("Sharpe per Trade", "sharpe_per_trade", partial(number, digits=3)),
)
