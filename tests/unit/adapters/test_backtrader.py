"""`adapters.backtrader` in the real library: entries are asked about, exits are not."""

import re
from typing import Any

import pandas as pd
import pytest

from afterclose.adapters.backtrader import FilteredEntries
from afterclose.testing import AllowsAll, BlocksAll
from repository import REPOSITORY

bt: Any = pytest.importorskip(
    "backtrader", reason="backtrader is not installed: pip install backtrader"
)

PRICES = [100.0, 101, 102, 103, 104, 105, 106, 107, 108, 109]
DATA = pd.DataFrame(
    {"open": PRICES, "high": PRICES, "low": PRICES, "close": PRICES, "volume": 1.0},
    index=pd.date_range("2026-01-05", periods=10, freq="D"),
)


class Rules(bt.Strategy):  # type: ignore[misc]
    """Long 10 at the third bar with a stop beneath, all out at the sixth."""

    def __init__(self) -> None:
        self.fills: list[float] = []

    def next(self) -> None:
        if len(self) == 3:
            self.buy_bracket(size=10, exectype=bt.Order.Market, stopprice=90.0, limitprice=200.0)
        if len(self) == 6 and self.position:
            self.close()

    def notify_order(self, order: Any) -> None:
        if order.status == order.Completed:
            self.fills.append(order.executed.size)


def fills(filter_: Any) -> list[float]:
    class Filtered(FilteredEntries, Rules):
        risk = filter_

        def features(self, data: Any) -> dict[str, float]:
            return {"close": data.close[0]}

    engine = bt.Cerebro()
    engine.addstrategy(Filtered)
    engine.adddata(bt.feeds.PandasData(dataname=DATA), name="AAPL")
    (strategy,) = engine.run()
    return strategy.fills  # type: ignore[no-any-return]


def test_an_allowed_entry_is_the_rules_own_and_exits_are_not_asked_about() -> None:
    risk = AllowsAll()
    assert fills(risk) == fills(None) == [10, -10]
    (question,) = risk.questions
    assert question.features == {"close": 102.0}
    about = question.about
    assert about is not None
    assert (about.symbol, about.side, about.quantity) == ("AAPL", "long", 10)
    assert about.at == "2026-01-07T00:00:00"


def test_a_blocked_entry_is_not_made() -> None:
    assert fills(BlocksAll()) == []


def test_a_smaller_entry_is_in_whole_lots() -> None:
    assert fills(AllowsAll(0.55))[0] == 5
    assert fills(AllowsAll(0.05)) == []


def test_the_recipe_runs() -> None:
    text = (REPOSITORY / "docs/recipes/backtrader.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {"prices": DATA}
    exec(code, scope)  # noqa: S102 - the project's own documentation
    assert scope["strategies"]
