"""A history lived through night by night, by the steps of production.

After each night's session the trades that have ended go into the ledgers, and the nightly
cycle builds, trains, evaluates and registers. Each book then promotes the candidate or not, by
its own rule, and from the next open on asks the filter that it has. Demo and study are this
driver with other trades and other rules.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from afterclose.disk.files import append_durable
from afterclose.gating.stored import read_evaluation
from afterclose.operating.cycle import run_cycle
from afterclose.progress import Progress
from afterclose.records import Outcome, Trade
from afterclose.settings import Settings
from afterclose.study.books import Book
from afterclose.study.nights import Night


class DatedTrade(NamedTuple):
    """A closed trade, and the moments of its entry and its exit (UTC)."""

    trade: Trade
    entered: datetime
    left: datetime


class LivedHistory:
    """A scope that lives through ``trades`` (by entry), and the ``books`` kept on it.

    The first book trades in the scope itself: what it blocks goes into the shadow ledger.
    ``refused`` counts the candidates that each gate refused, ``what_next`` says how far the
    newest is from a promotion, ``last_cycle`` is the newest one with a candidate, or else the
    newest.
    """

    def __init__(
        self,
        settings: Settings,
        trades: Sequence[DatedTrade],
        books: Sequence[Book],
        progress: Progress,
    ) -> None:
        self.books = books
        self.refused: Counter[str] = Counter()
        self.candidates = self.cycles = 0
        self.what_next = ""
        self.last_cycle: Outcome | None = None
        self._settings, self._trades, self._progress = settings, trades, progress
        self._open: list[DatedTrade] = []
        self._entered = 0

    def live_through(self, nights: Sequence[Night]) -> None:
        """All of it; a night on which nothing has ended trains nothing new, and is passed over."""
        for night in nights:
            self._enter_until(night.closes_at)
            if self._book_until(night.closes_at):
                self._work(night)
            for book in self.books:
                book.load(night.next_open)
            self._progress.advance()
        for book in self.books:
            book.close()

    def _enter_until(self, moment: datetime) -> None:
        while self._entered < len(self._trades):
            found = self._trades[self._entered]
            if found.entered > moment:
                break
            first, *_ = [book.size_of(found.trade) for book in self.books]
            if not first:
                found = found._replace(trade=replace(found.trade, source="shadow"))
            self._open.append(found)
            self._entered += 1

    def _book_until(self, moment: datetime) -> int:
        """Append what has ended, in its order; one sync a night, not one a trade."""
        ended = [found for found in self._open if found.left <= moment]
        self._open = [found for found in self._open if found.left > moment]
        ended.sort(key=lambda found: found.left)
        shadow = [found.trade for found in ended if found.trade.source == "shadow"]
        real = [found.trade for found in ended if found.trade.source != "shadow"]
        _append(self._settings.ledger_paths[0], real)
        _append(self._settings.shadow_ledger_path, shadow)
        return len(ended)

    def _work(self, night: Night) -> None:
        """The night's cycle, and what each book makes of its candidate."""
        now = night.closes_at + timedelta(minutes=self._settings.after_close_delay_minutes)
        cycle = run_cycle(self._settings, now)
        self.cycles += 1
        model_id = cycle.details.get("model_id")
        if model_id or self.last_cycle is None:
            self.last_cycle = cycle
        said = "; ".join(self._rulings(model_id, night.session, now)) if model_id else cycle.reason
        self._progress.say(f"{night.session}  {said}")

    def _rulings(self, model_id: str, session: str, now: datetime) -> Iterator[str]:
        self.candidates += 1
        yield model_id
        evaluation = read_evaluation(self._settings.model_dir / model_id)
        for book in self.books:
            ruling = book.offer(evaluation, session, now)
            if ruling.answer:
                self.refused.update(gate.name for gate in ruling.answer.refusing)
                self.what_next = ruling.answer.next.words if ruling.answer.next else ""
            done = "promoted" if ruling.promote else "not promoted"
            yield f"{book.rule.name.lower()}: {done} ({ruling.words})"


def _append(path: Path, trades: Sequence[Trade]) -> None:
    if trades:
        append_durable(path, b"".join(msgspec.json.encode(trade) + b"\n" for trade in trades))
