"""`verdict_lines`: one verdict for each line, whatever is in it, and at once."""

import io
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from afterclose.operating.verdict_lines import MAX_LINE_BYTES, answer_lines
from afterclose.settings import Settings
from afterclose.trading.decision_log import read_decisions
from afterclose.trading.subjects import Plan
from repository import REPOSITORY
from trading_builders import BEFORE_THE_OPEN, promote_model, write_sessions

WILD, CALM = b'{"atr_pct":1,"rsi":1}', b'{"atr_pct":-1.0,"rsi":-1.0}'


@pytest.fixture
def scope(settings: Settings) -> Settings:
    write_sessions(settings)
    promote_model(settings)
    return settings


def answers(settings: Settings, lines: bytes, *, dry: bool = True) -> list[dict[str, Any]]:
    sink = io.BytesIO()
    source = io.BytesIO(lines)
    answer_lines(settings, BEFORE_THE_OPEN, dry=dry, source=source, sink=sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_each_line_has_its_verdict_in_order(scope: Settings) -> None:
    found = answers(scope, b"\n".join([WILD, CALM, WILD]))
    assert [answer["reason"] for answer in found] == ["high_risk", "low_risk", "high_risk"]
    assert set(found[0]) == {"allowed", "risk_score", "size_multiplier", "reason", "model_id"}


@pytest.mark.parametrize(
    "line", [b"", b" ", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'"text"', b"[" * 5000]
)
def test_a_line_that_is_no_object_is_answered_too(scope: Settings, line: bytes) -> None:
    found = answers(scope, line + b"\n" + WILD + b"\n")
    assert [answer["reason"] for answer in found] == ["features_invalid", "high_risk"]
    assert found[0]["allowed"]


def test_an_endless_line_is_given_up(scope: Settings) -> None:
    found = answers(scope, b"x" * (MAX_LINE_BYTES + (1 << 17)))
    assert {answer["reason"] for answer in found} == {"features_invalid"}


def test_what_it_is_about_goes_into_the_log(scope: Settings) -> None:
    about = {"trade_id": "T-1", "symbol": "AAPL", "stop_price": 95, "colour": "red", "side": 7}
    line = json.dumps({"features": json.loads(WILD), "about": about}).encode()
    answers(scope, line + b"\n" + b'{"features":{},"about":3}', dry=False)
    first, second = read_decisions(scope.root / "ml_decisions.jsonl")
    assert (first.trade_id, first.symbol, first.side) == ("T-1", "AAPL", "7")
    assert first.plan == Plan(stop_price=95.0)
    assert (second.symbol, second.reason) == (None, "features_missing")


def test_a_bot_that_waits_for_each_answer_gets_it_at_once(scope: Settings) -> None:
    command = [sys.executable, "-m", "jobs.check", "--logs-dir", scope.logs_dir]
    now = ["--now", BEFORE_THE_OPEN.isoformat()]
    with subprocess.Popen(
        [*command, *now], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as job:
        assert job.stdin
        assert job.stdout
        for _ in range(3):
            job.stdin.write(WILD + b"\n")
            job.stdin.flush()
            assert json.loads(job.stdout.readline())["reason"] == "high_risk"
        job.stdin.close()
        assert job.stdout.read() == b""
        assert job.wait() == 0


def test_dry_leaves_no_trace(scope: Settings) -> None:
    before = sorted(scope.root.rglob("*"))
    answers(scope, WILD)
    assert sorted(scope.root.rglob("*")) == before


def test_thousands_of_lines_take_a_moment(scope: Settings) -> None:
    """The promise is 20,000 a second; this bound is a tenth of that, for busy machines."""
    lines = b"\n".join([WILD, CALM] * 5_000)
    start = time.perf_counter()
    assert len(answers(scope, lines, dry=False)) == 10_000
    assert time.perf_counter() - start < 5
