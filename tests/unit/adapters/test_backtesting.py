"""`adapters.backtesting` in the real library: entries are asked about, exits are not."""

import re
from typing import Any

import pandas as pd
import pytest

from afterclose.adapters.backtesting import FilteredEntries, reduced_size
from afterclose.testing import AllowsAll, BlocksAll
from repository import REPOSITORY

pytest.importorskip(
    "backtesting", reason="backtesting.py is not installed: pip install backtesting"
)
from backtesting import Backtest, Strategy

PRICES = [100.0, 101, 102, 103, 104, 105, 106, 107, 108, 109]
DATA = pd.DataFrame(
    {"Open": PRICES, "High": PRICES, "Low": PRICES, "Close": PRICES, "Volume": 1.0},
    index=pd.date_range("2026-01-05", periods=10, freq="D"),
)


class Rules(Strategy):  # type: ignore[misc]
    """Long at the third bar, out by selling the same at the sixth."""

    size: Any = 10

    def init(self) -> None:
        pass

    def next(self) -> None:
        if len(self.data) == 3:
            self.buy(size=self.size, sl=90)
        if len(self.data) == 6 and self.position:
            self.sell(size=abs(self.position.size))


def trades(risk: Any, wanted: Any = 10) -> pd.DataFrame:
    class Filtered(FilteredEntries, Rules):
        size = wanted
        symbol = "AAPL"

        def features(self) -> dict[str, float]:
            return {"close": self.data.Close[-1]}

    Filtered.risk = risk
    stats = Backtest(DATA, Filtered, cash=10_000, finalize_trades=True).run()
    return stats["_trades"]


def test_an_allowed_entry_is_the_rules_own(recwarn: Any) -> None:
    risk = AllowsAll()
    assert trades(risk)["Size"].tolist() == trades(None)["Size"].tolist() == [10]
    (question,) = risk.questions  # the exit was not asked about
    assert question.features == {"close": 102.0}
    about = question.about
    assert about is not None
    assert (about.symbol, about.side, about.stop_price) == ("AAPL", "long", 90)
    assert str(about.at) == "2026-01-07 00:00:00"


def test_a_blocked_entry_is_not_made() -> None:
    assert trades(BlocksAll()).empty


def test_a_smaller_entry_is_in_whole_units_and_closed_whole() -> None:
    assert trades(AllowsAll(0.55))["Size"].tolist() == [5]
    assert trades(AllowsAll(0.05)).empty
    assert trades(AllowsAll(0.5), wanted=0.4)["Size"].tolist() == [19]  # 20 % of 10,000 at 103


@pytest.mark.parametrize(
    ("size", "multiplier", "left"), [(None, 0.5, 0.5), (0.8, 0.5, 0.4), (7, 0.5, 3), (1, 0.9, 0)]
)
def test_sizes_of_both_kinds(size: float | None, multiplier: float, left: float) -> None:
    assert reduced_size(size, multiplier) == left


def test_the_recipe_runs() -> None:
    text = (REPOSITORY / "docs/recipes/backtesting.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {"prices": DATA}
    exec(code, scope)  # noqa: S102 - the project's own documentation
    assert scope["stats"]["# Trades"] >= 1
