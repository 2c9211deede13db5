"""The quick way through a ledger line gives what the careful way gives, or nothing."""

import json
from datetime import UTC, datetime

import pytest

from afterclose.records import TradeDataRow
from afterclose.trades.judged import Closed, Open
from afterclose.trades.parser import LineParser
from afterclose.trades.plain import PlainParser
from builders import make_trade

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def both_ways(timezone="America/New_York", **overrides):
    line = json.dumps(make_trade() | overrides).encode() + b"\n"
    excluded = frozenset({"LIQUIDATION"})
    careful = LineParser(timezone, excluded, NOW).parse_carefully(line)
    return PlainParser(timezone, excluded, NOW).parse(line), careful


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"side": None, "fees": None, "source": None},
        {"side": "short", "mae_pct": None},
        {"mae_pct": 0.02},
        {"mae_pct": 0.0},
        {"mae_pct": -0.0, "mfe_pct": -0.0, "fees": -0.0},
        {"mfe_pct": -0.01},
        {"quantity": None, "entry_quantity": 3},
        {"rule_features": None, "entry_features": {"rsi": 50}},
        {"rule_features": {"rsi": 50, "sma": None}},
        {"rule_confidence": None, "confidence": 0.5},
        {"entry_timestamp": "2024-01-02T11:00:00", "decision_timestamp": None},
        {"entry_timestamp": "2024-01-02T11:00:00-05:00", "decision_timestamp": None},
    ],
)
def test_a_sound_line_is_plain_and_gives_the_same_row(overrides):
    quick, careful = both_ways(**overrides)
    assert isinstance(careful, Closed)
    assert repr(quick) == repr(careful)  # -0.0 is not 0.0


def test_an_open_trade_is_known_by_its_id():
    quick, careful = both_ways(exit_timestamp=None, exit_price=None)
    assert isinstance(careful, Open)
    assert quick == careful


@pytest.mark.parametrize(
    "overrides",
    [
        {"exit_price": -1.0},
        {"exit_price": None},
        {"fees": -1},
        {"quantity": 1e308, "entry_price": 1e308},
        {"side": "up"},
        {"exit_type": " liquidation "},
        {"rule_features": {}},
        {"rule_features": {"rsi": None}},
        {"rule_features": {"exit_price": 1.0}},
        {"mae_pct": 1.01},
        {"exit_timestamp": "2023-01-01T10:00:00-05:00"},
        {"exit_timestamp": "2030-01-01T10:00:00-05:00"},
        {"exit_timestamp": ""},
        {"decision_timestamp": "2024-05-01T10:00:00-05:00"},
        {"symbol": ""},
        {"exit_reason": 5},
        {"source": 5},
        {"confidence": "high"},
        {"entry_features": {"rsi": "high"}},
    ],
)
def test_what_the_careful_way_rejects_is_not_plain(overrides):
    quick, careful = both_ways(**overrides)
    assert not isinstance(careful, Closed | Open)
    assert quick is None


def test_what_is_not_plain_is_left_to_the_careful_way():
    """A feature of NaN, or one that is true, is mended there and noted."""
    for features in ({"rsi": float("nan"), "sma": 1.0}, {"is_up": True}, {"rsi": 0.0}):
        quick, careful = both_ways(rule_features=features)
        assert quick is None
        assert isinstance(careful.row, TradeDataRow)
