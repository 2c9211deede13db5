"""One pass over the ledgers: which record of a trade counts, and what becomes of it.

Of several records with one id the last closed one counts, so no row could be written before
all ledgers were read. Instead rows are written at once, and where a later record supersedes
an earlier one the pass is taken back and repeated, knowing which lines to skip: two passes
for a few ledgers rather than for all.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import msgspec

from lib.dataset.known_rows import KnownRows
from lib.dataset.ledger_parser import Closed, Open, Reject
from lib.dataset.ledger_record import NOT_JSON, NOT_UTF8
from lib.dataset.ledger_source import LedgerSource
from lib.dataset.line_writer import LineWriter
from lib.dataset.metadata import Checkpoint, Tally
from lib.dataset.rejects import RejectsWriter
from lib.ledger import numbered_lines

if TYPE_CHECKING:
    from datetime import datetime

Place = int
"""A line of the ledgers: its number, plus `LEDGER` for each ledger before its own."""

LEDGER = 1 << 40

_encode = msgspec.json.Encoder().encode


class Border(msgspec.Struct, frozen=True):
    """Between two lines of a ledger: bytes and lines before it, and the counts over those."""

    bytes: int
    lines: int
    tally: Tally


def scan_ledgers(
    sources: Sequence[LedgerSource],
    starts: Sequence[Checkpoint],
    known: KnownRows,
    rows: LineWriter,
    rejects: RejectsWriter,
    *,
    rejected_before: Collection[str] = (),
) -> "LedgerScan":
    """Read all ledgers from their starts on, again for as long as lines prove superseded."""
    superseded: set[Place] = set()
    while True:
        scan = LedgerScan(known, rows, rejects, superseded, rejected_before)
        for source, start in zip(sources, starts, strict=True):
            scan.read(source, start)
        if not scan.superseded_too:
            return scan
        superseded |= scan.superseded_too
        rows.roll_back()
        rejects.roll_back()


class LedgerScan:
    """A pass over all ledgers, one `read` for each, in their order.

    New rows go to ``rows``, unusable records to ``rejects``; lines in ``superseded`` do not
    count. ``rejected_before`` are ids that the last build rejected; they matter only to a
    pass that starts from checkpoints.

    Afterwards ``tallies`` are the counts over each ledger, ``superseded_too`` the lines that
    this pass found superseded by later ones, ``seen_before`` the closed trades that had a
    row or a reject already, ``recheck_at`` is when the first rejected timestamp will no
    longer lie in the future, and ``unfinished`` names ledgers whose last line has no end.
    """

    def __init__(
        self,
        known: KnownRows,
        rows: LineWriter,
        rejects: RejectsWriter,
        superseded: Collection[Place] = (),
        rejected_before: Collection[str] = (),
    ) -> None:
        self._known, self._rows, self._rejects = known, rows, rejects
        self._superseded, self._rejected_before = superseded, rejected_before
        self._winners: dict[str, Place] = {}
        self._open: list[dict[str, Border]] = []
        self._some_were_open = False
        self._ends: list[Border] = []
        self._tally = Tally()
        self.tallies: list[Tally] = []
        self.superseded_too: set[Place] = set()
        self.seen_before: set[str] = set()
        self.recheck_at: datetime | None = None
        self.unfinished: list[str] = []

    def read(self, source: LedgerSource, start: Checkpoint) -> None:
        """Read one ledger from ``start`` on."""
        first_place = LEDGER * len(self._open)
        opened: dict[str, Border] = {}
        self._open.append(opened)
        self._tally = tally = msgspec.structs.replace(start.tally)
        self._rejects.keep(start)
        end_byte, lines, end = start.bytes, start.lines, None
        parse = source.parser.parse
        first_build = not (self._known or self._rejected_before)
        for number, next_byte, line in numbered_lines(source.file, start.bytes, start.lines):
            place = first_place + number
            if place not in self._superseded:
                verdict = parse(line)
                if not line.endswith(b"\n"):
                    end = _border(end_byte, lines, tally)
                    if _is_unfinished(verdict):
                        self.unfinished.append(source.name)
                        break
                if isinstance(verdict, Closed):
                    if not (first_build and self._add_plain(place, verdict, tally)):
                        self._take(place, verdict)
                elif isinstance(verdict, Reject):
                    self._refuse(place, verdict)
                    self._rejects.add(source.name, number, line, verdict)
                elif verdict.trade_id not in self._winners and verdict.trade_id not in opened:
                    self._some_were_open = True
                    opened[verdict.trade_id] = _border(end_byte, lines, tally)
            end_byte, lines = next_byte, number
        self._ends.append(end or _border(end_byte, lines, tally))
        self.tallies.append(tally)

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

    def _add_plain(self, place: Place, closed: Closed, tally: Tally) -> bool:
        """Do what `_take` would for a new trade with nothing to note, in half the time."""
        row = closed.row
        if (
            self._some_were_open
            or closed.nonfinite_features
            or closed.mae_sign_flipped
            or row.mae_pct is None
            or self._winners.setdefault(row.trade_id, place) is not place
        ):
            return False
        tally.closed += 1
        self._rows.add(_encode(row) + b"\n")
        return True

    def _take(self, place: Place, closed: Closed) -> None:
        row, tally = closed.row, self._tally
        self._count(place, row.trade_id)
        if closed.nonfinite_features or closed.mae_sign_flipped or row.mae_pct is None:
            tally.nonfinite_features += closed.nonfinite_features
            tally.mae_sign_flipped += closed.mae_sign_flipped
            tally.mae_unknown += row.mae_pct is None
        line = _encode(row) + b"\n"
        stored = self._known.place_of(line)
        if stored is None:
            self._rows.add(line)
            if row.trade_id in self._rejected_before:
                self.seen_before.add(row.trade_id)
        else:
            self.seen_before.add(row.trade_id)
            tally.conflicts += not self._known.says(stored, line)

    def _refuse(self, place: Place, reject: Reject) -> None:
        if reject.usable_from and (not self.recheck_at or reject.usable_from < self.recheck_at):
            self.recheck_at = reject.usable_from
        if reject.trade_id is not None:
            self._count(place, reject.trade_id)
            has_row = reject.trade_id in self._known
            self._tally.conflicts += has_row
            if has_row or reject.trade_id in self._rejected_before:
                self.seen_before.add(reject.trade_id)

    def _count(self, place: Place, trade_id: str) -> None:
        """Count a closed record, and remember it as the one that counts."""
        self._tally.closed += 1
        earlier = self._winners.setdefault(trade_id, place)
        if earlier is not place:
            self.superseded_too.add(earlier)
            self._winners[trade_id] = place
        if self._some_were_open:
            for opened in self._open:
                opened.pop(trade_id, None)

    def _is_open(self, trade_id: str) -> bool:
        return trade_id not in self._known and trade_id not in self._rejected_before


def _border(end_byte: int, lines: int, tally: Tally) -> Border:
    return Border(end_byte, lines, msgspec.structs.replace(tally))


def _is_unfinished(verdict: Closed | Open | Reject) -> bool:
    return isinstance(verdict, Reject) and verdict.reason.startswith((NOT_JSON, NOT_UTF8))
