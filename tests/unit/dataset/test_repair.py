"""Verify says where; repair rebuilds from the ledgers and keeps what was damaged."""

import json

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import IntegrityError
from afterclose.records import Repair
from afterclose.scope_files import DATASET_FILE, REJECTS_FILE, ROWS_FILE
from builders import synthetic_records, write_ledger


@pytest.fixture
def builder(tmp_path):
    records = [*synthetic_records(20), "{broken"]
    built = DatasetBuilder(tmp_path, write_ledger(tmp_path / "trade_ledger.jsonl", records))
    built.build()
    return built


def files(builder):
    return {
        path.name: path.read_bytes()
        for path in builder.dataset_dir.iterdir()
        if path.name.startswith("ml_")
    }


def test_a_sound_dataset_has_no_problems_and_is_left_alone(builder):
    before = files(builder)
    assert builder.verify() == []
    assert builder.repair() == Repair(done=(), left=())
    assert files(builder) == before


def test_before_the_first_build_nothing_is_wrong(tmp_path):
    assert DatasetBuilder(tmp_path, tmp_path / "ledger.jsonl").verify() == []


def test_a_damaged_row_is_located_kept_beside_and_rebuilt(builder):
    path = builder.dataset_dir / ROWS_FILE
    sound = path.read_bytes()
    lines = sound.splitlines(keepends=True)
    lines[6] = b"#" + lines[6][1:]
    path.write_bytes(b"".join(lines))
    (problem,) = builder.verify()
    assert (problem.file, problem.where) == (ROWS_FILE, "line 7")
    repair = builder.repair()
    assert repair.left == ()
    assert path.read_bytes() == sound
    (kept,) = builder.dataset_dir.glob("*.damaged-*")
    assert kept.read_bytes() == b"".join(lines)
    assert kept.name in repair.done[0]
    assert builder.verify() == []


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("")])
def test_lost_rows_are_rebuilt(builder, damage):
    path = builder.dataset_dir / ROWS_FILE
    sound = path.read_bytes()
    damage(path)
    assert [problem.file for problem in builder.verify()] == [ROWS_FILE]
    assert builder.repair().done == ("added 20 rows from the ledgers",)
    assert path.read_bytes() == sound


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_lost_metadata_is_made_anew_from_sound_rows(builder, damage):
    path = builder.dataset_dir / DATASET_FILE
    before = builder.metadata()
    damage(path)
    assert [problem.file for problem in builder.verify()] == [DATASET_FILE]
    repair = builder.repair()
    assert repair.left == ()
    assert repair.done[-2:] == (
        "made the metadata of 20 rows anew",
        "added 0 rows from the ledgers",
    )
    after = builder.metadata()
    assert (after.version, after.rows, after.sha256) == (before.version, 20, before.sha256)


def test_lost_metadata_beside_unsound_rows_means_a_rebuild(builder):
    path = builder.dataset_dir / ROWS_FILE
    sound = path.read_bytes()
    path.write_bytes(sound + sound.splitlines(keepends=True)[0])  # one trade twice
    (builder.dataset_dir / DATASET_FILE).unlink()
    builder.repair()
    assert path.read_bytes() == sound
    assert len(list(builder.dataset_dir.glob("*.damaged-*"))) == 1


def test_lost_metadata_and_a_torn_tail_are_mended_together(builder):
    path = builder.dataset_dir / ROWS_FILE
    sound = path.read_bytes()
    path.write_bytes(sound + b'{"trade_id":"to')
    (builder.dataset_dir / DATASET_FILE).unlink()
    assert builder.repair().left == ()
    assert path.read_bytes() == sound


def test_a_conflict_is_a_problem_that_repair_settles_for_the_ledger(builder):
    records = synthetic_records(20)
    records[3]["exit_price"] *= 2
    write_ledger(builder.dataset_dir / "trade_ledger.jsonl", [*records, "{broken"])
    builder.build()
    (problem,) = builder.verify()
    assert problem.what == "1 rows were written before their ledger record changed"
    assert builder.repair().left == ()
    rows = (builder.dataset_dir / ROWS_FILE).read_text().splitlines()
    assert json.loads(rows[3])["exit_price"] == records[3]["exit_price"]
    assert builder.build().conflicts == 0


def test_trades_that_only_the_damaged_file_has_are_counted(builder):
    write_ledger(builder.dataset_dir / "trade_ledger.jsonl", synthetic_records(20)[5:])
    path = builder.dataset_dir / ROWS_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"#" + lines[1][1:], *lines[2:]]))
    repair = builder.repair()
    # Trades 0 to 4 left the ledger; row 1 cannot be read any more.
    assert repair.left[0].startswith("4 trades that no ledger has any more are only in ")
    assert len(builder.load()) == 15


def test_without_a_ledger_nothing_is_set_aside(builder):
    (builder.dataset_dir / ROWS_FILE).write_text("scribble")
    (builder.dataset_dir / "trade_ledger.jsonl").unlink()
    before = files(builder)
    with pytest.raises(IntegrityError, match="no ledger to rebuild from"):
        builder.repair()
    assert files(builder) == before


def test_lost_metadata_of_sound_rows_needs_no_ledger(builder):
    (builder.dataset_dir / DATASET_FILE).unlink()
    (builder.dataset_dir / "trade_ledger.jsonl").unlink()
    assert builder.repair().left == ()
    assert len(builder.load()) == 20


def test_damaged_metadata_and_rejects_are_kept_beside(builder):
    for name in (DATASET_FILE, REJECTS_FILE):
        (builder.dataset_dir / name).write_text("scribble")
        builder.repair()
        (kept,) = builder.dataset_dir.glob(f"{name}.damaged-*")
        assert kept.read_text() == "scribble"


def test_a_torn_tail_and_other_rejects_are_reported_and_mended_by_a_build(builder):
    rows, rejects = builder.dataset_dir / ROWS_FILE, builder.dataset_dir / REJECTS_FILE
    sound = rows.read_bytes(), rejects.read_bytes()
    rows.write_bytes(sound[0] + b"torn")
    rejects.write_text("scribble")
    torn, other = builder.verify()
    assert (torn.where, other.file) == (f"byte {len(sound[0])}", REJECTS_FILE)
    builder.repair()
    assert (rows.read_bytes(), rejects.read_bytes()) == sound


def test_a_repair_that_was_killed_can_be_run_again(builder):
    path = builder.dataset_dir / ROWS_FILE
    sound = path.read_bytes()
    path.rename(path.with_name(ROWS_FILE + ".damaged-0"))  # died between its first two steps
    assert builder.repair().left == ()
    assert path.read_bytes() == sound
