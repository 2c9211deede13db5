"""Decoding single ledger lines: numbers that are none, damage, and both names of a field."""

import json

import pytest

from afterclose.trades.record import LedgerRecord, Unusable, decode_record
from builders import make_trade


def line(**overrides):
    return json.dumps(make_trade(**overrides)).encode()


def reason(raw):
    with pytest.raises(Unusable) as caught:
        decode_record(raw)
    return caught.value.reason


def test_absent_and_null_are_both_none():
    record, nonfinite = decode_record(b'{"trade_id": "A", "exit_price": null}')
    assert (record.trade_id, record.exit_price, record.entry_price) == ("A", None, None)
    assert nonfinite == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
def test_a_feature_that_is_no_finite_number_becomes_missing_and_is_counted(number):
    raw = b'{"trade_id": "A", "rule_features": {"rsi": %s, "atr": 1}}' % number.encode()
    record, nonfinite = decode_record(raw)
    assert record.features == {"rsi": None, "atr": 1.0}
    assert nonfinite == 1


@pytest.mark.parametrize("name", ["mae_pct", "mfe_pct", "rule_confidence", "confidence"])
def test_a_number_that_may_be_unknown_is_unknown_when_not_finite(name):
    record, nonfinite = decode_record(b'{"trade_id": "A", "%s": NaN}' % name.encode())
    assert getattr(record, name) is None
    assert nonfinite == 0


def test_a_price_that_is_not_finite_stays_so_for_the_judge():
    record, _ = decode_record(b'{"trade_id": "A", "exit_price": Infinity}')
    assert record.exit_price == float("inf")


def test_a_number_that_is_not_finite_in_an_ignored_field_does_no_harm():
    record, _ = decode_record(b'{"trade_id": "A", "net_pnl_pct": NaN, "entry_price": 5}')
    assert record.entry_price == 5.0


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{broken", "not JSON"),
        (b"", "not JSON"),
        (b"\x00\x00\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"trade_id": "A"} {"trade_id": "B"}', "not JSON"),
        (b"[1, 2]", "not JSON object"),
        (b"null", "not JSON object"),
        (b"17", "not JSON object"),
        (b'{"trade_id": "\xff"}', "not UTF-8"),
        (b'{"trade_id": "\\ud800", "symbol": "X"}', "not UTF-8"),
        (b'{"trade_id": 17}', "wrong type: Expected `str | null`"),
    ],
)
def test_a_line_that_is_no_record_says_why(raw, words):
    assert reason(raw).startswith(words)


@pytest.mark.parametrize("name", ["entry_price", "exit_price", "quantity", "fees", "mae_pct"])
@pytest.mark.parametrize("value", ["100", True, [], {}])
def test_text_or_a_boolean_is_no_number(name, value):
    told = reason(line(**{name: value}))
    assert told.startswith("wrong type")
    assert name in told


def test_text_in_a_feature_is_a_wrong_type_and_names_the_trade():
    with pytest.raises(Unusable) as caught:
        decode_record(line(rule_features={"rsi": "high"}))
    assert caught.value.trade_id == "T1"


def test_an_open_trade_may_still_change_whatever_is_wrong_with_it():
    record, _ = decode_record(line(exit_timestamp=None, entry_price="soon"))
    assert record == LedgerRecord(trade_id="T1")


def test_the_last_of_two_equal_keys_counts_on_the_fast_and_on_the_slow_way():
    fast, _ = decode_record(b'{"trade_id": "A", "fees": 1, "fees": 2}')
    slow, _ = decode_record(b'{"trade_id": "A", "fees": "x", "fees": 2, "other": NaN}')
    assert fast.fees == slow.fees == 2.0


def test_other_names_of_quantity_confidence_and_features_are_accepted():
    record, _ = decode_record(
        b'{"entry_quantity": 4, "confidence": 0.5, "entry_features": {"rsi": 1}}'
    )
    assert (record.size, record.strength, record.features) == (4.0, 0.5, {"rsi": 1.0})
    both, _ = decode_record(b'{"entry_quantity": 4, "quantity": 5}')
    assert both.size == 5.0


def test_a_record_without_entry_price_is_no_trade_yet():
    assert decode_record(line(entry_price=None))[0].trade() is None
    trade = decode_record(line())[0].trade()
    assert (trade.trade_id, trade.side, trade.source, trade.fees) == ("T1", "long", "paper", 0.0)
