"""The trade ledger: what is written, what is refused, what is read back."""

import json
import threading

import pytest

from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.errors import InputError, StorageError
from afterclose.ledger import Trade, TradeLedger, numbered_lines
from builders import append_ledger, make_trade, write_ledger


@pytest.fixture
def ledger(tmp_path):
    return TradeLedger(tmp_path / "deep" / "trade_ledger.jsonl")


def test_a_ledger_that_does_not_exist_yet_is_empty_and_true(ledger):
    assert ledger.get_all_trades() == []
    assert len(ledger) == 0
    assert ledger


def test_what_is_added_is_read_back_in_order(ledger):
    first, second = Trade(**make_trade()), Trade(**make_trade(trade_id="T2", side="short"))
    ledger.add_trade(first)
    ledger.add_trade(second)
    assert ledger.get_all_trades() == list(ledger) == [first, second]
    assert len(ledger) == 2


def test_a_mapping_with_other_names_is_added_under_the_usual_ones(ledger):
    record = make_trade()
    record["entry_quantity"] = record.pop("quantity")
    ledger.add_trade(record)
    assert json.loads(ledger.path.read_text())["quantity"] == 10.0


def test_an_open_trade_is_added_and_a_datetime_written_as_iso_8601(ledger):
    from datetime import UTC, datetime

    entered = datetime(2024, 1, 2, 15, tzinfo=UTC)
    ledger.add_trade(
        Trade(**make_trade(entry_timestamp=entered, exit_timestamp=None, exit_price=None))
    )
    (trade,) = ledger
    assert datetime.fromisoformat(trade.entry_timestamp) == entered
    assert trade.exit_timestamp is None


@pytest.mark.parametrize(
    "overrides",
    [
        {"exit_price": float("nan")},
        {"exit_price": None},
        {"entry_price": float("inf")},
        {"entry_price": -1.0, "exit_timestamp": None},
        {"quantity": 0.0, "exit_timestamp": None},
        {"fees": -1.0},
        {"side": "up"},
        {"trade_id": ""},
        {"symbol": ""},
        {"mae_pct": -2.5},
        {"entry_timestamp": "soon", "exit_timestamp": None},
        {"exit_timestamp": "2023-01-01T00:00:00+00:00"},
        {"entry_price": "100"},
    ],
)
def test_numbers_and_times_that_no_dataset_could_use_are_refused(ledger, overrides):
    with pytest.raises(InputError, match="not written"):
        ledger.add_trade(make_trade(**overrides))
    assert not ledger.path.exists()


def test_features_are_the_strategys_own_business(ledger):
    ledger.add_trade(make_trade(rule_features={}))
    ledger.add_trade(make_trade(rule_features={"rsi": float("nan"), "pnl": 1.0}))
    assert [trade.rule_features for trade in ledger] == [{}, {"rsi": None, "pnl": 1.0}]


@pytest.mark.parametrize("torn", ['{"trade_id": "TORN", "sym', json.dumps(make_trade())])
def test_a_torn_last_line_spoils_only_itself(ledger, torn):
    ledger.path.parent.mkdir()
    ledger.path.write_text(torn)
    ledger.add_trade(make_trade(trade_id="T2"))
    assert ledger.path.read_text().startswith(torn + "\n")
    assert "T2" in [trade.trade_id for trade in ledger]


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger, monkeypatch):
    ledger.add_trade(make_trade())
    before = ledger.path.read_bytes()

    class Full(DiskLayer):
        def write(self, descriptor, data):
            import errno

            super().write(descriptor, data[:5])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "LAYER", Full())
    with pytest.raises(StorageError, match="No space left"):
        ledger.add_trade(make_trade(trade_id="T2"))
    assert ledger.path.read_bytes() == before


def test_many_writers_at_once_lose_nothing(ledger):
    def write(name):
        own = TradeLedger(ledger.path)
        for number in range(20):
            own.add_trade(make_trade(trade_id=f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({trade.trade_id for trade in ledger}) == 80


def test_lines_that_are_no_trades_are_left_out(ledger):
    write_ledger(ledger.path, ["{broken", "", make_trade(), '{"trade_id": "A"}', b"\xff\xfe"])
    assert [trade.trade_id for trade in ledger] == ["T1"]


def test_a_folder_in_place_of_the_ledger_is_an_input_error(ledger):
    ledger.path.mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder"):
        ledger.get_all_trades()


def test_a_ledger_under_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        TradeLedger(tmp_path / "file" / "ledger.jsonl").get_all_trades()


def test_lines_are_numbered_from_1_with_blank_ones_counted_and_left_out(tmp_path):
    path = write_ledger(tmp_path / "ledger.jsonl", [b"\xef\xbb\xbfa", "", " \t", "b\r"])
    append_ledger(path, [])
    with path.open("ab") as file:
        file.write(b"c")
    with path.open("rb") as file:
        assert list(numbered_lines(file)) == [(1, 5, b"a\n"), (4, 12, b"b\r\n"), (5, 13, b"c")]
        assert list(numbered_lines(file, 12, 4)) == [(5, 13, b"c")]
