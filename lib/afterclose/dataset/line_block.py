"""A block of ledger lines, taken apart into what can be used at once and what must be judged.

Blocks are what a second process can parse, and runs of rows are what can be encoded, counted
and written in one go: by the line, that would cost as much again as parsing.
"""

import io
from typing import ClassVar

import msgspec

from afterclose.records import TradeDataRow
from afterclose.trades.plain import PlainParser


class Run(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Consecutive lines that are rows: ``length_bytes`` in the ledger.

    One line for each of ``trade_ids``, in their order; ``rows`` are their lines in the dataset.
    """

    length_bytes: int
    trade_ids: list[str]
    rows: bytes
    mae_unknown: int
    mae_sign_flipped: int

    @property
    def lines(self) -> int:
        """One for each row."""
        return len(self.trade_ids)


class Opened(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """One line of a trade without an exit yet."""

    length_bytes: int
    trade_id: str
    lines: ClassVar[int] = 1


class Odd(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """One line that must be judged by itself: blank, unfinished, or anything wrong in it."""

    length_bytes: int
    lines: ClassVar[int] = 1


Part = Run | Opened | Odd

_encode_lines = msgspec.json.Encoder().encode_lines


def parse_block(parser: PlainParser, block: bytes) -> list[Part]:
    """Take apart whole lines; only the last line of a ledger may lack its end."""
    whole_bytes = block.rfind(b"\n") + 1
    whole = block[:whole_bytes]
    parts: list[Part]
    if rows := parser.parse_all(whole):
        parts = [_run(parser, rows, whole_bytes)]
    else:
        parts = _line_by_line(parser, whole)
    if whole_bytes < len(block):
        parts.append(Odd(len(block) - whole_bytes))
    return parts


def _line_by_line(parser: PlainParser, lines: bytes) -> list[Part]:
    parts: list[Part] = []
    rows: list[TradeDataRow] = []
    run_bytes = 0
    for line in io.BytesIO(lines):
        found = parser.parse(line)
        if isinstance(found, TradeDataRow):
            rows.append(found)
            run_bytes += len(line)
            continue
        if rows:
            parts.append(_run(parser, rows, run_bytes))
            rows, run_bytes = [], 0
        parts.append(Odd(len(line)) if found is None else Opened(len(line), found))
    if rows:
        parts.append(_run(parser, rows, run_bytes))
    return parts


def _run(parser: PlainParser, rows: list[TradeDataRow], run_bytes: int) -> Run:
    return Run(
        length_bytes=run_bytes,
        trade_ids=[row.trade_id for row in rows],
        rows=_encode_lines(rows),
        mae_unknown=sum(row.mae_pct is None for row in rows),
        mae_sign_flipped=parser.take_sign_flips(),
    )
