"""`LineAppender`: lines in the file at once, and a torn one spoils only itself."""

import errno
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.disk.line_appender import LOCK_TRIES, LOCK_TRY_S, LineAppender
from afterclose.disk.seal import seal
from afterclose.errors import StorageError


class FullAfter(DiskLayer):
    """A disk that takes a few more bytes, then says that it is full."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room_bytes <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = os.write(descriptor, data[: self.room_bytes])
        self.room_bytes -= taken
        return taken


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scope" / "lines.jsonl"


def test_a_line_is_in_the_file_when_append_returns(path: Path) -> None:
    appender = LineAppender(path)
    appender.append(b"one\n")
    assert path.read_bytes() == b"one\n"
    appender.append(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    appender.close()


def test_a_torn_line_of_an_earlier_process_is_ended_first(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"whole\ntor")
    appender = LineAppender(path)
    appender.append(b"next\n")
    appender.append(b"last\n")
    appender.close()
    assert path.read_bytes() == b"whole\ntor # torn\nnext\nlast\n"


def test_a_line_that_lacks_its_end_alone_is_whole_again(path: Path) -> None:
    whole = seal(b'{"at":"2026-01-27"}')
    path.parent.mkdir()
    path.write_bytes(b"first\n" + whole)
    appender = LineAppender(path)
    appender.append(b"next\n")
    appender.close()
    assert path.read_bytes() == b"first\n" + whole + b"\nnext\n"


def test_a_line_torn_by_a_full_disk_is_ended_once_there_is_room(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    appender = LineAppender(path)
    appender.append(b"one\n")
    monkeypatch.setattr(files, "LAYER", FullAfter(2))
    with pytest.raises(StorageError, match="No space left"):
        appender.append(b"two\n")
    monkeypatch.undo()
    appender.append(b"three\n")
    appender.close()
    assert path.read_bytes() == b"one\ntw # torn\nthree\n"


def test_a_folder_that_cannot_be_made_is_a_storage_error_and_tried_again(path: Path) -> None:
    path.parent.write_text("a file is in the way")
    appender = LineAppender(path)
    with pytest.raises(StorageError):
        appender.append(b"one\n")
    path.parent.unlink()
    appender.append(b"two\n")
    appender.close()
    assert path.read_bytes() == b"two\n"


def test_sync_and_close_of_a_file_never_opened_do_nothing(path: Path) -> None:
    appender = LineAppender(path)
    appender.sync()
    appender.close()
    assert not path.exists()


def test_append_goes_on_after_close(path: Path) -> None:
    appender = LineAppender(path)
    appender.append(b"one\n")
    appender.close()
    appender.append(b"two\n")
    appender.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_line_that_another_is_writing_does_not_look_torn(path: Path) -> None:
    def write(number: int) -> None:
        appender = LineAppender(path)
        appender.append(b"%d %s\n" % (number, b"x" * 900))  # lines that cross pages
        appender.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(4000)))
    lines = path.read_bytes().splitlines()
    assert sorted(int(line.split()[0]) for line in lines if line) == list(range(4000))
    assert b"" not in lines


def test_who_holds_the_log_is_not_waited_for_beyond_a_bound(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        started = time.monotonic()
        LineAppender(path).append(b"one\n")
        assert time.monotonic() - started < 10 * LOCK_TRIES * LOCK_TRY_S
    assert path.read_bytes() == b"one\n"
