"""The lines of one ledger, block by block, in their order; a long ledger is shared with a worker.

Parts and their order are the same whoever parsed them, so what comes out depends neither on
the number of processors nor on a worker that dies.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import msgspec

from afterclose.dataset.block_worker import BlockWorker, Span
from afterclose.dataset.line_block import Part, parse_block
from afterclose.trades.plain import ParserRules, PlainParser

BLOCK_BYTES = 1 << 21
SHARED_BLOCK_BYTES = 1 << 19
"""Of a ledger that is shared with a worker: its answer fits into a pipe."""

WORTH_A_WORKER_BYTES = 16 << 20
"""Starting a worker takes as long as parsing a few megabytes."""

LOOK_BYTES = 1 << 14
ASKED_AHEAD = 2
MOST_AHEAD = 16
"""Blocks that may be parsed before they are taken: it bounds the memory."""

LOST = (OSError, EOFError, msgspec.DecodeError)
"""What a worker that died looks like from here."""


@dataclass(slots=True)
class _Block:
    span: Span
    parts: list[Part] | None = None


def parsed_blocks(
    file: BinaryIO, start_byte: int, end_byte: int, rules: ParserRules
) -> Iterator[list[Part]]:
    """Yield the parts of each block from ``start_byte`` (a line's first) up to ``end_byte``.

    Raises OSError when the ledger cannot be read.
    """
    read = partial(_read, file)
    parser = PlainParser(rules)
    with ExitStack() as stack:
        worker = None
        if end_byte - start_byte >= WORTH_A_WORKER_BYTES and (os.cpu_count() or 1) > 1:
            with suppress(OSError):  # no second process to be had
                worker = stack.enter_context(BlockWorker(file, rules))
        block_bytes = SHARED_BLOCK_BYTES if worker else BLOCK_BYTES
        spans = deque(_spans(file, start_byte, end_byte, block_bytes))
        if worker:
            yield from _shared(spans, read, parser, worker)
        for span in spans:
            yield parse_block(parser, read(span))


def _shared(
    spans: deque[Span], read: Callable[[Span], bytes], parser: PlainParser, worker: BlockWorker
) -> Iterator[list[Part]]:
    """Blocks in their order, while this process and the worker each take the next one.

    Neither waits: where the worker's answer is missing and nothing else may be begun, the
    block is parsed here too. Once the worker is lost, so are the answers it still owes.
    """
    blocks: deque[_Block] = deque()
    owed: deque[_Block] = deque()
    while spans or blocks:
        try:
            while spans and len(owed) < ASKED_AHEAD:
                worker.ask(spans[0])
                blocks.append(_Block(spans.popleft()))
                owed.append(blocks[-1])
            while owed and worker.has_answer():
                owed[0].parts = worker.answer()
                owed.popleft()
        except LOST:
            break
        if blocks and (parts := blocks[0].parts) is not None:
            blocks.popleft()
            yield parts
        elif spans and len(blocks) < MOST_AHEAD:
            span = spans.popleft()
            blocks.append(_Block(span, parse_block(parser, read(span))))
        else:
            blocks[0].parts = parse_block(parser, read(blocks[0].span))
    for block in blocks:
        yield parse_block(parser, read(block.span)) if block.parts is None else block.parts


def _read(file: BinaryIO, span: Span) -> bytes:
    return os.pread(file.fileno(), span.length_bytes, span.start_byte)


def _spans(file: BinaryIO, start_byte: int, end_byte: int, block_bytes: int) -> Iterator[Span]:
    """All spans at once: a generator that failed half way would look like the ledger's end."""
    while start_byte < end_byte:
        border = _line_end(file, start_byte + block_bytes - 1, end_byte)
        yield Span(start_byte, border - start_byte)
        start_byte = border


def _line_end(file: BinaryIO, place: int, end_byte: int) -> int:
    """The byte behind the line that ``place`` lies in."""
    while place < end_byte:
        chunk = os.pread(file.fileno(), LOOK_BYTES, place)
        if not chunk:
            break  # the ledger was cut off since
        if (at := chunk.find(b"\n")) >= 0:
            return min(place + at + 1, end_byte)
        place += len(chunk)
    return end_byte
