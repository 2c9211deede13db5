"""`adapters.nautilus` in the real backtest engine: entries are asked about, exits are not."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from afterclose.adapters.nautilus import FilteredEntries
from afterclose.testing import AllowsAll, BlocksAll
from repository import REPOSITORY

pytest.importorskip(
    "nautilus_trader",
    reason="nautilus_trader is not installed; `make adapters` tests it in an environment",
)
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

AAPL = TestInstrumentProvider.equity("AAPL", "XNAS")
BAR_TYPE = BarType.from_str("AAPL.XNAS-1-DAY-LAST-EXTERNAL")
DAY_NS = 86_400_000_000_000


def bars() -> list[Any]:
    """Ten days that rise by one from 100, from 5 January 2026."""
    price, volume = [Price(100.0 + day, 2) for day in range(10)], Quantity.from_int(1_000)
    first = 1_767_571_200_000_000_000
    return [
        Bar(BAR_TYPE, each, each, each, each, volume, first + day * DAY_NS, first + day * DAY_NS)
        for day, each in enumerate(price)
    ]


class Rules(Strategy):  # type: ignore[misc]
    """Long 10 after the third bar, a bracket or not, out after the sixth."""

    def __init__(self, bracket: bool) -> None:
        super().__init__()
        self.bracket, self.seen, self.fills = bracket, 0, list[tuple[str, float]]()

    def on_start(self) -> None:
        self.subscribe_bars(BAR_TYPE)

    def on_bar(self, bar: Any) -> None:
        self.seen += 1
        if self.seen == 3 and self.bracket:
            self.submit_order_list(
                self.order_factory.bracket(
                    AAPL.id, OrderSide.BUY, AAPL.make_qty(10),
                    sl_trigger_price=AAPL.make_price(90), tp_price=AAPL.make_price(105),
                )
            )  # fmt: skip
        elif self.seen == 3:
            self.submit_order(self.order_factory.market(AAPL.id, OrderSide.BUY, AAPL.make_qty(10)))
        elif self.seen == 6:
            self.close_all_positions(AAPL.id)
        elif self.seen == 8:  # short, and out by an order that says nothing of being an exit
            self.submit_order(self.order_factory.market(AAPL.id, OrderSide.SELL, AAPL.make_qty(4)))
        elif self.seen == 9:
            self.submit_order(self.order_factory.market(AAPL.id, OrderSide.BUY, AAPL.make_qty(4)))

    def on_order_filled(self, event: Any) -> None:
        self.fills.append((event.order_side.name, float(event.last_qty)))


class Filtered(FilteredEntries, Rules):
    def features(self, instrument_id: Any) -> dict[str, float]:
        return {"close": float(self.cache.bar(BAR_TYPE).close)}


@pytest.fixture
def engine() -> Iterator[Any]:
    made = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    made.add_venue(
        Venue("XNAS"),
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(100_000, USD)],
        base_currency=USD,
        default_leverage=Decimal(1),
    )
    made.add_instrument(AAPL)
    made.add_data(bars())
    yield made
    made.dispose()


def fills(engine: Any, risk: Any, *, bracket: bool = False) -> list[tuple[str, float]]:
    strategy = Rules(bracket) if risk is None else Filtered(bracket)
    strategy.risk = risk
    engine.add_strategy(strategy)
    engine.run()
    return strategy.fills


@pytest.mark.parametrize("bracket", [False, True])
def test_allowed_entries_are_the_rules_own_and_exits_are_not_asked_about(
    engine: Any, bracket: bool
) -> None:
    risk = AllowsAll()
    filled = fills(engine, risk, bracket=bracket)
    assert filled == [("BUY", 10), ("SELL", 10), ("SELL", 4), ("BUY", 4)]
    first, second = risk.questions
    assert first.features == {"close": 102.0}
    assert first.about is not None
    assert second.about is not None
    assert (first.about.symbol, first.about.side, first.about.quantity) == ("AAPL", "long", 10)
    assert (second.about.side, second.about.quantity) == ("short", 4)
    assert str(first.about.at) == "2026-01-07 00:00:00+00:00"
    plan = (first.about.stop_price, first.about.target_price)
    assert plan == ((90.0, 105.0) if bracket else (None, None))


def test_without_a_filter_nothing_differs(engine: Any) -> None:
    assert fills(engine, None) == [("BUY", 10), ("SELL", 10), ("SELL", 4), ("BUY", 4)]


@pytest.mark.parametrize("bracket", [False, True])
def test_blocked_entries_are_not_made(engine: Any, bracket: bool) -> None:
    risk = BlocksAll()
    assert fills(engine, risk, bracket=bracket) == []
    assert len(risk.questions) == 3  # nothing is held, so the last buy is an entry too


@pytest.mark.parametrize("bracket", [False, True])
def test_smaller_entries_are_in_whole_steps_and_end_whole(engine: Any, bracket: bool) -> None:
    filled = fills(engine, AllowsAll(0.55), bracket=bracket)
    assert filled == [("BUY", 5), ("SELL", 5), ("SELL", 2), ("BUY", 4)]


def test_what_is_below_a_share_is_not_entered(engine: Any) -> None:
    assert fills(engine, AllowsAll(0.05)) == []


def test_the_recipe_runs(engine: Any) -> None:
    text = (REPOSITORY / "docs/recipes/nautilus.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {"engine": engine, "bar_type": BAR_TYPE}
    exec(code, scope)  # noqa: S102 - the project's own documentation
    assert len(engine.cache.positions()) >= 1
