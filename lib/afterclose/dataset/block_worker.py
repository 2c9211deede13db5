"""A second process that parses blocks of one ledger, so that a long one takes half the time.

Not `multiprocessing`: its workers import the main program again, and a script of a user that
builds a dataset without a `__main__` guard would run twice. Not threads: parsing holds Python.

Blocks are asked for and answered in order, over two pipes. The worker reads the ledger from the
very file that this process has open, and ends when this process does.
"""

import os
import select
import subprocess
import sys
from contextlib import suppress
from fcntl import fcntl
from pathlib import Path
from typing import IO, BinaryIO, Self, cast

import msgspec

from afterclose.dataset.line_block import Part, parse_block
from afterclose.trades.plain import ParserRules, PlainParser

ROOT = Path(__file__).parents[2]
"""The folder that holds `lib`, where the worker is started to find it."""

PIPE_BYTES = 1 << 20
SET_PIPE_BYTES = 1031
"""`F_SETPIPE_SZ` of Linux: room for an answer, so that the worker need not wait for a reader."""

LENGTH_BYTES = 8


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Whole lines of a ledger: the place of their first byte, and how many bytes."""

    start_byte: int
    length_bytes: int


class BlockWorker:
    """A running worker for the open ledger ``file``; use it in a ``with`` block.

    Entering raises OSError when no process can be started.
    """

    def __init__(self, file: BinaryIO, rules: ParserRules) -> None:
        self._descriptor, self._rules = file.fileno(), rules

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this very module, nothing from outside
            [sys.executable, "-m", __name__, str(self._descriptor)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[self._descriptor],
            cwd=ROOT,
        )
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        with suppress(OSError):
            fcntl(self._answers, SET_PIPE_BYTES, PIPE_BYTES)
        with suppress(BrokenPipeError):  # gone already: the first answer will not come either
            _send(self._questions, msgspec.msgpack.encode(self._rules))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it may be at work on a block that nobody wants any more
        self._questions.close()
        self._answers.close()
        self._process.wait()

    def ask(self, span: Span) -> None:
        """Have one more block parsed. Raises OSError when the worker is gone."""
        _send(self._questions, msgspec.msgpack.encode(span))

    def has_answer(self) -> bool:
        """Whether `answer` would not have to wait."""
        return bool(select.select([self._answers], [], [], 0)[0])

    def answer(self) -> list[Part]:
        """The parts of the first block that was asked for and not answered yet.

        Raises OSError, EOFError or msgspec.DecodeError when the worker is gone.
        """
        return msgspec.msgpack.decode(_receive(self._answers), type=list[Part])


def work(descriptor: int, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Parse what is asked for until nobody asks any more: the worker's side."""
    with suppress(EOFError, BrokenPipeError):
        parser = PlainParser(msgspec.msgpack.decode(_receive(questions), type=ParserRules))
        while True:
            span = msgspec.msgpack.decode(_receive(questions), type=Span)
            block = os.pread(descriptor, span.length_bytes, span.start_byte)
            _send(answers, msgspec.msgpack.encode(parse_block(parser, block)))


def _send(file: IO[bytes], message: bytes) -> None:
    left = memoryview(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    while left:
        left = left[file.write(left) :]


def _receive(file: IO[bytes]) -> bytes:
    return _read(file, int.from_bytes(_read(file, LENGTH_BYTES), "big"))


def _read(file: IO[bytes], length: int) -> bytes:
    chunks = []
    while length:
        chunk = file.read(length)
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        length -= len(chunk)
    return b"".join(chunks)


def main() -> None:
    """Run by `BlockWorker`, with the ledger's descriptor as its argument."""
    with (
        suppress(KeyboardInterrupt),  # of the terminal: the builder is told too, and says so
        open(0, "rb", 0) as questions,
        open(1, "wb", 0) as answers,
    ):
        work(int(sys.argv[1]), questions, answers)


if __name__ == "__main__":
    main()
