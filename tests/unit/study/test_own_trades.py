"""A ledger of one's own, as the trades that a study lives through."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from afterclose.errors import InputError
from afterclose.study.own_trades import own_trades
from builders import synthetic_records, write_ledger

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def read(*paths: Path):
    return own_trades(paths, "America/New_York", frozenset({"LIQUIDATION"}), NOW)


def test_closed_trades_come_by_entry_with_their_moments(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    write_ledger(path, synthetic_records(30))
    trades = read(path).trades
    assert len(trades) == 30
    assert [one.entered for one in trades] == sorted(one.entered for one in trades)
    first = trades[0]
    assert first.entered == datetime.fromisoformat(str(first.trade.entry_timestamp))
    assert first.left.utcoffset() is not None


def test_of_one_id_the_last_counts_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    one, two, three = synthetic_records(3)
    lines = [
        one | {"exit_timestamp": None, "exit_price": None},
        two | {"exit_timestamp": None, "exit_price": None},
        one | {"source": "shadow"},
        three | {"exit_type": "LIQUIDATION"},
    ]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines) + b"{\n")
    found = read(path)
    assert [each.trade.trade_id for each in found.trades] == [one["trade_id"]]
    assert found.trades[0].trade.source == "paper"
    assert found.left_out == {"still open": 1, "excluded exit type": 1, "not JSON": 1}


def test_a_ledger_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no ledger .*none\.jsonl"):
        read(tmp_path / "none.jsonl")
