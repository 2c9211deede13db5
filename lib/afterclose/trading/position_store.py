"""Where paper positions live: one file for the book, and ledgers for what is finished.

The file is the whole book, replaced atomically: a journal of changes would have to be
replayed and pruned, for the few dozen positions that a swing strategy holds. A finished
trade is in the book before it is in its ledger, and leaves the book after that, so no crash
loses one or writes one twice.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from weakref import WeakValueDictionary

import msgspec
from msgspec import Meta

from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE, InputError, IntegrityError, StorageError
from afterclose.ledger import TradeLedger
from afterclose.trading.book_owner import own
from afterclose.trading.positions import ClosedPosition, Position

BOOK_VERSION = 1
REMEDY = "Restore the file from a backup, or move it away to start without open positions."

_logger = logging.getLogger(__name__)


class PositionBook(msgspec.Struct, kw_only=True):
    """All that the executor must remember.

    ``signals`` counts the signals seen: it makes trade ids unique, and the same in a replay.
    ``positions`` are by trade id, oldest first; ``finished`` await their ledger.
    To raise BOOK_VERSION, let `load` read the old number.
    """

    schema_version: Annotated[int, Meta(ge=1, le=BOOK_VERSION)] = BOOK_VERSION
    signals: int = 0
    positions: dict[str, Position] = {}
    finished: list[ClosedPosition] = []

    @classmethod
    def load(cls, path: Path) -> Self:
        """The book in ``path``, empty when there is none.

        Raises IntegrityError when it is damaged, as starting empty would forget positions,
        and StorageError when it cannot be read.
        """
        try:
            return decode_sealed(path.read_bytes(), cls)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            problem = error.strerror or str(error)
            raise StorageError(path, problem, "Make the volume readable, then try again.") from None
        except UNREADABLE as error:
            raise IntegrityError(path, f"the positions are damaged: {error}", REMEDY) from None


class PositionStore:
    """The book in memory and on disk; ``ledgers`` are by a position's source.

    A disk that fails never stops trading: what it did not take stays in memory, is said
    once, and is tried again by the next `save`. Raises IntegrityError or StorageError when
    the book in ``path`` cannot be read.

    Where another process owns the book (`afterclose.trading.book_owner`) it is read once, and
    from then on kept in memory alone: neither the book nor a ledger is written.
    """

    def __init__(self, path: Path, ledgers: Mapping[str, TradeLedger]) -> None:
        self._path = path
        self._ledgers = ledgers
        self._process = os.getpid()
        self._owned = own(path, self)
        if not self._owned:
            _logger.warning(
                "%s belongs to another process that trades in this scope: this one trades by the "
                "rules alone and stores nothing. End one of them, then start this one again.",
                path,
            )
        self._book = PositionBook.load(path)
        self._disk_failed = False
        self._drop_trades_already_in_a_ledger()
        self.save()

    @classmethod
    def shared(cls, path: Path, ledgers: Mapping[str, TradeLedger]) -> "PositionStore":
        """The store of this process for a book: two executors in it see the same positions."""
        key = (os.getpid(), path.absolute(), *(str(ledgers[name].path) for name in sorted(ledgers)))
        store = _stores.get(key)
        if store is None:
            store = _stores[key] = cls(path, ledgers)
        return store

    @property
    def owned(self) -> bool:
        """Whether this process owns the book and writes it."""
        return self._owned and self._process == os.getpid()

    @property
    def positions(self) -> tuple[Position, ...]:
        """All open positions, oldest first."""
        return tuple(self._book.positions.values())

    def find(self, trade_id: str) -> Position | None:
        """The open position of that id."""
        return self._book.positions.get(trade_id)

    def next_signal(self) -> int:
        """The number of a new signal: 1 for the first one ever."""
        self._changed = True
        self._book.signals += 1
        return self._book.signals

    def put(self, position: Position) -> None:
        """Add a position, or replace what it was."""
        if self._book.positions.get(position.trade_id) != position:
            self._book.positions[position.trade_id] = position
            self._changed = True

    def finish(self, closed: ClosedPosition) -> None:
        """Send a closed position on its way to its ledger."""
        del self._book.positions[closed.position.trade_id]
        self._book.finished.append(closed)
        self._changed = True

    def save(self) -> None:
        """Bring the disk up to what is in memory: the book, the ledgers, the book again."""
        if not self.owned:
            return
        try:
            self._save_book()
            while self._book.finished:
                self._add_to_ledger(self._book.finished[0])
                del self._book.finished[0]
                self._changed = True
            self._save_book()
        except StorageError as error:
            if not self._disk_failed:
                _logger.warning("paper trades are kept in memory for now: %s", error)
            self._disk_failed = True
        else:
            self._disk_failed = False

    def _save_book(self) -> None:
        if self._changed:
            write_sealed(self._path, self._book)
            self._changed = False

    def _add_to_ledger(self, closed: ClosedPosition) -> None:
        trade = closed.trade()
        try:
            self._ledgers[trade.source].add_trade(trade)
        except InputError as error:  # one odd trade must not hold up all that come after it
            _logger.error("left out of its ledger: %s %s", error, trade)  # noqa: TRY400

    def _drop_trades_already_in_a_ledger(self) -> None:
        """A process that died between ledger and book must not write its trade again."""
        waiting = {closed.position.source for closed in self._book.finished}
        stored = {trade.trade_id for source in waiting for trade in self._ledgers[source]}
        left = [done for done in self._book.finished if done.position.trade_id not in stored]
        self._changed = left != self._book.finished
        self._book.finished = left


_stores: WeakValueDictionary[tuple[object, ...], PositionStore] = WeakValueDictionary()
"""The stores that executors of this process use, by process, book and ledgers."""
