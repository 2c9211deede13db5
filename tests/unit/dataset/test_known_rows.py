"""Which trades have a row, without holding the rows."""

import json

import msgspec
import pytest

from afterclose.dataset import build_run, known_rows
from afterclose.dataset.file import ROWS_FILE, DatasetFile
from afterclose.dataset.id_index import IdIndex
from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import IntegrityError
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


def test_of_many_trades_one_that_has_a_row_is_enough(path):
    with KnownRows(path, path.stat().st_size) as known:
        for _ in range(2 * known_rows.WORTH_A_SET_TIMES):
            assert known.has_any_of(["other", "plain"])
            assert not known.has_any_of(["other", "another"])


@pytest.mark.parametrize("tail_bytes", [1, 200, 1 << 20])
def test_a_row_says_what_it_says_in_any_order_of_features(path, monkeypatch, tail_bytes):
    monkeypatch.setattr(known_rows, "TAIL_BYTES", tail_bytes)
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
        assert not known
        assert known.in_order == []
        assert not known.has_any_of(["plain"])


# --- the index of a long dataset --------------------------------------------------------------


@pytest.fixture
def indexed(path, monkeypatch):
    """A scope whose next builds keep an index."""
    monkeypatch.setattr(build_run, "WORTH_AN_INDEX_BYTES", 1)
    return path.parent


def build(folder, *names):
    write_ledger(folder / "ledger.jsonl", [make_trade(trade_id=name) for name in names])
    return DatasetBuilder(folder, folder / "ledger.jsonl").build_from_ledger()


def test_the_index_holds_the_ids_in_the_order_of_the_rows(indexed):
    assert build(indexed, *IDS, "new") == (1, 7)
    committed = DatasetFile(indexed).metadata()
    assert IdIndex(indexed).load(committed.sha256) == [*IDS, "new"]


def test_a_build_asks_the_index_and_not_the_rows(indexed, monkeypatch):
    build(indexed, *IDS, "new")
    monkeypatch.setattr(KnownRows, "_read", None)
    assert build(indexed, *IDS, "new", "newer") == (1, 8)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-3],
        lambda data: data.replace(b"plain", b"plein"),
        lambda data: data.replace(b'"new"', b'"now"').replace(b"{", b"[", 1),
        lambda data: b"\xff" + data,
    ],
)
def test_an_index_that_is_damaged_is_read_past_and_made_anew(indexed, damage):
    build(indexed, *IDS, "new")
    path = IdIndex(indexed).path
    path.write_bytes(damage(path.read_bytes()))
    assert build(indexed, *IDS, "new", "newer") == (1, 8)
    assert IdIndex(indexed).load(DatasetFile(indexed).metadata().sha256) == [*IDS, "new", "newer"]


def test_an_index_of_other_rows_is_read_past(indexed):
    build(indexed, *IDS, "new")
    IdIndex(indexed).save("0" * 64, ["newer"])
    assert build(indexed, *IDS, "new", "newer") == (1, 8)


def test_a_forged_index_is_named(indexed):
    build(indexed, *IDS)
    IdIndex(indexed).save(DatasetFile(indexed).metadata().sha256, [*IDS, "newer"])
    with pytest.raises(IntegrityError, match="ml_dataset_ids: it has 'newer', and the dataset"):
        build(indexed, *IDS, "newer")
    IdIndex(indexed).path.unlink()
    assert build(indexed, *IDS, "newer") == (1, 7)


def test_a_disk_that_refuses_the_index_costs_the_build_nothing(indexed):
    IdIndex(indexed).path.mkdir()
    assert build(indexed, *IDS, "new") == (1, 7)
    assert build(indexed, *IDS, "new", "newer") == (1, 8)
