"""One ledger opened for one build."""

import hashlib
from datetime import UTC, datetime

import pytest

from afterclose.dataset.ledger_source import LedgerSource
from afterclose.dataset.metadata import Checkpoint
from afterclose.ledger import TradeLedger
from afterclose.trades.parser import LineParser

CONTENT = b"one\ntwo\nthree\n"


def source_of(path):
    parser = LineParser("UTC", (), datetime(2024, 1, 1, tzinfo=UTC))
    return LedgerSource("ledger", TradeLedger(path), parser)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "ledger.jsonl").write_bytes(CONTENT)
    with source_of(tmp_path / "ledger.jsonl") as opened:
        yield opened


def test_digests_of_shorter_and_longer_parts_come_in_any_order(source):
    for length in (4, 8, 8, 14, 0, 4):
        assert source.sha256(length) == hashlib.sha256(CONTENT[:length]).hexdigest()


def test_a_part_that_was_read_is_known_by_its_digest(source):
    done = Checkpoint(ledger="ledger", bytes=8, sha256=source.sha256(8))
    assert source.begins_with(done)
    assert not source.begins_with(Checkpoint(ledger="ledger", bytes=9, sha256=done.sha256))
    assert not source.begins_with(
        Checkpoint(ledger="ledger", bytes=99, sha256=source.sha256(99)[::-1])
    )


def test_lines_come_from_any_place_on_and_end_where_the_ledger_ended_when_it_was_opened(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(CONTENT + b"torn")
    with source_of(path) as source:
        path.write_bytes(CONTENT + b"torn no more\nfour\n")
        assert list(source.lines(0)) == [b"one\n", b"two\n", b"three\n", b"torn"]
        assert list(source.lines(8)) == [b"three\n", b"torn"]
        assert list(source.lines(18)) == []


def test_a_ledger_replaced_meanwhile_is_still_read_as_it_was_opened(source, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"changed\n")
    other.replace(tmp_path / "ledger.jsonl")
    assert source.sha256(14) == hashlib.sha256(CONTENT).hexdigest()
    source.file.seek(0)
    assert source.file.read() == CONTENT


def test_a_ledger_that_does_not_exist_is_empty(tmp_path):
    with source_of(tmp_path / "none") as source:
        assert not source.exists
        assert source.file.read() == b""
        assert source.begins_with(Checkpoint(ledger="ledger"))
