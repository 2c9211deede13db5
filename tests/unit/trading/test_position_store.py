"""`afterclose.trading.position_store`: no crash, no full disk loses a position or doubles one."""

import errno
import math
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import IntegrityError
from afterclose.ledger import TradeLedger
from afterclose.trading.exit_rules import ExitPlan
from afterclose.trading.position_store import PositionStore
from afterclose.trading.positions import ClosedPosition, Fill, Position
from trading_builders import ledger_lines

OPEN = Position(
    trade_id="T1",
    symbol="AAPL",
    side="long",
    source="paper",
    decision_timestamp="2026-01-27T16:00:00-05:00",
    entry_timestamp="2026-01-27T16:00:00-05:00",
    entry_price=100.1,
    quantity=10.0,
    fees=0.1,
    rule_confidence=0.7,
    rule_features={"rsi": 55.1, "gap": None},
    plan=ExitPlan(stop_price=95.0),
    low_price=100.1,
    high_price=101.7,
    exits=(Fill(101.7, 3.0),),
)
DONE = ClosedPosition(
    OPEN.closing(Fill(110.0, 7.0), 0.0), "2026-01-28T16:00:00-05:00", "MANUAL", None
)


class BreaksAt(DiskLayer):
    """Raises at the disk-changing call of that number, counted from 0, and at all later ones."""

    def __init__(self, number: int, error: BaseException) -> None:
        self.left, self.error = number, error

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error

    def write(self, descriptor: int, data: bytes) -> int:
        self._count()
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._count()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        super().replace(source, target)


def full_at(number: int) -> BreaksAt:
    return BreaksAt(number, OSError(errno.ENOSPC, "No space left on device"))


def killed_at(number: int) -> BreaksAt:
    return BreaksAt(number, KeyboardInterrupt())


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    return tmp_path / "scope"


def store_in(scope: Path) -> PositionStore:
    ledgers = {
        "paper": TradeLedger(scope / "trade_ledger.jsonl"),
        "shadow": TradeLedger(scope / "shadow_ledger.jsonl"),
    }
    return PositionStore(scope / "paper_positions.json", ledgers)


def paper_ids(scope: Path) -> list[str]:
    return [record["trade_id"] for record in ledger_lines(scope / "trade_ledger.jsonl")]


def test_a_restart_finds_every_position_as_it_was(scope: Path) -> None:
    store = store_in(scope)
    store.put(OPEN)
    store.put(replace(OPEN, trade_id="shadow-T2", source="shadow"))
    store.save()
    assert store_in(scope).positions == store.positions
    assert store_in(scope).find("T1") == OPEN


def test_signals_are_numbered_on_across_restarts(scope: Path) -> None:
    store = store_in(scope)
    assert [store.next_signal(), store.next_signal()] == [1, 2]
    store.save()
    assert store_in(scope).next_signal() == 3


def test_a_finished_trade_goes_to_the_ledger_of_its_source(scope: Path) -> None:
    store = store_in(scope)
    store.put(OPEN)
    shadow = replace(DONE.position, trade_id="shadow-T2", source="shadow")
    store.put(shadow)
    store.finish(DONE)
    store.finish(replace(DONE, position=shadow))
    store.save()
    assert paper_ids(scope) == ["T1"]
    (record,) = ledger_lines(scope / "shadow_ledger.jsonl")
    assert (record["trade_id"], record["source"]) == ("shadow-T2", "shadow")
    assert store_in(scope).positions == ()


def test_saving_what_has_not_changed_touches_no_disk(
    scope: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(scope)
    store.put(OPEN)
    store.save()
    monkeypatch.setattr(files, "LAYER", full_at(0))
    store.put(OPEN)
    store.save()
    assert store_in(scope).find("T1") == OPEN


def finishing(scope: Path) -> PositionStore:
    """A store that has yet to save that its only position was closed."""
    store = store_in(scope)
    store.put(OPEN)
    store.save()
    store.finish(DONE)
    return store


def test_a_process_killed_at_any_moment_neither_loses_nor_doubles_a_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in count():
        scope = tmp_path / str(call)
        store = finishing(scope)
        layer = killed_at(call)
        with monkeypatch.context() as dying, suppress(KeyboardInterrupt):
            dying.setattr(files, "LAYER", layer)
            store.save()
        again = store_in(scope)
        assert [position.trade_id for position in again.positions] + paper_ids(scope) == ["T1"]
        if layer.left >= 0:
            break
    assert call > 8  # book, ledger and book again are eight calls at least


def test_a_disk_that_fails_at_any_moment_raises_nothing_and_is_made_up_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for call in count():
        scope = tmp_path / str(call)
        store = finishing(scope)
        layer = full_at(call)
        caplog.clear()
        with monkeypatch.context() as failing:
            failing.setattr(files, "LAYER", layer)
            store.save()
            store.save()
        assert len(caplog.records) == (layer.left < 0)
        store.save()
        assert paper_ids(scope) == ["T1"]
        assert store_in(scope).positions == ()
        if layer.left >= 0:
            break
    assert call > 8


def test_a_disk_that_recovers_and_fails_again_is_said_again(
    scope: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(scope)
    for number in (1, 2):
        store.next_signal()
        with monkeypatch.context() as failing:
            failing.setattr(files, "LAYER", full_at(0))
            store.save()
        store.save()
        assert len(caplog.records) == number


def test_a_trade_that_its_ledger_refuses_does_not_hold_up_the_next(
    scope: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(scope)
    for trade_id in ("odd", "T1"):
        store.put(replace(OPEN, trade_id=trade_id))
    odd = replace(DONE.position, trade_id="odd", fees=math.inf)
    store.finish(replace(DONE, position=odd))
    store.finish(DONE)
    store.save()
    assert paper_ids(scope) == ["T1"]
    assert "odd" in caplog.text


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema_version":2}', b'{"positions":{"T1":{}}}', b"\xff"]
)
def test_a_book_that_cannot_be_read_is_not_taken_for_an_empty_one(
    scope: Path, content: bytes
) -> None:
    scope.mkdir()
    (scope / "paper_positions.json").write_bytes(content)
    with pytest.raises(IntegrityError, match="move it away"):
        store_in(scope)
    assert (scope / "paper_positions.json").read_bytes() == content
