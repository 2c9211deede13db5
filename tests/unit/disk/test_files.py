"""Durable writes: the old file or the new one, never half, and errors with a remedy."""

import errno
import os
from pathlib import Path

import pytest

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import StorageError


class FullDisk(DiskLayer):
    """Writes ``room_bytes`` more, then behaves like a full disk."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room_bytes <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: self.room_bytes])
        self.room_bytes -= written
        return written


def test_a_write_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "state.json"
    files.write_atomic(path, b"first, and longer")
    files.write_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["state.json"]


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    files.write_atomic(path, b"old")
    monkeypatch.setattr(files, "LAYER", FullDisk(room_bytes=2))
    with pytest.raises(StorageError, match="Free disk space") as caught:
        files.write_atomic(path, b"new content")
    assert caught.value.exit_code == 1
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state.json"]


def test_an_append_that_finds_the_disk_full_is_cut_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    assert files.append_durable(path, b"one\n") == 0
    monkeypatch.setattr(files, "LAYER", FullDisk(room_bytes=2))
    with pytest.raises(StorageError):
        files.append_durable(path, b"two\n")
    assert path.read_bytes() == b"one\n"


def test_an_append_takes_whole_lines_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="whole lines"):
        files.append_durable(tmp_path / "journal.jsonl", b"half a li")


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OneByte(DiskLayer):
        def write(self, descriptor: int, data: bytes) -> int:
            return os.write(descriptor, data[:1])

    monkeypatch.setattr(files, "LAYER", OneByte())
    files.write_atomic(tmp_path / "a", b"whole")
    files.append_durable(tmp_path / "b", b"line\n")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert (tmp_path / "b").read_bytes() == b"line\n"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StorageError, match="logs"):
        files.write_atomic(tmp_path / "logs" / "us" / "state.json", b"x")


def test_a_digest_of_a_prefix_ignores_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"abc" + b"more")
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert files.sha256_file(path, 3) == files.sha256_bytes(b"abc") == abc
    assert files.sha256_file(path) != abc


def test_truncation_keeps_the_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"one\ntorn")
    files.truncate_durable(path, 4)
    assert path.read_bytes() == b"one\n"


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    (tmp_path / ".tmp-x").mkdir()
    (tmp_path / ".tmp-x" / "a").write_text("a")
    files.publish_folder(tmp_path / ".tmp-x", tmp_path / "x")
    assert os.listdir(tmp_path) == ["x"]
    assert (tmp_path / "x" / "a").read_text() == "a"


def test_what_killed_writers_left_is_removed_once_it_is_an_hour_old(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".a.1.tmp", ".a.2.tmp", "a"))
    for path in (old, young, other):
        path.write_bytes(b"x")
    newest_s = other.stat().st_mtime
    os.utime(old, (newest_s - 3700, newest_s - 3700))
    files.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.2.tmp", "a"]
