"""The committed rows: torn tails, damage, and the metadata that says what counts."""

import json

import pytest

from afterclose.dataset.file import DatasetFile
from afterclose.dataset.metadata import empty_metadata
from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import IntegrityError, StorageError
from afterclose.scope_files import DATASET_FILE, ROWS_FILE
from builders import append_ledger, make_trade, write_ledger


@pytest.fixture
def builder(tmp_path):
    ledger = write_ledger(
        tmp_path / "trade_ledger.jsonl", [make_trade(trade_id=name) for name in "ABC"]
    )
    built = DatasetBuilder(tmp_path, ledger)
    built.build()
    return built


@pytest.fixture
def rows(builder):
    return builder.dataset_dir / ROWS_FILE


def test_a_torn_tail_is_cut_back_kept_beside_and_added_again_from_the_ledger(builder, rows):
    append_ledger(builder.dataset_dir / "trade_ledger.jsonl", [make_trade(trade_id="D")])
    with rows.open("ab") as file:
        file.write(b'{"trade_id":"D","symb')
    report = builder.build()
    assert (report.rows_added, report.rows_total, report.torn_tail_bytes) == (1, 4, 21)
    (kept,) = builder.dataset_dir.glob("*.torn-*")
    assert kept.read_bytes() == b'{"trade_id":"D","symb'
    assert builder.load().trade_id == ["A", "B", "C", "D"]


def test_whole_rows_that_no_build_committed_are_a_torn_tail_too(builder, rows):
    committed = rows.read_bytes()
    rows.write_bytes(committed + committed.splitlines(keepends=True)[0])
    report = builder.build()
    assert report.torn_tail_bytes > 0
    assert rows.read_bytes() == committed


def test_a_first_build_that_died_before_its_commit_is_done_again(tmp_path):
    ledger = write_ledger(tmp_path / "trade_ledger.jsonl", [make_trade()])
    DatasetFile(tmp_path).begin("2024-01-01T00:00:00+00:00")
    (tmp_path / ROWS_FILE).write_bytes(b'{"trade_id":"T1","sy')
    report = DatasetBuilder(tmp_path, ledger).build()
    assert (report.rows_total, report.torn_tail_bytes) == (1, 20)
    assert len(list(tmp_path.glob("*.torn-*"))) == 1


@pytest.mark.parametrize("use", ["build", "load"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "lose metadata", "scribble metadata"])
def test_damage_inside_what_was_committed_stops_everything(builder, rows, damage, use):
    metadata = builder.dataset_dir / DATASET_FILE
    data = bytearray(rows.read_bytes())
    if damage == "flip":
        data[100] ^= 1
        rows.write_bytes(data)
    elif damage == "cut":
        rows.write_bytes(data[:-1])
    elif damage == "remove":
        rows.unlink()
    elif damage == "lose metadata":
        metadata.unlink()
    else:
        metadata.write_text("{")
    with pytest.raises(IntegrityError, match="make verify REPAIR=1"):
        getattr(builder, use)()


def test_metadata_of_a_later_schema_is_not_guessed_at(builder):
    path = builder.dataset_dir / DATASET_FILE
    later = json.loads(path.read_text()) | {"schema_version": 2}
    del later["crc32"]
    path.write_text(json.dumps(later))
    with pytest.raises(IntegrityError, match="schema_version 2"):
        builder.metadata()


def test_metadata_that_cannot_be_read_is_a_storage_error(builder):
    path = builder.dataset_dir / DATASET_FILE
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError):
        builder.metadata()


def test_the_status_finds_version_and_rows_at_the_top(builder):
    top = json.loads((builder.dataset_dir / DATASET_FILE).read_text())
    assert (top["schema_version"], top["rows"]) == (1, 3)
    assert top["version"] == f"v00000003-{top['sha256'][:12]}"


def test_the_empty_dataset_is_committed_before_its_first_row(tmp_path):
    file = DatasetFile(tmp_path)
    begun = file.begin("2024-01-01T00:00:00+00:00")
    assert begun == empty_metadata("2024-01-01T00:00:00+00:00")
    assert file.begin("2025-01-01T00:00:00+00:00") == begun
