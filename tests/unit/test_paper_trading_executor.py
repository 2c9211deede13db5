"""`afterclose.paper_trading_executor`: the rules' trades, less what the filter keeps out."""

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import InputError
from afterclose.ledger import TradeLedger
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.settings import Settings
from afterclose.trading.decision_log import current_subject
from trading_builders import (
    ALLOWED,
    BLOCKED,
    BrokenFilter,
    FixedFilter,
    ledger_lines,
    make_bar,
    make_signal,
    shadow_lines,
)

QUIET = (100.0, 101.0, 99.0, 100.0)
NEXT_CLOSE = "2026-01-28T16:00:00-05:00"


def executor_in(settings: Settings, risk_filter: Any = None) -> PaperTradingExecutor:
    return PaperTradingExecutor(
        settings, risk_filter or FixedFilter(), TradeLedger(ledger_path(settings))
    )


def ledger_path(settings: Settings) -> Path:
    return settings.root / "trade_ledger.jsonl"


def test_an_allowed_signal_becomes_a_position(settings: Settings) -> None:
    executor = executor_in(settings)
    assert executor.execute_signal(make_signal()) == (True, "AAPL-20260127T210000Z-long-1")
    (position,) = executor.positions
    assert (position.quantity, position.entry_price, position.source) == (10, 100, "paper")


def test_a_record_holds_what_was_known_at_the_decision(settings: Settings) -> None:
    executor = executor_in(settings)
    features = {"rsi": 55.0, "gap": math.nan, "strong": True, "note": "late"}
    signal = make_signal(
        features=features, decision_timestamp="2026-01-26T16:00:00-05:00", rule_confidence=0.7
    )
    _, trade_id = executor.execute_signal(signal)
    features["rsi"] = 99.0
    executor.close_position(str(trade_id), 101.0, NEXT_CLOSE)
    (record,) = ledger_lines(ledger_path(settings))
    assert record["rule_features"] == {"rsi": 55.0, "gap": None, "strong": 1.0, "note": None}
    assert record["decision_timestamp"] == "2026-01-26T16:00:00-05:00"
    assert record["entry_timestamp"] == "2026-01-27T16:00:00-05:00"
    assert record["rule_confidence"] == 0.7
    assert (record["exit_type"], record["source"]) == ("MANUAL", "paper")


def test_a_blocked_signal_is_followed_in_the_shadow_ledger(settings: Settings) -> None:
    executor = executor_in(settings, FixedFilter(BLOCKED))
    assert executor.execute_signal(make_signal(stop_price=95)) == (False, None)
    (trade,) = executor.mark_to_market(make_bar(28, (100, 101, 94, 96)))
    assert trade.source == "shadow"
    (record,) = shadow_lines(settings)
    assert record["trade_id"] == "shadow-AAPL-20260127T210000Z-long-1"
    assert (record["source"], record["quantity"], record["exit_price"]) == ("shadow", 10, 95)
    assert not ledger_path(settings).exists()


def test_without_shadow_trades_a_blocked_signal_leaves_nothing(settings: Settings) -> None:
    quiet = replace(settings, shadow_blocked=False)
    executor = executor_in(quiet, FixedFilter(BLOCKED))
    assert executor.execute_signal(make_signal()) == (False, None)
    assert executor.positions == ()


def test_the_multiplier_scales_the_quantity(settings: Settings) -> None:
    executor = executor_in(settings, FixedFilter(replace(ALLOWED, size_multiplier=0.25)))
    executor.execute_signal(make_signal(quantity=10))
    assert executor.positions[0].quantity == 2.5


@pytest.mark.parametrize(
    "answer",
    [
        replace(ALLOWED, size_multiplier=1.5),
        replace(ALLOWED, size_multiplier=-1.0),
        replace(ALLOWED, size_multiplier=math.nan),
        replace(ALLOWED, size_multiplier=None),
        None,
        "allowed",
    ],
)
def test_a_filter_that_asks_for_more_than_the_rules_is_passed_over(
    settings: Settings, answer: Any
) -> None:
    executor = executor_in(settings, FixedFilter(answer))
    executed, _ = executor.execute_signal(make_signal(quantity=10))
    assert executed
    assert executor.positions[0].quantity == 10


def test_a_filter_that_raises_does_not_stop_trading(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    executor = executor_in(settings, BrokenFilter())
    assert executor.execute_signal(make_signal())[0]
    assert "the model is gone" in caplog.text


def test_a_multiplier_of_zero_is_a_block_whatever_else_is_said(settings: Settings) -> None:
    executor = executor_in(settings, FixedFilter(replace(ALLOWED, size_multiplier=0.0)))
    assert executor.execute_signal(make_signal()) == (False, None)
    assert executor.positions[0].source == "shadow"


def test_the_filter_sees_the_features_and_its_log_what_they_are_about(settings: Settings) -> None:
    class Listening(FixedFilter):
        def check(self, features: object) -> Any:
            self.subject = current_subject()
            return super().check(features)

    risk = Listening()
    executor_in(settings, risk).execute_signal(make_signal(side="short"))
    assert risk.asked == [{"rsi": 55.0}]
    assert (risk.subject.symbol, risk.subject.side) == ("AAPL", "short")
    assert risk.subject.at == "2026-01-27T21:00:00+00:00"


def test_two_signals_of_one_symbol_and_moment_are_two_trades(settings: Settings) -> None:
    executor = executor_in(settings)
    first, second = (executor.execute_signal(make_signal())[1] for _ in range(2))
    assert first != second
    assert len(executor.positions) == 2


def test_ids_are_the_same_with_and_without_a_model_and_after_a_restart(
    settings: Settings,
) -> None:
    signals = [make_signal(symbol=symbol) for symbol in ("AAPL", "MSFT", "NVDA")]
    for env, filters in (("rules", [ALLOWED] * 3), ("ml", [ALLOWED, BLOCKED, ALLOWED])):
        scope = replace(settings, env=env)
        for signal, decision in zip(signals, filters, strict=True):
            executor_in(scope, FixedFilter(decision)).execute_signal(signal)  # a restart each
    rules, filtered = (
        [position.trade_id for position in executor_in(replace(settings, env=env)).positions]
        for env in ("rules", "ml")
    )
    assert filtered == [rules[0], f"shadow-{rules[1]}", rules[2]]


def test_a_bar_of_the_entry_or_before_it_is_not_part_of_the_trade(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal(stop_price=95))
    crash = (100.0, 101.0, 50.0, 60.0)
    assert executor.mark_to_market(make_bar(26, crash)) == []
    assert executor.mark_to_market(make_bar(27, crash)) == []
    assert executor.positions[0].low_price == 100


def test_an_entry_at_the_open_lives_through_the_bar_of_that_day(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal(timestamp="2026-01-28T09:30:00-05:00"))
    executor.mark_to_market(make_bar(28, (100, 103, 98, 101)))
    (position,) = executor.positions
    assert (position.low_price, position.high_price) == (98, 103)


def test_bars_of_other_symbols_move_nothing(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal(stop_price=95))
    executor.mark_to_market(make_bar(28, (50, 51, 49, 50), symbol="MSFT"))
    assert executor.positions[0].low_price == 100


def test_a_bar_fed_twice_changes_nothing(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal())
    executor.mark_to_market(make_bar(28, QUIET))
    once = (settings.root / "paper_positions.json").read_bytes()
    executor.mark_to_market(make_bar(28, QUIET))
    assert (settings.root / "paper_positions.json").read_bytes() == once


def test_the_bars_of_a_close_are_stored_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(DiskLayer):
        replaced = 0

        def replace(self, source: Path, target: Path) -> None:
            self.replaced += 1
            super().replace(source, target)

    executor = executor_in(settings)
    symbols = ("AAPL", "MSFT", "NVDA")
    for symbol in symbols:
        executor.execute_signal(make_signal(symbol=symbol))
    layer = Counting()
    monkeypatch.setattr(files, "LAYER", layer)
    executor.mark_to_market(*(make_bar(28, QUIET, symbol=symbol) for symbol in symbols))
    assert layer.replaced == 1
    assert [position.low_price for position in executor_in(settings).positions] == [99, 99, 99]


def test_a_bad_bar_among_good_ones_moves_nothing(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal())
    with pytest.raises(InputError, match="nan"):
        executor.mark_to_market(make_bar(28, QUIET), make_bar(29, (math.nan, 1, 1, 1)))
    assert executor.positions[0].low_price == 100


def test_bars_of_numpy_numbers_are_as_good_as_plain_ones(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal(quantity=np.int64(10), features={"rsi": np.float32(50)}))
    prices = tuple(np.float64(price) for price in QUIET)
    executor.mark_to_market(make_bar(28, prices))  # type: ignore[arg-type]
    assert executor_in(settings).positions[0].low_price == 99


def test_positions_survive_a_restart_with_what_they_lived_through(settings: Settings) -> None:
    first = executor_in(settings)
    _, trade_id = first.execute_signal(make_signal(target_price=110))
    first.close_position(str(trade_id), 102.0, NEXT_CLOSE, quantity=4)
    first.mark_to_market(make_bar(28, (100, 104, 97, 103)))
    before = first.positions
    del first  # or both would share one book
    second = executor_in(settings)
    assert second.positions == before
    second.mark_to_market(make_bar(29, (104, 111, 103, 108)))
    (record,) = ledger_lines(ledger_path(settings))
    assert record["exit_price"] == pytest.approx((4 * 102 + 6 * 110) / 10)
    assert record["mae_pct"] == pytest.approx(-0.03)


def test_restarting_before_every_call_gives_the_same_bytes(settings: Settings) -> None:
    def trade(scope: Settings, *, restart: bool) -> list[bytes]:
        executors = [executor_in(scope)]

        def executor() -> PaperTradingExecutor:
            if restart:
                executors.clear()  # two at once would share one book
                executors.append(executor_in(scope))
            return executors[0]

        for day in range(28, 31):
            executor().execute_signal(
                make_signal(
                    timestamp=f"2026-01-{day - 1}T16:00:00-05:00", max_holding_days=2, stop_price=98
                )
            )
            executor().mark_to_market(make_bar(day, (100, 102, 99 - day % 3, 101)))
        return [path.read_bytes() for path in sorted(scope.root.glob("*.json*"))]

    one_run = trade(replace(settings, env="one"), restart=False)
    many_runs = trade(replace(settings, env="many"), restart=True)
    assert len(one_run) == 2
    assert one_run == many_runs


def test_a_naive_timestamp_is_the_markets_local_time(settings: Settings) -> None:
    india = replace(settings, market="india")
    executor = executor_in(india)
    executor.execute_signal(make_signal(timestamp="2026-01-27T15:30:00"))
    assert executor.positions[0].entry_timestamp == "2026-01-27T15:30:00+05:30"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"trade_id": "nobody"}, "no open position 'nobody'; open: AAPL-"),
        ({"price": 0}, "price=0"),
        ({"price": math.nan}, "price=nan"),
        ({"quantity": 0}, "quantity=0"),
        ({"quantity": 10.1}, "only 10.0 of"),
        ({"timestamp": "2026-01-27T15:59:00-05:00"}, "before the entry"),
        ({"timestamp": "soon"}, "must be a moment"),
    ],
)
def test_an_impossible_exit_is_refused_and_changes_nothing(
    settings: Settings, arguments: dict[str, Any], words: str
) -> None:
    executor = executor_in(settings)
    _, trade_id = executor.execute_signal(make_signal())
    before = executor.positions
    valid = {"trade_id": trade_id, "price": 101.0, "timestamp": NEXT_CLOSE}
    with pytest.raises(InputError, match=words):
        executor.close_position(**valid | arguments)
    assert executor.positions == before


def test_an_impossible_signal_is_refused_before_the_filter_is_asked(settings: Settings) -> None:
    risk = FixedFilter()
    executor = executor_in(settings, risk)
    with pytest.raises(InputError, match="price=-5"):
        executor.execute_signal(make_signal(price=-5))
    assert risk.asked == []
    assert executor.execute_signal(make_signal())[1] == "AAPL-20260127T210000Z-long-1"


def test_a_position_that_was_closed_cannot_be_closed_again(settings: Settings) -> None:
    executor = executor_in(settings)
    _, trade_id = executor.execute_signal(make_signal())
    assert executor.close_position(str(trade_id), 101.0, NEXT_CLOSE) is not None
    with pytest.raises(InputError, match="open: none"):
        executor.close_position(str(trade_id), 101.0, NEXT_CLOSE)
    assert len(ledger_lines(ledger_path(settings))) == 1


def test_a_short_that_loses_more_than_was_put_in_stays_on_the_ledgers_scale(
    settings: Settings,
) -> None:
    executor = executor_in(settings)
    _, trade_id = executor.execute_signal(make_signal(side="short"))
    executor.close_position(str(trade_id), 250.0, NEXT_CLOSE)
    (record,) = ledger_lines(ledger_path(settings))
    assert (record["mae_pct"], record["exit_price"]) == (-1.0, 250)


def test_a_scope_that_cannot_be_written_does_not_stop_trading(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    executor = executor_in(settings)
    shutil.rmtree(settings.root)
    settings.root.write_text("a file is in the way")
    assert executor.execute_signal(make_signal(target_price=110))[0]
    assert executor.mark_to_market(make_bar(28, (100, 112, 99, 111)))[0].exit_price == 110
    assert len(caplog.records) == 1
    settings.root.unlink()
    executor.mark_to_market(make_bar(29, QUIET))
    assert [record["exit_price"] for record in ledger_lines(ledger_path(settings))] == [110]
