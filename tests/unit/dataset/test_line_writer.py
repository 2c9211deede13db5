"""Many lines in few writes, and back again."""

import hashlib

import pytest

from afterclose.dataset import line_writer
from afterclose.dataset.line_writer import LineWriter


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda size: f"flush at {size}")
def writer(request, tmp_path, monkeypatch):
    monkeypatch.setattr(line_writer, "FLUSH_BYTES", request.param)
    path = tmp_path / "lines"
    path.write_bytes(b"old\n")
    return LineWriter(path, 4, hashlib.sha256(b"old\n"))


def test_lines_are_counted_and_digested_before_and_after_they_reach_the_disk(writer):
    for line in (b"one\n", b"two\n", b"three\n"):
        writer.add(line)
    whole = b"old\none\ntwo\nthree\n"
    for _ in range(2):
        assert (writer.lines, writer.bytes) == (3, len(whole))
        assert writer.sha256() == hashlib.sha256(whole).hexdigest()
        writer.finish()
    assert writer.path.read_bytes() == whole


def test_what_is_taken_back_leaves_the_file_as_it_was_and_can_begin_anew(writer):
    for line in (b"one\n", b"two\n"):
        writer.add(line)
    writer.roll_back()
    assert writer.path.read_bytes() == b"old\n"
    assert (writer.lines, writer.bytes) == (0, 4)
    writer.add(b"three\n")
    writer.finish()
    assert writer.path.read_bytes() == b"old\nthree\n"
    assert writer.sha256() == hashlib.sha256(b"old\nthree\n").hexdigest()


def test_no_lines_touch_no_file(tmp_path):
    writer = LineWriter(tmp_path / "none", 0, hashlib.sha256())
    writer.finish()
    writer.roll_back()
    assert not writer.path.exists()
