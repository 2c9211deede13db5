"""One pass over the ledgers: which record of a trade counts, and what becomes of it.

Of several records with one id the last closed one counts, so no row could be written before
all ledgers were read. Instead rows are written at once, and where a later record supersedes
an earlier one the pass is taken back and repeated, knowing which lines to skip: two passes
for a few ledgers rather than for all. The second pass also sees whether a superseded record is
of another trade than the one that counts: two accounts that number their trades alike.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

import msgspec

from afterclose.dataset.counting_record import Counting
from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset.ledger_source import LedgerSource
from afterclose.dataset.metadata import ID_OF_ANOTHER_TRADE, Checkpoint, Tally
from afterclose.trades.judged import Closed, Open, Reject
from afterclose.trades.record import BYTE_ORDER_MARK, NOT_JSON, NOT_UTF8

if TYPE_CHECKING:
    from datetime import datetime

    from afterclose.records import TradeDataRow

Place = int
"""A line of the ledgers: its number, plus `LEDGER` for each ledger before its own."""

LEDGER = 1 << 40

LINE_END = ord("\n")

ROWS_AT_ONCE = 64
"""New rows that wait to be encoded together, which takes half the time of as many calls."""

_encode_lines = msgspec.json.Encoder().encode_lines


class Border(msgspec.Struct, frozen=True):
    """Between two lines of a ledger: bytes and lines before it, and the counts over those."""

    bytes: int
    lines: int
    tally: Tally


class Rows(Protocol):
    """Takes the lines of new rows; `LineWriter` writes them."""

    def add(self, lines: bytes, count: int) -> None:
        """Take ``count`` of them, each with its end."""

    def roll_back(self) -> None:
        """Forget all that were taken."""


class Rejects(Protocol):
    """Takes what cannot be used; `RejectsWriter` writes it."""

    def keep(self, done: Checkpoint) -> None:
        """Take over what was rejected in the part of a ledger that is not read again."""

    def add(self, ledger: str, number: int, line: bytes, reject: Reject) -> None:
        """Take line ``number`` of a ledger."""

    def roll_back(self) -> None:
        """Forget all that was taken."""


def scan_ledgers(
    sources: Sequence[LedgerSource],
    starts: Sequence[Checkpoint],
    known: KnownRows,
    rows: Rows,
    rejects: Rejects,
    *,
    rejected_before: AbstractSet[str] = frozenset(),
) -> "LedgerScan":
    """Read all ledgers from their starts on, again for as long as lines prove superseded."""
    superseded: set[Place] = set()
    counting: dict[str, Counting] = {}
    while True:
        scan = LedgerScan(
            known,
            rows,
            rejects,
            superseded=superseded,
            rejected_before=rejected_before,
            counting=counting,
        )
        for source, start in zip(sources, starts, strict=True):
            scan.read(source, start)
        if not scan.superseded_too:
            return scan
        superseded |= scan.superseded_too
        counting |= scan.counting_too
        rows.roll_back()
        rejects.roll_back()


class LedgerScan:
    """A pass over all ledgers, one `read` for each, in their order.

    New rows go to ``rows``, unusable records to ``rejects``; lines in ``superseded`` do not
    count, and ``counting`` holds, by id, what counts instead. ``rejected_before`` are ids that
    the last build rejected; they matter only to a pass that starts from checkpoints.

    Afterwards ``tallies`` are the counts over each ledger, ``superseded_too`` the lines that
    this pass found superseded by later ones, ``counting_too`` the last of those by id,
    ``seen_before`` the closed trades that had a row or a reject already, ``recheck_at`` is when
    the first rejected timestamp will no longer lie in the future, and ``unfinished`` names
    ledgers whose last line has no end.
    """

    def __init__(
        self,
        known: KnownRows,
        rows: Rows,
        rejects: Rejects,
        *,
        superseded: AbstractSet[Place] = frozenset(),
        rejected_before: AbstractSet[str] = frozenset(),
        counting: Mapping[str, Counting] | None = None,
    ) -> None:
        self._counting = counting or {}
        self._known, self._rows, self._rejects = known, rows, rejects
        self._superseded, self._rejected_before = superseded, rejected_before
        self._winners: dict[str, Place] = {}
        self._new: list[TradeDataRow] = []
        self._open: list[dict[str, Border]] = []
        self._ends: list[Border] = []
        self._bytes, self._lines, self._tally = 0, 0, Tally()
        self.tallies: list[Tally] = []
        self.superseded_too: set[Place] = set()
        self.counting_too: dict[str, Counting] = {}
        self.seen_before: set[str] = set()
        self.recheck_at: datetime | None = None
        self.unfinished: list[str] = []

    def read(self, source: LedgerSource, start: Checkpoint) -> None:
        """Read one ledger from ``start`` on."""
        self._source, self._ledger_place = source, LEDGER * len(self._open)
        self._open.append({})
        self._bytes, self._lines = start.bytes, start.lines
        self._tally = msgspec.structs.replace(start.tally)
        self._rejects.keep(start)
        end, take, superseded = None, self._take, self._superseded
        parse, place = source.parser.parse, self._ledger_place + start.lines
        read_bytes = start.bytes
        for line in source.lines(start.bytes):
            parsed = parse(line if read_bytes else line.removeprefix(BYTE_ORDER_MARK))
            if line[-1] != LINE_END:
                self._stand_at(place, read_bytes)
                end = self._border()
            place += 1
            if isinstance(parsed, Closed) and place not in superseded:
                take(place, parsed)
            else:
                self._stand_at(place - 1, read_bytes)
                self._judge(place, line, parsed)
            read_bytes += len(line)
        self._stand_at(place, read_bytes)
        self._hand_over()
        self._ends.append(end or self._border())
        self.tallies.append(self._tally)

    def still_open(self) -> set[str]:
        """Trades without any closed record."""
        return {trade_id for opened in self._open for trade_id in opened if self._is_open(trade_id)}

    def borders(self) -> list[Border]:
        """For each ledger, up to where it need not be read again while it stays the same."""
        return [
            next((border for trade_id, border in opened.items() if self._is_open(trade_id)), end)
            for opened, end in zip(self._open, self._ends, strict=True)
        ]

    def closed_behind(self, borders: Sequence[Border]) -> list[str]:
        """Closed trades whose record that counts stands behind the border of its ledger."""
        lines = [border.lines for border in borders]
        return [
            trade_id
            for trade_id, place in self._winners.items()
            if place % LEDGER > lines[place // LEDGER]
        ]

    def total(self, name: str) -> int:
        """A count of `Tally` over all ledgers."""
        return sum(getattr(tally, name) for tally in self.tallies)

    def _stand_at(self, place: Place, read_bytes: int) -> None:
        """Behind this line and byte of the ledger: what is refused or opened next is noted so."""
        self._lines, self._bytes = place - self._ledger_place, read_bytes

    def _judge(self, place: Place, line: bytes, parsed: Closed | Open | Reject) -> None:
        """What is to be done with a line that gives no row: nothing, if it is blank."""
        if self._bytes == 0:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if isinstance(parsed, Closed) or place in self._superseded:
            self._pass_over(line, parsed)
        elif line.isspace():
            return
        elif isinstance(parsed, Open):
            self._note_open(parsed.trade_id)
        elif _is_cut_off(line, parsed):
            self.unfinished.append(self._source.name)
        else:
            self._refuse(place, parsed)
            self._rejects.add(self._source.name, self._lines + 1, line, parsed)

    def _pass_over(self, line: bytes, parsed: Closed | Open | Reject) -> None:
        """Count a superseded record; one of another trade than the one that counts is named."""
        self._tally.superseded += 1
        if not isinstance(parsed, Closed):
            return
        trade_id = parsed.row.trade_id
        counting = self._counting.get(trade_id)
        if counting is None or counting.is_of(Counting.of(self._source.name, parsed)):
            return
        self._tally.id_conflicts += 1
        reason = f"{ID_OF_ANOTHER_TRADE}: a later record is of the {counting}"
        self._rejects.add(self._source.name, self._lines + 1, line, Reject(trade_id, reason))

    def _take(self, place: Place, closed: Closed) -> None:
        """Add the row of a trade that has none yet, or compare it with the one it has."""
        row, tally = closed.row, self._tally
        if closed.nonfinite_features:
            tally.nonfinite_features += closed.nonfinite_features
        if closed.mae_sign_flipped:
            tally.mae_sign_flipped += 1
        if row.mae_pct is None:
            tally.mae_unknown += 1
        trade_id = row.trade_id
        if self._count(place, trade_id):
            self.counting_too[trade_id] = Counting.of(self._source.name, closed)
        if trade_id in self._known:
            self.seen_before.add(trade_id)
            tally.conflicts += not self._known.says(trade_id, _encode_lines([row]))
            return
        self._new.append(row)
        if len(self._new) >= ROWS_AT_ONCE:
            self._hand_over()
        if trade_id in self._rejected_before:
            self.seen_before.add(trade_id)

    def _hand_over(self) -> None:
        """The new rows that waited are written."""
        if self._new:
            self._rows.add(_encode_lines(self._new), len(self._new))
            self._new.clear()

    def _note_open(self, trade_id: str) -> None:
        opened = self._open[-1]
        if trade_id not in self._winners and trade_id not in opened:
            opened[trade_id] = self._border()

    def _refuse(self, place: Place, reject: Reject) -> None:
        if reject.usable_from and (not self.recheck_at or reject.usable_from < self.recheck_at):
            self.recheck_at = reject.usable_from
        if reject.trade_id is not None:
            if self._count(place, reject.trade_id):
                self.counting_too.pop(reject.trade_id, None)
            has_row = reject.trade_id in self._known
            self._tally.conflicts += has_row
            if has_row or reject.trade_id in self._rejected_before:
                self.seen_before.add(reject.trade_id)

    def _count(self, place: Place, trade_id: str) -> bool:
        """Count a closed record as the one that counts now; say whether there was one before."""
        self._tally.closed += 1
        earlier = self._winners.setdefault(trade_id, place)
        if earlier is not place:
            self.superseded_too.add(earlier)
            self._winners[trade_id] = place
        for opened in self._open:
            if opened:
                opened.pop(trade_id, None)
        return earlier is not place

    def _border(self) -> Border:
        """In front of the line that is being read; its counts do not go on counting."""
        return Border(self._bytes, self._lines, msgspec.structs.replace(self._tally))

    def _is_open(self, trade_id: str) -> bool:
        return trade_id not in self._known and trade_id not in self._rejected_before


def _is_cut_off(line: bytes, reject: Reject) -> bool:
    return not line.endswith(b"\n") and reject.reason.startswith((NOT_JSON, NOT_UTF8))
