"""The trading service that compose.yaml has as a comment: a user of its own on the same volume."""

import json

import pytest
from docker.models.containers import Container

from builders import synthetic_records
from containers import Start, compose_services, exit_code, job, logs, put, read

pytestmark = [pytest.mark.container, pytest.mark.slow]

TRADE = """
import os
from datetime import datetime
from afterclose import RiskFilter, Subject, Trade, TradeLedger, load_settings
settings = load_settings()
with RiskFilter.load(settings, datetime.fromisoformat("2026-01-28T14:10+00:00")) as risk:
    features = {"atr_pct": 0.02, "rsi": 50.0, "trend": 0.1, "volume_ratio": 1.0}
    verdict = risk.check(features, about=Subject(trade_id="T-1", symbol="AAPL"))
print(os.getuid(), risk.mode, verdict.reason in ("low_risk", "high_risk"), risk.mode_reason)
try:
    TradeLedger(settings.ledger_paths[0]).add_trade(Trade(
        trade_id="T-1", symbol="AAPL", entry_timestamp="2026-01-28T15:00+00:00",
        exit_timestamp="2026-01-28T16:00+00:00", entry_price=1.0, exit_price=1.0, quantity=1.0,
    ))
    print("in the ledger")
except Exception as error:
    print("not in the ledger:", error)
"""


def nightly(start: Start, *, shared: bool) -> Container:
    """The nightly service of a scope with an active model."""
    container = start(environment={"ML_GROUP_WRITABLE": str(shared).lower()})
    records = b"".join(json.dumps(record).encode() + b"\n" for record in synthetic_records(120))
    put(container, "trade_ledger.jsonl", records)
    for words in (["cycle"], ["promote", "--id", "20260127_220000", "--anyway"]):
        assert job(container, *words, "--now", "2026-01-27T22:00Z")[0] == 0
    if shared:  # files from before, as README says
        container.exec_run(["sh", "-c", "chmod -R g+w /logs/us/paper"])
    return container


def traded(start: Start, *, shared: bool, **different: object) -> str:
    """What the bot of the service printed."""
    bot = start(
        command=["python", "-c", TRADE],
        service="us-paper-bot",
        environment={"ML_GROUP_WRITABLE": str(shared).lower()},
        **({"network_mode": "none"} | different),
    )
    assert exit_code(bot, 30) == 0, logs(bot)
    return logs(bot)


def test_it_differs_from_the_nightly_service_in_what_a_bot_needs() -> None:
    services = compose_services()
    bot, night = services["us-paper-bot"], services["us-paper"]
    assert bot["image"] == night["image"]
    assert bot["user"] != night["user"]
    assert bot["group_add"] == [night["user"].partition(":")[2]]
    assert bot["environment"] == night["environment"]
    changed = {name for name in bot if bot[name] != night.get(name)}
    assert changed == {
        "hostname", "user", "group_add", "network_mode", "command", "working_dir", "volumes",
        "healthcheck",
    }  # fmt: skip


def test_with_the_group_it_logs_locks_and_writes_the_ledger(start: Start) -> None:
    container = nightly(start, shared=True)
    said = traded(start, shared=True)
    assert "10002 ml True model 20260127_220000 for session 2026-01-28 until" in said
    assert "not locked" not in said
    assert "not logged" not in said
    assert "in the ledger" in said.splitlines()
    line = json.loads(read(container, "ml_decisions.jsonl"))
    assert (line["trade_id"], line["model_id"]) == ("T-1", "20260127_220000")
    code, said = job(container, "rollback", "--now", "2026-01-28T15:00Z")
    assert (code, "locked" in said) == (3, True)
    assert job(container, "verify")[0] == 0


@pytest.mark.parametrize(
    ("shared", "different"),
    [
        (False, {}),  # files that only the nightly service may write
        (True, {"logs_mode": "ro"}),
        (True, {"user": "20000:20000", "group_add": []}),  # another user, without the group
    ],
    ids=["not-shared", "read-only-volume", "another-user"],
)
def test_without_the_right_to_write_it_trades_by_the_model_and_says_what_is_missing(
    start: Start, shared: bool, different: dict[str, object]
) -> None:
    container = nightly(start, shared=shared)
    said = traded(start, shared=shared, **different)
    assert "ml True model 20260127_220000 for session 2026-01-28 until" in said
    assert "not locked" in said
    assert "not logged" in said
    assert "not in the ledger: " in said
    assert read(container, "ml_decisions.jsonl") == ""
    assert job(container, "verify")[0] == 0
