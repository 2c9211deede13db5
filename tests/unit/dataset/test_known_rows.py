"""Which trades have a row, without holding the rows."""

import json

import msgspec
import pytest

from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset_builder import DatasetBuilder
from afterclose.scope_files import ROWS_FILE
from builders import make_trade, write_ledger

IDS = ["plain", 'q"uote', "back\\", '","symbol":', "ünï", "tab\there"]


@pytest.fixture
def path(tmp_path):
    write_ledger(tmp_path / "ledger.jsonl", [make_trade(trade_id=name) for name in IDS])
    DatasetBuilder(tmp_path, tmp_path / "ledger.jsonl").build()
    return tmp_path / ROWS_FILE


def test_every_id_is_found_and_no_other(path):
    with KnownRows(path, path.stat().st_size) as known:
        assert all(name in known for name in IDS)
        assert not any(name in known for name in ("", "plai", "q", 'q"', "back", "\\"))


def test_a_row_says_what_it_says_in_any_order_of_features(path):
    lines = path.read_bytes().splitlines(keepends=True)
    for wanted in ([1], [5, 0, 3], range(6)):
        with KnownRows(path, path.stat().st_size) as known:
            for number in wanted:
                name, row = IDS[number], json.loads(lines[number])
                assert known.says(name, lines[number])
                assert known.says(name, json.dumps(row, separators=(",", ":")).encode() + b"\n")
                changed = msgspec.json.encode(row | {"exit_price": 111.0}) + b"\n"
                assert not known.says(name, changed)


def test_without_committed_rows_nothing_is_known_even_of_a_file_that_is_missing(tmp_path):
    with KnownRows(tmp_path / "none", 0) as known:
        assert "plain" not in known
