"""`decision_log`: every verdict is one line, brings its features back, and costs no trade."""

import errno
import json
import logging
import math
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.disk.seal import is_sealed
from afterclose.errors import InputError
from afterclose.records import Subject
from afterclose.trading.decision_log import (
    DecisionLog,
    DecisionRecord,
    current_subject,
    deciding_about,
    logged_features,
    parse_decision,
    read_decisions,
    replay,
    seen_features,
)

RECORD = DecisionRecord(
    at="2026-01-27T21:00:00+00:00",
    session="2026-01-28",
    symbol="AAPL",
    side="long",
    mode="ml",
    model_id="20260127_153000",
    digest="0" * 64,
    features={"rsi": 50.0},
    risk_score=0.25,
    threshold=0.5,
    allowed=True,
    size_multiplier=1.0,
    reason="low_risk",
)


class Full(DiskLayer):
    def write(self, descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class CountingSyncs(DiskLayer):
    """Notices a sync of one file; logs of other tests may still sync theirs in the background."""

    def __init__(self, path: Path) -> None:
        self._path, self.synced = path, threading.Event()

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        if self._path.exists() and os.path.samestat(os.fstat(descriptor), self._path.stat()):
            self.synced.set()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ml_decisions.jsonl"


def test_a_verdict_is_one_json_line_with_a_schema_version(path: Path) -> None:
    log = DecisionLog(path)
    log.write(RECORD)
    log.write(RECORD)
    log.close()
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert is_sealed(lines[0].encode())
    written = json.loads(lines[0])
    del written["crc32"]
    assert written == {
        "schema_version": 2,
        "at": "2026-01-27T21:00:00+00:00",
        "session": "2026-01-28",
        "trade_id": None,
        "symbol": "AAPL",
        "side": "long",
        "strategy": None,
        "plan": None,
        "mode": "ml",
        "model_id": "20260127_153000",
        "digest": "0" * 64,
        "features": {"rsi": 50.0},
        "risk_score": 0.25,
        "threshold": 0.5,
        "threshold_mode": "",
        "allowed": True,
        "size_multiplier": 1.0,
        "reason": "low_risk",
        "lost_before": 0,
    }


def test_a_line_survives_a_kill_right_after_the_verdict(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from afterclose.trading.decision_log import DecisionLog, parse_decision\n"
        "DecisionLog(Path(sys.argv[1])).write(parse_decision(sys.argv[2]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    line = b'{"at":"","session":null,"symbol":null,"side":null,"mode":"ml","model_id":null,"digest":null,"features":{},"risk_score":null,"threshold":0.5,"allowed":true,"size_multiplier":1.0,"reason":"low_risk"}'  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code, path, line], check=False)
    assert done.returncode == -9
    assert [record.reason for record in read_decisions(path)] == ["low_risk"]


@pytest.mark.parametrize(
    "value", [0.1, 5e-324, -0.0, 1.7976931348623157e308, math.inf, -math.inf, None, "high", "NaN"]
)
def test_features_come_back_exactly(value: Any) -> None:
    line = json.dumps(logged_features({"x": value}), allow_nan=False)
    back = seen_features(json.loads(line))
    assert back == {"x": value}
    assert math.copysign(1, back["x"]) == math.copysign(1, value) if value == 0 else True


def test_nan_comes_back_as_nan() -> None:
    assert logged_features({"x": math.nan}) == {"x": "NaN"}
    assert math.isnan(float(str(seen_features({"x": "NaN"})["x"])))


def test_features_that_could_not_be_read_are_null() -> None:
    assert logged_features(None) is None
    assert replay(replace(RECORD, features=None, risk_score=None), None) is None  # type: ignore[arg-type]


def test_a_full_disk_drops_the_line_counts_it_and_says_so_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = DecisionLog(path)
    log.write(RECORD)
    monkeypatch.setattr(files, "LAYER", Full())
    for _ in range(3):
        log.write(RECORD)
    assert log.lost == 3
    assert len(caplog.records) == 1
    assert "No space left" in caplog.text
    monkeypatch.undo()
    log.write(RECORD)
    log.write(RECORD)
    log.close()
    assert [record.lost_before for record in read_decisions(path)] == [0, 3, 0]


def test_a_folder_that_is_a_file_costs_lines_only(tmp_path: Path) -> None:
    (tmp_path / "scope").write_text("")
    log = DecisionLog(tmp_path / "scope" / "ml_decisions.jsonl")
    log.write(RECORD)
    log.close()
    assert log.lost == 1


def test_lines_are_synced_beside_the_trading(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = CountingSyncs(path)
    monkeypatch.setattr(files, "LAYER", layer)
    log = DecisionLog(path, sync_interval_s=0.01)
    log.write(RECORD)
    assert layer.synced.wait(10)
    log.close()


def test_writing_does_not_sync_but_closing_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = CountingSyncs(path)
    monkeypatch.setattr(files, "LAYER", layer)
    log = DecisionLog(path)
    log.write(RECORD)
    assert not layer.synced.is_set()
    log.close()
    assert layer.synced.is_set()


def test_a_log_that_nobody_holds_any_more_ends_its_thread(path: Path) -> None:
    before = set(threading.enumerate())
    log = DecisionLog(path, sync_interval_s=60)
    log.write(RECORD)
    (thread,) = set(threading.enumerate()) - before
    del log
    thread.join(10)
    assert not thread.is_alive()


def test_a_torn_line_is_skipped_and_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = DecisionLog(path)
    log.write(RECORD)
    log.close()
    with path.open("ab") as file:
        file.write(b'{"at":"2026')
    log.write(RECORD)
    log.close()
    with caplog.at_level(logging.WARNING):
        assert list(read_decisions(path)) == [RECORD, RECORD]
    assert "line 2 skipped" in caplog.text


@pytest.mark.parametrize("line", [b"", b"{}", b'{"at":1}', b"\xff", "[]"])
def test_what_is_no_line_of_the_log_is_refused(line: bytes | str) -> None:
    with pytest.raises(InputError, match="not a line of the decision log"):
        parse_decision(line)


def test_the_subject_of_a_verdict_is_known_inside_its_block_only() -> None:
    with deciding_about(Subject(symbol="AAPL", side="short")):
        assert current_subject().symbol == "AAPL"
        assert current_subject().side == "short"
    assert current_subject().symbol is None


def test_a_line_of_version_1_is_read_as_one_without_an_id_and_a_plan() -> None:
    line = (
        b'{"schema_version":1,"at":"2026-01-27T21:00:00+00:00","session":"2026-01-28",'
        b'"symbol":"AAPL","side":"long","mode":"ml","model_id":"20260127_153000",'
        b'"digest":"%s","features":{"rsi":50.0},"risk_score":0.25,"threshold":0.5,'
        b'"allowed":true,"size_multiplier":1.0,"reason":"low_risk","lost_before":0,'
        b'"crc32":"5d669b1f"}' % (b"0" * 64)
    )
    assert replace(parse_decision(line), schema_version=2) == RECORD


def test_a_line_of_a_version_to_come_is_refused() -> None:
    with pytest.raises(InputError, match="schema_version"):
        parse_decision(json.dumps(json.loads(msgspec.json.encode(RECORD)) | {"schema_version": 3}))


def test_where_no_thread_can_start_the_verdict_is_given_and_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    log = DecisionLog(path)
    log.write(RECORD)
    log.close()
    assert len(list(read_decisions(path))) == 1
