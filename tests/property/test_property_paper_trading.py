"""For any signals, bars and verdicts: the filter adds no trade, enlarges none, moves no exit."""

import tempfile
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from afterclose.config import load_settings
from afterclose.ledger import TradeLedger
from afterclose.paper_trading_executor import SHADOW_PREFIX, PaperTradingExecutor
from afterclose.records import Bar, Decision, Signal
from afterclose.trading.exit_rules import ExitPlan, exit_on_bar
from trading_builders import ALLOWED, BLOCKED, FixedFilter, ledger_lines, make_bar, make_signal

FIRST_DAY, DAYS = 5, 12
PRICES = st.floats(80, 120)


class Scripted(FixedFilter):
    """Gives one decision after the other."""

    def __init__(self, decisions: list[Decision]) -> None:
        self.decisions = iter(decisions)

    def check(self, features: object) -> Decision:
        return next(self.decisions)


@st.composite
def bars_of_a_day(draw: st.DrawFn, day: int) -> Bar:
    opened, close, one, other = (draw(PRICES) for _ in range(4))
    prices = (opened, max(opened, close, one), min(opened, close, other), close)
    return make_bar(day, prices)


@st.composite
def signals_of_a_day(draw: st.DrawFn, day: int) -> Signal:
    side = draw(st.sampled_from(["long", "short"]))
    below, above = draw(st.floats(70, 99)), draw(st.floats(101, 130))
    return make_signal(
        side=side,
        timestamp=f"2026-01-{day:02d}T16:00:00-05:00",
        quantity=draw(st.floats(0.1, 1000)),
        stop_price=draw(st.sampled_from([None, below if side == "long" else above])),
        target_price=draw(st.sampled_from([None, above if side == "long" else below])),
        max_holding_days=draw(st.sampled_from([None, 1.0, 4.0])),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Bar, list[Signal]]]:
    days = range(FIRST_DAY, FIRST_DAY + draw(st.integers(1, DAYS)))
    return [
        (draw(bars_of_a_day(day)), draw(st.lists(signals_of_a_day(day), max_size=2)))
        for day in days
    ]


verdicts = st.one_of(
    st.just(ALLOWED),
    st.just(BLOCKED),
    st.floats(0.01, 1).map(lambda share: replace(ALLOWED, size_multiplier=share)),
)


def trade(
    volume: str, env: str, history: list[tuple[Bar, list[Signal]]], decisions: list[Decision]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Closed trades and open positions by trade id, shadow trades under the id of their signal."""
    chosen = load_settings({}, logs_dir=volume, env=env, slippage_bps=5.0, fees_bps=1.0)
    path = chosen.root / "trade_ledger.jsonl"
    executor = PaperTradingExecutor(chosen, Scripted(decisions), TradeLedger(path))
    for bar, signals in history:
        executor.mark_to_market(bar)
        for signal in signals:
            executor.execute_signal(signal)
    closed = [*ledger_lines(path), *ledger_lines(chosen.shadow_ledger_path)]
    still_open: list[dict[str, Any]] = [msgspec.to_builtins(asdict(p)) for p in executor.positions]
    return _by_signal(closed), _by_signal(still_open)


def _by_signal(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {record["trade_id"].removeprefix(SHADOW_PREFIX): record for record in records}
    assert len(found) == len(records)
    return found


@settings(deadline=None, max_examples=25)
@given(history=histories(), data=st.data())
def test_with_any_verdicts_the_trades_are_those_of_the_rules_alone_or_less(
    history: list[tuple[Bar, list[Signal]]], data: st.DataObject
) -> None:
    count = sum(len(signals) for _, signals in history)
    decisions = data.draw(st.lists(verdicts, min_size=count, max_size=count))
    with tempfile.TemporaryDirectory() as volume:
        rules = trade(volume, "rules", history, [ALLOWED] * count)
        filtered = trade(volume, "filtered", history, decisions)
    for alone, with_filter in zip(rules, filtered, strict=True):
        assert with_filter.keys() == alone.keys()
        for trade_id, record in with_filter.items():
            decision = decisions[int(trade_id.rpartition("-")[2]) - 1]
            same = dict(alone[trade_id])
            if decision == BLOCKED:
                same |= {"trade_id": SHADOW_PREFIX + trade_id, "source": "shadow"}
            else:
                same["quantity"] *= decision.size_multiplier
                same["fees"] = pytest.approx(same["fees"] * decision.size_multiplier)
            assert record == same


@settings(deadline=None, max_examples=25)
@given(history=histories())
def test_mae_and_mfe_enclose_the_return_before_fees(
    history: list[tuple[Bar, list[Signal]]],
) -> None:
    count = sum(len(signals) for _, signals in history)
    with tempfile.TemporaryDirectory() as volume:
        closed, _ = trade(volume, "paper", history, [ALLOWED] * count)
    for record in closed.values():
        towards_gain = 1 if record["side"] == "long" else -1
        gross = towards_gain * (record["exit_price"] / record["entry_price"] - 1)
        assert record["mae_pct"] - 1e-12 <= gross <= record["mfe_pct"] + 1e-12
        assert -1 <= record["mae_pct"] <= 0 <= record["mfe_pct"]


@settings(deadline=None)
@given(
    bar=bars_of_a_day(5), stop=st.floats(70, 130), target=st.floats(70, 130),
    side=st.sampled_from(["long", "short"]), held=st.floats(0, 10),
)  # fmt: skip
def test_an_exit_is_at_a_price_that_the_bar_traded_at(
    bar: Bar, stop: float, target: float, side: str, held: float
) -> None:
    leave = exit_on_bar(side, ExitPlan(stop, target, 5.0), bar, held)
    if leave is not None:
        assert all(bar.low <= price <= bar.high for price in (leave.price, *leave.seen_prices))
    else:
        assert held < 5
