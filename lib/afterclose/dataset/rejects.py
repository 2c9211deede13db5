"""The records that could not be used, one JSON object a line, with the reason and the text.

It is rewritten to what is wrong *now*: a list that only grew would go on naming records
that were mended long ago, and nobody would read it. Line by line, because a broken export
can reject a million records.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from afterclose.dataset.line_writer import LineWriter
from afterclose.dataset.metadata import Checkpoint, Digested
from afterclose.disk.files import move_durable, remove_file, sha256_file, write_atomic
from afterclose.scope_files import REJECTS_FILE
from afterclose.trades.judged import Reject

REJECTS_VERSION = 1
"""Raise it when a field changes meaning; the next build then writes all lines anew
(`ROW_RULES` of `afterclose.dataset.metadata` is to be raised with it)."""

RAW_CHARACTERS = 2000
"""Of the rejected line's text, this much is kept."""


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file; ``ledger`` is relative to the scope's folder where it lies in it."""

    schema_version: Annotated[int, Meta(ge=1, le=REJECTS_VERSION)] = REJECTS_VERSION
    line: int
    ledger: str
    trade_id: str | None
    reason: str
    raw: str


class RejectsFile:
    """The file in the folder of one scope."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / REJECTS_FILE

    def is_intact(self, committed: Digested) -> bool:
        """Whether the file is the one that the last build wrote."""
        if not self.path.exists():
            return committed.bytes == 0
        return sha256_file(self.path) == committed.sha256

    def __iter__(self) -> Iterator[RejectedLine]:
        if self.path.exists():
            decode = msgspec.json.Decoder(RejectedLine).decode
            with self.path.open("rb") as file:
                yield from map(decode, file)


class RejectsWriter:
    """Writes the rejects of one build beside the old file, and replaces it in the end.

    ``counts`` are by kind of reason.
    """

    def __init__(self, old: RejectsFile) -> None:
        self._old = old
        self._staged = old.path.with_name(f".{old.path.name}.new")
        remove_file(self._staged)  # of a build that was killed
        self._writer = LineWriter(self._staged, 0, hashlib.sha256())
        self.counts: Counter[str] = Counter()

    def keep(self, done: Checkpoint) -> None:
        """Take over what was rejected in the part of a ledger that is not read again."""
        for reject in self._old if done.lines else ():
            if reject.ledger == done.ledger and reject.line <= done.lines:
                self._add(reject)

    def add(self, ledger: str, number: int, line: bytes, reject: Reject) -> None:
        """Add line ``number`` of a ledger."""
        text = line[: 4 * RAW_CHARACTERS].rstrip(b"\r\n").decode(errors="replace")
        self._add(
            RejectedLine(
                line=number,
                ledger=ledger,
                trade_id=reject.trade_id,
                reason=reject.reason,
                raw=text[:RAW_CHARACTERS],
            )
        )

    def roll_back(self) -> None:
        """Forget all that was added."""
        remove_file(self._staged)
        self._writer.roll_back()
        self.counts.clear()

    def publish(self) -> Digested:
        """Put the new file in place of the old one, unless they are the same."""
        writer = self._writer
        new = Digested(lines=writer.lines, bytes=writer.bytes, sha256=writer.sha256())
        if self._old.is_intact(new):
            remove_file(self._staged)
        elif new.lines:
            writer.finish()
            move_durable(self._staged, self._old.path)
        else:
            write_atomic(self._old.path, b"")
        return new

    def _add(self, reject: RejectedLine) -> None:
        self.counts[reject.reason.partition(":")[0]] += 1
        self._writer.add(msgspec.json.encode(reject) + b"\n")
