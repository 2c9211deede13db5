"""Two trading processes on one scope: one owns the book, the other is told and touches nothing."""

import multiprocessing
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from afterclose.errors import ScopeBusy
from afterclose.history.replay import TradingDay, _Replay
from afterclose.ledger import TradeLedger
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.settings import Settings
from trading_builders import BLOCKED, FixedFilter, ledger_lines, make_signal

LATER = "2026-01-28T16:00:00-05:00"


def executor_in(settings: Settings, risk: Any = None) -> PaperTradingExecutor:
    return PaperTradingExecutor(
        settings, risk or FixedFilter(), TradeLedger(settings.ledger_paths[0])
    )


def trade_for_ever(settings: Settings, pipe: Any) -> None:
    """Another trading process: one position, then it lives until it is killed."""
    executor = executor_in(settings)
    pipe.send((executor.owns_book, executor.execute_signal(make_signal())))
    pipe.recv()


class Neighbour:
    """Another process that trades in the scope."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.process = context.Process(target=trade_for_ever, args=(settings, theirs))
        self.process.start()
        self.owned, (_, self.trade_id) = ours.recv()

    def kill(self) -> None:
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()


def files_of(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.root.iterdir() if path.is_file()}


def test_a_second_process_is_told_trades_by_the_rules_and_touches_neither_book_nor_ledger(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    neighbour = Neighbour(settings)
    try:
        assert neighbour.owned
        before = files_of(settings)
        risk = FixedFilter(BLOCKED)
        executor = executor_in(settings, risk)
        assert not executor.owns_book
        (warning,) = (record.getMessage() for record in caplog.records)
        assert "belongs to another process that trades in this scope" in warning
        executed, trade_id = executor.execute_signal(make_signal(symbol="MSFT"))
        assert executed
        assert risk.asked == [], "the rules alone"
        for known in (trade_id, neighbour.trade_id):  # an exit is never held up
            assert executor.close_position(str(known), 105.0, LATER) is not None
        assert files_of(settings) == before
        with pytest.raises(ScopeBusy, match="owns its paper book"):
            _Replay(settings, ()).trade(a_day())
    finally:
        neighbour.kill()
    del executor
    after = executor_in(settings)
    assert after.owns_book, "the lock of a killed process is free at once"
    assert [position.trade_id for position in after.positions] == [neighbour.trade_id]
    after.close_position(str(neighbour.trade_id), 105.0, LATER)
    assert [line["exit_price"] for line in ledger_lines(settings.ledger_paths[0])] == [105.0]


def a_day() -> TradingDay:
    moment = datetime(2026, 1, 27, 14, 30, tzinfo=UTC)
    return TradingDay(
        session="2026-01-27", previous_open=moment, opens_at=moment, closes_at=moment, bars={}
    )


def test_two_executors_of_one_process_share_the_book(settings: Settings) -> None:
    first, second = executor_in(settings), executor_in(settings)
    _, one = first.execute_signal(make_signal())
    _, two = second.execute_signal(make_signal(symbol="MSFT"))
    assert [position.trade_id for position in first.positions] == [one, two]
    first.close_position(str(two), 101.0, LATER)
    assert [position.trade_id for position in second.positions] == [one]
    assert len(ledger_lines(settings.ledger_paths[0])) == 1


def test_a_forked_child_does_not_write_its_parents_book(settings: Settings) -> None:
    executor = executor_in(settings)
    executor.execute_signal(make_signal())
    book = (settings.root / "paper_positions.json").read_bytes()
    child = os.fork()
    if not child:
        try:
            executor.execute_signal(make_signal(symbol="MSFT"))
            owns = executor.owns_book or executor_in(settings).owns_book
            os._exit(1 if owns else 0)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (settings.root / "paper_positions.json").read_bytes() == book
    assert executor.owns_book


def test_other_scopes_are_not_held_up(settings: Settings) -> None:
    neighbour = Neighbour(settings)
    try:
        assert executor_in(replace(settings, env="other")).owns_book
    finally:
        neighbour.kill()


def test_a_volume_on_which_nothing_can_be_locked_is_owned(settings: Settings) -> None:
    Path(settings.logs_dir).parent.mkdir(parents=True, exist_ok=True)
    book = settings.root / ".paper_positions.lock"
    book.mkdir(parents=True)
    assert executor_in(settings).owns_book
