"""Whatever happens to the ledgers: reading only what is new finds what reading all finds."""

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.dataset_builder import DatasetBuilder
from afterclose.scope_files import DATASET_FILE, REJECTS_FILE, ROWS_FILE
from afterclose.trades.parser import LineParser
from builders import make_trade

NOW = datetime(2024, 6, 1, tzinfo=UTC)
NEXT_YEAR = datetime(2025, 6, 1, tzinfo=UTC)

# --- one line -------------------------------------------------------------------------------

numbers = st.one_of(
    st.none(), st.integers(-3, 300), st.floats(-5, 500), st.sampled_from([0.02, -0.5, "7", True])
)
moments = st.one_of(
    st.none(),
    st.datetimes(datetime(2023, 1, 1), datetime(2024, 12, 31)).map(datetime.isoformat),  # noqa: DTZ001 - naive on purpose
    st.sampled_from(["2024-01-05T10:00:00Z", "2024-01-05T10:00:00-05:00", "soon", ""]),
)
features = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(["rsi", "atr", "exit_price", "prev_pnl"]),
        st.one_of(st.none(), st.booleans(), st.floats(-9, 9), st.just("high")),
    ),
)
records = st.fixed_dictionaries(
    {},
    optional={
        "trade_id": st.sampled_from(["A", "", None]),
        "side": st.sampled_from(["long", "short", "up", None]),
        "entry_timestamp": moments,
        "exit_timestamp": moments,
        "decision_timestamp": moments,
        "entry_price": numbers,
        "exit_price": numbers,
        "quantity": numbers,
        "entry_quantity": numbers,
        "fees": numbers,
        "rule_features": features,
        "entry_features": features,
        "mae_pct": numbers,
        "mfe_pct": numbers,
        "exit_type": st.sampled_from(["STRATEGY", "LIQUIDATION", None]),
    },
).map(lambda overrides: make_trade() | overrides)


@settings(max_examples=300, deadline=None)
@given(records)
def test_the_lenient_decoder_gives_what_the_fast_one_gives(record):
    parse = LineParser("America/New_York", {"LIQUIDATION"}, NOW).parse
    fast = parse(json.dumps(record).encode())
    slow = parse(json.dumps(record | {"ignored": float("nan")}).encode())
    assert fast == slow


@settings(max_examples=300, deadline=None)
@given(records)
def test_the_quick_way_gives_what_the_careful_one_gives(record):
    parser, line = LineParser("America/New_York", {"LIQUIDATION"}, NOW), json.dumps(record).encode()
    assert repr(parser.parse(line)) == repr(parser.parse_carefully(line))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_whatever_raise(line):
    assert LineParser("UTC", (), NOW).parse(line) is not None


# --- a ledger's life ------------------------------------------------------------------------

ids = st.integers(0, 5).map("T{}".format)
closed = st.builds(
    lambda name, price: make_trade(trade_id=name, exit_price=price), ids, st.sampled_from([90, 110])
)
opened = ids.map(lambda name: make_trade(trade_id=name, exit_timestamp=None, exit_price=None))
unusable = ids.map(lambda name: make_trade(trade_id=name, side="up"))
future = ids.map(lambda name: make_trade(trade_id=name, exit_timestamp="2025-01-01T00:00:00Z"))
lines = st.one_of(closed, closed, opened, opened, unusable, future).map(json.dumps) | st.just("{")
deeds = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "append", "replace", "remove", "tear"]),
        st.integers(0, 7),
        lines,
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def changed(ledger, deed, place, line):
    """The lines of a ledger after one deed, and whether the last one is torn."""
    if deed == "append" or not ledger:
        return [*ledger, line]
    place %= len(ledger)
    if deed == "replace":
        return [*ledger[:place], line, *ledger[place + 1 :]]
    return ledger[:place] + ledger[place + 1 :] if deed == "remove" else ledger


def found(report):
    counts = report.as_dict()
    return {name: counts[name] for name in counts if name not in ("mode", "rows_added", "notes")}


def read_all_again(folder, builder_of, now):
    """Build a copy of the scope that has forgotten how far it has read."""
    with tempfile.TemporaryDirectory() as other:
        copy = Path(other) / "copy"
        shutil.copytree(folder, copy)
        metadata = json.loads((copy / DATASET_FILE).read_text()) | {"rules": {}}
        del metadata["crc32"]  # as if written by hand
        (copy / DATASET_FILE).write_text(json.dumps(metadata))
        report = builder_of(copy).build(now)
        rejects = copy / REJECTS_FILE
        return report, rejects.read_bytes() if rejects.exists() else b""


@settings(max_examples=60, deadline=None)
@given(deeds, st.integers(0, 16))
def test_reading_what_is_new_finds_what_reading_everything_finds(history, deeds_this_year):
    def builder_of(folder):
        return DatasetBuilder(folder, [folder / "one.jsonl", folder / "two.jsonl"])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledgers = {"one.jsonl": [], "two.jsonl": []}
        for number, (deed, place, line, second) in enumerate(history):
            now = NOW if number < deeds_this_year else NEXT_YEAR
            which = "two.jsonl" if second else "one.jsonl"
            ledgers[which] = changed(ledgers[which], deed, place, line)
            text = "".join(f"{each}\n" for each in ledgers[which])
            (folder / which).write_text(text[:-3] if deed == "tear" else text)
            rows_before = _bytes(folder / ROWS_FILE)
            report = builder_of(folder).build(now)
            assert _bytes(folder / ROWS_FILE).startswith(rows_before)
            again, rejects = read_all_again(folder, builder_of, now)
            assert again.rows_added == 0
            assert found(report) == found(again)
            assert _bytes(folder / REJECTS_FILE) == rejects
            rows = [json.loads(row) for row in _bytes(folder / ROWS_FILE).splitlines()]
            assert len({row["trade_id"] for row in rows}) == len(rows) == report.rows_total


def _bytes(path):
    return path.read_bytes() if path.exists() else b""
