"""Whatever bytes come in, a parser gives a value or the error that it promises."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.config import load_settings
from afterclose.cron.crontab import parse_crontab
from afterclose.disk.seal import is_damaged, is_sealed, seal
from afterclose.errors import ConfigError, InputError, IntegrityError
from afterclose.learning.scorecard import Scorecard
from afterclose.nightly.cycle_state import read_part
from afterclose.nightly.journal import Journal
from afterclose.nightly.status import Status
from afterclose.registry.event_log import EventLog
from afterclose.scope_files import STATUS_FILE
from afterclose.settings import Settings
from afterclose.trades.judged import Closed, Open, Reject
from afterclose.trades.parser import LineParser
from afterclose.trading.decision_log import parse_decision
from afterclose.trading.position_store import PositionBook
from builders import make_trade
from trading_builders import make_scorecard

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside, max_size=4)
    ),
    max_leaves=10,
)
TRADE_FIELDS = [*make_trade(), "side", "fees", "mae_pct", "decision_timestamp", "exit_type"]
FEW = settings(max_examples=60, deadline=None)


NOW = datetime(2026, 1, 27, tzinfo=UTC)


def parser() -> LineParser:
    return LineParser("America/New_York", (), NOW)


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_are_a_ledger_line_or_a_reject_with_a_reason(line: bytes) -> None:
    verdict = parser().parse(line + b"\n")
    assert isinstance(verdict, Closed | Open | Reject)
    assert not isinstance(verdict, Reject) or verdict.reason


@FEW
@given(st.sampled_from(TRADE_FIELDS), ANY_JSON)
def test_any_value_in_any_field_of_a_record_is_taken_or_rejected(field: str, value: object) -> None:
    line = json.dumps(make_trade(**{field: value})).encode()
    verdict = parser().parse(line + b"\n")
    assert isinstance(verdict, Closed | Open | Reject)
    if isinstance(verdict, Closed):
        row = verdict.row
        assert row.entry_price > 0
        assert row.exit_timestamp >= ""
        msgspec.json.encode(row)


@FEW
@given(st.sampled_from(Settings.__struct_fields__), st.text(max_size=30))
def test_any_text_of_a_setting_is_a_value_or_a_configuration_error(field: str, text: str) -> None:
    try:
        loaded = load_settings({"ML_" + field.upper(): text})
    except ConfigError as error:
        assert error.name.startswith("ML_")  # noqa: PT017 - many texts are fine
    else:
        assert isinstance(loaded, Settings)


@FEW
@given(st.binary(max_size=300))
def test_any_bytes_are_a_scorecard_or_an_integrity_error(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        Scorecard.from_bytes(data)


@FEW
@given(st.sampled_from(Scorecard.__struct_fields__), ANY_JSON)
def test_any_value_in_a_scorecard_is_validated(field: str, value: object) -> None:
    card = json.loads(make_scorecard().to_bytes()) | {field: value}
    try:
        loaded = Scorecard.from_bytes(json.dumps(card).encode())
    except IntegrityError:
        return
    assert 0.0 <= loaded.threshold <= 1.0


@FEW
@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_log_or_damage_that_is_named(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("events") / "registry_events.jsonl"
    path.write_bytes(data)
    chain = EventLog(path).read()
    assert chain.links == ()
    assert chain.damage is not None or chain.torn == data


@FEW
@given(st.text(max_size=80))
def test_any_text_is_a_crontab_or_an_input_error(text: str) -> None:
    with suppress(InputError, ConfigError):
        parse_crontab(text, "crontab", NOW)


@FEW
@given(st.dictionaries(st.text(max_size=8), ANY_JSON, min_size=1, max_size=5), st.data())
def test_a_sealed_object_survives_and_a_changed_one_does_not(
    values: dict[str, object], data: st.DataObject
) -> None:
    text = msgspec.json.encode(values)
    sealed = seal(text)
    assert is_sealed(sealed)
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[place // 8] ^= 1 << place % 8
    assert not is_sealed(bytes(changed))
    assert is_damaged(bytes(changed)) or b'"crc32"' not in changed


NESTED = b'{"z":' + b"[" * 100_000
"""What a fuzzer found: JSON libraries answer it with RecursionError, which is no ValueError."""


def test_brackets_without_end_are_damage_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(NESTED + b"\n")
    assert isinstance(parser().parse(NESTED + b"\n"), Reject)
    assert EventLog(path).read().damage is not None
    assert Journal(path).read() == []
    (tmp_path / STATUS_FILE).write_bytes(NESTED)
    assert read_part(tmp_path / STATUS_FILE, Status) is None
    with pytest.raises(IntegrityError):
        Scorecard.from_bytes(NESTED)
    with pytest.raises(IntegrityError):
        PositionBook.load(path)
    with pytest.raises(InputError):
        parse_decision(NESTED)
