"""Ledgers are held to what was read of them: to a digest, or to the rows that came of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import IntegrityError
from afterclose.records import Problem
from afterclose.scope_files import ROWS_FILE
from afterclose.trades.judged import Closed
from afterclose.trades.parser import LineParser
from builders import append_ledger, synthetic_records, write_ledger

NOW = datetime(2026, 1, 27, tzinfo=UTC)
RECORDS = synthetic_records(8)
OPEN = RECORDS[2] | {"exit_timestamp": None, "exit_price": None}
REFUSED = RECORDS[5] | {"exit_price": -1}
BEHIND = "behind byte"


@pytest.fixture
def builder(tmp_path: Path) -> DatasetBuilder:
    """Two trades that were read for good, then an open one with all others behind it."""
    records = [*RECORDS[:2], OPEN, *RECORDS[3:5], REFUSED, "no record", *RECORDS[6:]]
    built = DatasetBuilder(tmp_path, write_ledger(tmp_path / "trade_ledger.jsonl", records))
    built.build(NOW)
    return built


def ledger(builder: DatasetBuilder) -> Path:
    return builder.dataset_dir / "trade_ledger.jsonl"


def rewrite(builder: DatasetBuilder, number: int, *lines: object) -> None:
    """Put other lines in the place of line ``number``, from 0."""
    found = ledger(builder).read_bytes().splitlines()
    found[number : number + 1] = [json.dumps(line).encode() for line in lines]
    ledger(builder).write_bytes(b"\n".join(found) + b"\n")


def named(builder: DatasetBuilder) -> list[Problem]:
    return builder.contradictions(NOW)


def test_before_a_build_and_after_it_nothing_is_named(builder: DatasetBuilder) -> None:
    assert named(builder) == []
    assert DatasetBuilder(builder.dataset_dir / "new", ledger(builder)).contradictions(NOW) == []


def test_what_a_trading_side_does_is_not_named(builder: DatasetBuilder) -> None:
    """Open trades close in place, rejected records are mended, new lines come, one unfinished."""
    rewrite(builder, 2, RECORDS[2])
    rewrite(builder, 5, RECORDS[5])
    append_ledger(ledger(builder), [RECORDS[0] | {"trade_id": "new"}])
    with ledger(builder).open("a") as file:
        file.write('{"trade_id": "half')
    assert named(builder) == []


@pytest.mark.parametrize("number", [3, 4, 7, 8])
@pytest.mark.parametrize(
    "change", [{"exit_price": 1.25}, {"side": "short"}, {"rule_features": {"rsi": 50.5}}]
)
def test_a_record_behind_an_open_trade_that_contradicts_its_row_is_named(
    builder: DatasetBuilder, number: int, change: dict[str, object]
) -> None:
    record = json.loads(ledger(builder).read_bytes().splitlines()[number])
    if record.items() >= change.items():
        change = {"side": "long"}
    rewrite(builder, number, record | change)
    (problem,) = named(builder)
    assert problem.file == "trade_ledger.jsonl"
    assert problem.where.startswith(BEHIND)
    assert "1 records contradict their rows" in problem.what


def test_a_closed_record_that_is_gone_is_named(builder: DatasetBuilder) -> None:
    for lines in ((), ("no record",), (RECORDS[3] | {"trade_id": "another"},)):
        before = ledger(builder).read_bytes()
        rewrite(builder, 3, *lines)
        (problem,) = named(builder)
        assert "not the closed trades that were read there" in problem.what
        ledger(builder).write_bytes(before)


def test_a_rejected_record_that_a_later_line_mends_is_not_named(tmp_path: Path) -> None:
    """Rejected before the border or behind it: mending is what the rejects file asks for."""
    for name, records in (
        ("before", [REFUSED, *RECORDS[:2]]),
        ("before an open one", [REFUSED, OPEN, RECORDS[0]]),
        ("behind", [OPEN, REFUSED, RECORDS[0]]),
    ):
        path = write_ledger(tmp_path / name / "trade_ledger.jsonl", records)
        built = DatasetBuilder(path.parent, path)
        built.build(NOW)
        append_ledger(path, [RECORDS[5]])
        assert named(built) == [], name
        assert built.build(NOW).rows_added == 1


def test_a_later_record_of_a_learned_trade_is_named_before_the_next_build(
    builder: DatasetBuilder,
) -> None:
    append_ledger(ledger(builder), [RECORDS[0] | {"exit_price": 1.25}])
    assert len(named(builder)) == 1
    assert builder.build(NOW).conflicts == 1
    assert named(builder) == [], "the dataset's own check says so from then on"
    assert "before their ledger record changed" in builder.verify()[0].what


def test_a_damaged_dataset_has_no_rows_to_compare_with(builder: DatasetBuilder) -> None:
    rows = builder.dataset_dir / ROWS_FILE
    rows.write_bytes(rows.read_bytes().replace(b"AAPL", b"AAPM"))
    with pytest.raises(IntegrityError):
        named(builder)


def test_asking_writes_nothing(builder: DatasetBuilder) -> None:
    rewrite(builder, 3, RECORDS[3] | {"exit_price": 1.25})
    before = {path: path.read_bytes() for path in builder.dataset_dir.iterdir()}
    assert named(builder)
    assert {path: path.read_bytes() for path in builder.dataset_dir.iterdir()} == before


@pytest.mark.slow
def test_a_changed_bit_of_a_closed_record_is_named_or_changes_no_row(
    builder: DatasetBuilder,
) -> None:
    data = ledger(builder).read_bytes()
    lines = data.splitlines(keepends=True)
    start, line = sum(map(len, lines[:4])), lines[4]
    parser = LineParser("America/New_York", (), NOW)
    sound = parser.parse(line)
    assert isinstance(sound, Closed)
    unnamed = 0
    for bit in range(len(line) * 8):
        changed = bytearray(data)
        changed[start + bit // 8] ^= 1 << bit % 8
        ledger(builder).write_bytes(changed)
        if not named(builder):
            unnamed += 1
            says = parser.parse(bytes(changed[start : start + len(line)]))
            assert isinstance(says, Closed)
            assert says.row == sound.row, bytes(changed[start:][: len(line)])
    assert 0 < unnamed < len(line) / 4, "T for t, and the names of fields that say the default"
