"""The list of what is wrong now."""

import json

import pytest

from afterclose.dataset import line_writer
from afterclose.dataset.metadata import Checkpoint, Digested
from afterclose.dataset.rejects import RejectsFile, RejectsWriter
from afterclose.trades.judged import Reject


@pytest.fixture
def file(tmp_path):
    return RejectsFile(tmp_path)


def write(file, *lines, keep=()):
    writer = RejectsWriter(file)
    for done in keep:
        writer.keep(done)
    for ledger, number, reason in lines:
        writer.add(ledger, number, b"raw\r\n", Reject(f"T{number}", reason))
    return writer, writer.publish()


def test_rejects_are_counted_by_kind_and_digested(file):
    writer, written = write(file, ("a", 1, "not JSON"), ("a", 2, "fees: 1"), ("a", 3, "fees: 2"))
    assert writer.counts == {"not JSON": 1, "fees": 2}
    assert (written.lines, written.bytes) == (3, file.path.stat().st_size)
    assert file.is_intact(written)
    assert not file.is_intact(Digested())
    assert [(line.line, line.raw) for line in file] == [(1, "raw"), (2, "raw"), (3, "raw")]


def test_only_what_lies_before_a_ledgers_checkpoint_is_kept(file):
    write(file, ("a", 1, "x"), ("a", 5, "x"), ("b", 2, "x"), ("b", 9, "x"))
    done = [Checkpoint(ledger="a", lines=4), Checkpoint(ledger="b", lines=9)]
    writer, _ = write(file, ("b", 12, "y"), keep=done)
    assert [(line.ledger, line.line) for line in file] == [("a", 1), ("b", 2), ("b", 9), ("b", 12)]
    assert writer.counts == {"x": 3, "y": 1}


def test_the_same_rejects_again_leave_the_file_alone(file):
    write(file, ("a", 1, "x"))
    before = file.path.stat()
    write(file, ("a", 1, "x"))
    after = file.path.stat()  # reading it may change when it was last read
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_rejects_make_no_file_but_empty_one_that_is_there(file):
    _, written = write(file)
    assert not file.path.exists()
    assert file.is_intact(written)
    write(file, ("a", 1, "x"))
    _, written = write(file)
    assert file.path.read_bytes() == b""
    assert file.is_intact(written)
    assert list(file) == []


def test_what_is_taken_back_never_appears(file, monkeypatch):
    monkeypatch.setattr(line_writer, "FLUSH_BYTES", 10)
    write(file, ("a", 1, "old"))
    writer = RejectsWriter(file)
    for number in range(5):
        writer.add("a", number, b"raw", Reject(None, "new"))
    writer.roll_back()
    assert [line.reason for line in file] == ["old"]
    assert writer.counts == {}
    assert [path.name for path in file.path.parent.iterdir()] == [file.path.name]


def test_what_a_killed_build_left_is_not_taken_over(file):
    file.path.with_name(f".{file.path.name}.new").write_text("left over\n")
    write(file, ("a", 1, "x"))
    assert [json.loads(line)["reason"] for line in file.path.read_text().splitlines()] == ["x"]
