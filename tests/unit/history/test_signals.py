"""Signals as a file: what goes in comes out, and a wrong line is named."""

from datetime import UTC, datetime

import pytest

from afterclose.errors import InputError
from afterclose.history.signals import read_signals
from afterclose.records import Signal
from trading_builders import write_signals

NEW_YORK = "America/New_York"
LINE = '{"symbol":"A","timestamp":"2024-01-03T16:00:00","price":10,"quantity":5}'


def test_signals_come_back_as_they_were(tmp_path):
    signals = [
        Signal(symbol="A", timestamp=datetime(2024, 1, 2, 21, tzinfo=UTC), price=0.1, quantity=3),
        Signal(
            symbol="B",
            side="short",
            timestamp=datetime(2024, 1, 2, 21, tzinfo=UTC),
            price=1 / 3,
            quantity=2.5,
            rule_confidence=0.75,
            features={"rsi_14": 61.803398874989485, "gap": None},
            stop_price=0.4,
            target_price=0.2,
            max_holding_days=14,
        ),
    ]
    write_signals(tmp_path / "signals.jsonl", signals)
    assert read_signals(tmp_path / "signals.jsonl", NEW_YORK) == signals


def test_signals_are_ordered_by_moment_and_naive_ones_are_local(tmp_path):
    path = tmp_path / "signals.jsonl"
    earlier = LINE.replace("2024-01-03T16:00:00", "2024-01-02T21:00:00+00:00")
    path.write_text(f"{LINE}\n\n{earlier}\n")
    assert [signal.timestamp.astimezone(UTC) for signal in read_signals(path, NEW_YORK)] == [
        datetime(2024, 1, 2, 21, tzinfo=UTC),
        datetime(2024, 1, 3, 21, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is no signal"),
        (LINE.replace("10", "-10"), r"line 2 is no signal: Expected `float` > 0.0 - at `\$.price`"),
        (LINE.replace("}", ',"side":"up"}'), "Invalid enum value 'up'"),
        (LINE.replace("2024-01-03T16:00:00", "soon"), "line 2 .*timestamp"),
        (LINE.replace('"symbol":"A",', ""), "missing required field `symbol`"),
    ],
)
def test_a_line_that_is_no_signal_is_named(tmp_path, line, words):
    path = tmp_path / "signals.jsonl"
    path.write_text(f"{LINE}\n{line}\n")
    with pytest.raises(InputError, match=words):
        read_signals(path, NEW_YORK)


def test_an_absent_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_signals(tmp_path / "absent.jsonl", NEW_YORK)
