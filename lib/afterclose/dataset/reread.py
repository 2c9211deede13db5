"""The part of the ledgers that each build reads again, held to the rows that came of it.

Behind the oldest open trade a ledger has no digest: a trade may close in place there. But the
closed records among them have rows, and one that was changed contradicts its row. The next
build would count that; `verify` asks beforehand, and writes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset.ledger_scan import scan_ledgers
from afterclose.dataset.ledger_source import LedgerSource
from afterclose.dataset.metadata import Checkpoint, DatasetMetadata, digest_of_ids
from afterclose.dataset.rejects import RejectedLine, RejectsFile
from afterclose.records import Problem

ACCEPT = "if nobody mended a record there, restore it, else accept it with `make build`"


def can_resume(
    last: DatasetMetadata,
    sources: Sequence[LedgerSource],
    rules: Mapping[str, str],
    rejects: RejectsFile,
    now: datetime,
) -> bool:
    """Whether a build may go on from the checkpoints, as long as the ledgers begin the same."""
    return (
        last.rules == rules
        and [done.ledger for done in last.ledgers] == [source.name for source in sources]
        and not (last.recheck_at and now >= datetime.fromisoformat(last.recheck_at))
        and rejects.is_intact(last.rejects)
    )


def rejected_ids(rejects: Iterable[RejectedLine]) -> set[str]:
    """The trades that the last build rejected in these lines."""
    return {line.trade_id for line in rejects if line.trade_id is not None}


def contradictions(
    last: DatasetMetadata, sources: Sequence[LedgerSource], known: KnownRows, rejects: RejectsFile
) -> Iterator[Problem]:
    """Ledgers with records behind their checkpoint that are not what the last build read.

    Nothing is said of ledgers that begin otherwise: their digest does. A record that was
    mended since, or superseded by a new one, is named too: nobody can tell that from damage.
    For open trades, and for fields that no row holds, there is nothing to compare with.
    """
    pairs = list(zip(sources, last.ledgers, strict=True))
    unread = any(source.size_bytes > done.bytes for source, done in pairs)
    if not (unread and all(source.begins_with(done) for source, done in pairs)):
        return
    nowhere, done_lines = _Nowhere(), {done.ledger: done.lines for done in last.ledgers}
    # Only those that are met again: what was rejected before the border may be mended behind it.
    before = rejected_ids(line for line in rejects if line.line > done_lines[line.ledger])
    scan = scan_ledgers(sources, last.ledgers, known, nowhere, nowhere, rejected_before=before)
    moved = digest_of_ids(scan.seen_before) != last.closed_behind
    changed = scan.total("conflicts") != last.trades.get("conflicts", 0)
    for (source, done), tally in zip(pairs, scan.tallies, strict=True):
        where = f"behind byte {done.bytes}"
        if changed and (contradicting := tally.conflicts - done.tally.conflicts):
            what = f"{contradicting} records contradict their rows; {ACCEPT}"
            yield Problem(file=source.name, where=where, what=what)
        elif moved and source.size_bytes > done.bytes:
            what = f"not the closed trades that were read there; {ACCEPT}"
            yield Problem(file=source.name, where=where, what=what)


class _Nowhere:
    """Takes rows and rejects, and keeps none."""

    def add(self, *_: object) -> None:
        pass

    def keep(self, _: Checkpoint) -> None:
        pass

    def roll_back(self) -> None:
        pass
