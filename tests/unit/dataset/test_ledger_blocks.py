"""Blocks of a ledger, parsed here or by a worker: the same parts in the same order."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from afterclose.dataset import block_worker, ledger_blocks
from afterclose.dataset.block_worker import BlockWorker, Span
from afterclose.dataset.ledger_blocks import parsed_blocks
from afterclose.dataset.line_block import Odd, Opened, Run, parse_block
from afterclose.trades.plain import ParserRules, PlainParser
from builders import make_trade
from repository import REPOSITORY

RULES = ParserRules(
    "America/New_York", frozenset({"LIQUIDATION"}), datetime(2024, 6, 1, tzinfo=UTC)
)


def line(number: int, **overrides) -> bytes:
    return json.dumps(make_trade(trade_id=f"T{number}") | overrides).encode() + b"\n"


LINES = [
    *(line(number) for number in range(40)),
    b"\n",
    line(40, mae_pct=0.01),
    line(41, mae_pct=None),
    line(42, exit_timestamp=None),
    b"not JSON\n",
    *(line(number, symbol="Ö" * (number % 7)) for number in range(43, 90)),
    line(90).rstrip(b"\n"),
]


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(LINES))
    with path.open("rb") as file:
        yield file


@pytest.fixture
def always_a_worker(monkeypatch):
    monkeypatch.setattr(ledger_blocks, "WORTH_A_WORKER_BYTES", 1)
    monkeypatch.setattr(ledger_blocks, "SHARED_BLOCK_BYTES", 1000)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def size(file) -> int:
    return os.fstat(file.fileno()).st_size


def lines_of(parts):
    """What the parts say of each line, however they are cut."""
    said = []
    for part in parts:
        if isinstance(part, Run):
            said += zip(part.trade_ids, part.rows.splitlines(), strict=True)
        else:
            said.append(part)
    return said


def all_lines(file, start_byte=0):
    blocks = parsed_blocks(file, start_byte, size(file), RULES)
    return lines_of(part for block in blocks for part in block)


def test_parts_cover_every_byte_and_every_line_once(ledger):
    parts = parse_block(PlainParser(RULES), ledger.read())
    assert sum(part.length_bytes for part in parts) == size(ledger)
    assert sum(part.lines for part in parts) == len(LINES)
    assert [type(part) for part in parts] == [
        *(Run, Odd, Run, Opened, Odd, Run),
        *(Odd, Run) * 6,  # a symbol is missing in six of them
        Odd,
    ]
    run = parts[2]
    assert (run.trade_ids, run.mae_unknown, run.mae_sign_flipped) == (["T40", "T41"], 1, 1)
    assert parts[3].trade_id == "T42"


@pytest.mark.parametrize("block_bytes", [1, 500, 5000, 1 << 20])
def test_lines_are_the_same_for_any_size_of_block(ledger, monkeypatch, block_bytes):
    whole = lines_of(parse_block(PlainParser(RULES), ledger.read()))
    monkeypatch.setattr(ledger_blocks, "BLOCK_BYTES", block_bytes)
    assert all_lines(ledger) == whole
    assert all_lines(ledger, len(LINES[0])) == whole[1:]


def test_a_worker_answers_what_this_process_would(ledger):
    here = parse_block(PlainParser(RULES), ledger.read())
    with BlockWorker(ledger, RULES) as worker:
        worker.ask(Span(0, size(ledger)))
        worker.ask(Span(0, len(LINES[0])))
        assert worker.answer() == here
        assert worker.answer()[0].trade_ids == ["T0"]


def test_a_ledger_shared_with_a_worker_gives_the_same_lines(ledger, always_a_worker):
    alone = lines_of(parse_block(PlainParser(RULES), ledger.read()))
    assert all_lines(ledger) == alone


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_stops_costs_nothing(ledger, always_a_worker, monkeypatch, blow):
    alone = lines_of(parse_block(PlainParser(RULES), ledger.read()))
    struck = []

    class Struck(BlockWorker):
        def ask(self, span):
            if len(struck) == 3:
                os.kill(self._process.pid, blow)
            struck.append(span)
            super().ask(span)

    monkeypatch.setattr(ledger_blocks, "BlockWorker", Struck)
    assert all_lines(ledger) == alone
    assert len(struck) >= 2


def test_without_a_second_process_the_ledger_is_parsed_here(ledger, always_a_worker, monkeypatch):
    alone = lines_of(parse_block(PlainParser(RULES), ledger.read()))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert all_lines(ledger) == alone


def test_a_disk_that_fails_is_said_and_no_block_left_out(ledger, always_a_worker, monkeypatch):
    read = os.pread

    def failing(descriptor, length, place):
        if length != ledger_blocks.LOOK_BYTES:  # not while line ends are looked for
            raise OSError(5, "Input/output error")
        return read(descriptor, length, place)

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(OSError, match="Input/output error"):
        all_lines(ledger)


def test_the_worker_ends_with_the_one_who_asks(ledger):
    code = [sys.executable, "-m", block_worker.__name__, str(ledger.fileno())]
    root = REPOSITORY
    ended = subprocess.run(code, check=False, input=b"", capture_output=True, timeout=30, cwd=root)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
