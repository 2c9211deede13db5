"""Judging ledger records: rows, open trades, and rejects with their reasons."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from afterclose.trades.judged import Closed, Open, Reject
from afterclose.trades.parser import LineParser
from builders import make_trade

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def parse(record=None, *, timezone="America/New_York", **overrides):
    raw = record if isinstance(record, bytes) else json.dumps(make_trade(**overrides)).encode()
    return LineParser(timezone, {"LIQUIDATION", "EXTERNAL_CLOSE"}, NOW).parse(raw)


def row(**overrides):
    verdict = parse(**overrides)
    assert isinstance(verdict, Closed), verdict
    return verdict.row


def without(name):
    record = make_trade()
    del record[name]
    return parse(json.dumps(record).encode())


def test_the_shortest_valid_trade_becomes_a_row_with_every_default():
    made = row()
    assert made.side == "long"
    assert made.decision_timestamp == "2024-01-02T10:00:00-05:00"
    assert made.exit_timestamp == "2024-01-03T10:00:00-05:00"
    assert made.holding_days == 1.0
    assert made.realized_pnl_pct == pytest.approx(0.10)
    assert (made.position_size, made.fees) == (10.0, 0.0)
    assert (made.mae_pct, made.mfe_pct, made.rule_confidence, made.exit_type) == (None,) * 4
    assert made.source == "paper"


def test_null_is_absent():
    assert row(side=None, fees=None, decision_timestamp=None, source=None) == row()


# --- rejects --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["symbol", "entry_timestamp", "entry_price", "exit_price", "quantity"],
)
def test_a_missing_field_is_named(name):
    assert without(name) == Reject("T1", f"missing field: {name}")
    assert parse(**{name: None}) == Reject("T1", f"missing field: {name}")


@pytest.mark.parametrize("trade_id", [None, ""])
def test_a_record_without_an_id_is_no_trade(trade_id):
    assert parse(trade_id=trade_id) == Reject(None, "missing field: trade_id")
    assert parse(trade_id=trade_id, exit_timestamp=None) == Reject(None, "missing field: trade_id")


@pytest.mark.parametrize("name", ["entry_price", "exit_price", "quantity"])
@pytest.mark.parametrize("value", [0, -5, float("nan"), float("inf"), float("-inf")])
def test_a_price_or_quantity_must_be_finite_and_above_0(name, value):
    verdict = parse(**{name: value})
    if (name, value) == ("exit_price", 0):  # what expires worthless
        assert verdict.row.realized_pnl_pct <= -1
        return
    assert verdict.reason.startswith(f"not finite and above 0: {name}")


def test_a_short_that_lost_more_than_it_was_worth_proves_its_mae_a_fraction():
    lost = {"side": "short", "entry_price": 10.0, "exit_price": 25.0, "mae_pct": -1.6}
    assert parse(**lost).row.mae_pct == -1.6
    assert parse(**(lost | {"exit_price": 9.0})).reason.startswith("percent-like MAE")


@pytest.mark.parametrize("fees", [-1, float("nan"), float("inf")])
def test_fees_must_be_finite_and_not_negative(fees):
    assert parse(fees=fees).reason.startswith("not finite and at least 0: fees")


@pytest.mark.parametrize(
    "overrides",
    [
        {"entry_price": 1e-200, "quantity": 1e-200},
        {"entry_price": 1e200, "quantity": 1e200},
        {"entry_price": 1e-300, "exit_price": 1e300},
        {"entry_price": 1e-160, "quantity": 1e-160, "fees": 1e10},
    ],
)
def test_numbers_too_large_or_small_to_multiply_are_rejected_not_raised(overrides):
    assert parse(**overrides).reason.startswith("out of range")


@pytest.mark.parametrize("side", ["LONG", "buy", ""])
def test_an_unknown_side_is_rejected(side):
    assert parse(side=side) == Reject("T1", f"unknown side: {side!r}")


@pytest.mark.parametrize("exit_type", ["LIQUIDATION", "liquidation", " External_Close "])
def test_forced_and_external_exits_say_nothing_of_the_strategy(exit_type):
    assert parse(exit_type=exit_type).reason == f"excluded exit type: {exit_type!r}"


def test_an_exit_before_its_entry_and_a_decision_after_it_are_rejected():
    assert parse(exit_timestamp="2024-01-02T09:59:59-05:00").reason == "exit before entry"
    assert parse(decision_timestamp="2024-01-02T10:00:01-05:00").reason == "decision after entry"


def test_an_exit_at_the_moment_of_entry_is_a_trade():
    assert row(exit_timestamp="2024-01-02T16:00:00+01:00").holding_days == 0.0


def test_a_future_exit_is_rejected_until_it_has_passed():
    verdict = parse(exit_timestamp="2024-06-01T00:00:01+00:00")
    assert verdict.reason == "future timestamp: 2024-06-01T00:00:01+00:00"
    assert verdict.usable_from == datetime(2024, 6, 1, 0, 0, 1, tzinfo=UTC)
    assert isinstance(parse(exit_timestamp="2024-06-01T00:00:00+00:00"), Closed)


@pytest.mark.parametrize(
    "text", ["yesterday", "1706301000", "2024-13-01T10:00:00", "0001-01-01T00:00:00+10:00", " "]
)
def test_what_is_no_timestamp_is_rejected_with_its_field(text):
    assert parse(entry_timestamp=text).reason.startswith(
        "no timestamp in ISO 8601: entry_timestamp"
    )


def test_a_long_bad_value_is_quoted_in_part():
    verdict = parse(entry_timestamp="x" * 10_000)
    assert len(verdict.reason) < 120


@pytest.mark.parametrize("features", [None, {}])
def test_a_trade_without_features_is_rejected(features):
    assert parse(rule_features=features) == Reject("T1", "no features")


def test_a_trade_without_one_finite_feature_is_rejected():
    assert parse(rule_features={"a": None, "b": float("nan")}).reason == "no finite feature"


@pytest.mark.parametrize("name", ["exit_price", "MAE_pct", "net_pnl", "holdingDays", "outcome"])
def test_a_feature_known_only_later_is_rejected_by_name_even_when_null(name):
    assert parse(rule_features={"rsi": 50, name: None}).reason == (
        f"feature known only later: {name}"
    )


def test_an_innocent_name_does_not_excuse_a_leaking_one_in_the_next_line():
    parser = LineParser("UTC", (), NOW)
    good, bad = make_trade(), make_trade(rule_features={"rsi": 50, "pnl": 1})
    assert isinstance(parser.parse(json.dumps(good).encode()), Closed)
    assert isinstance(parser.parse(json.dumps(bad).encode()), Reject)
    assert isinstance(parser.parse(json.dumps(bad).encode()), Reject)


@pytest.mark.parametrize("mae", [-2.5, 2.5, -1.0001, 100])
def test_an_excursion_that_looks_like_percent_is_rejected(mae):
    assert parse(mae_pct=mae).reason == f"percent-like MAE: {float(mae)}"


# --- what is changed on the way ---------------------------------------------------------


def test_a_positive_mae_is_a_magnitude_and_is_counted():
    verdict = parse(mae_pct=0.02)
    assert verdict.row.mae_pct == -0.02
    assert verdict.mae_sign_flipped
    assert not parse(mae_pct=-0.02).mae_sign_flipped


def test_no_adverse_excursion_is_0_and_not_minus_0():
    assert json.dumps(row(mae_pct=0.0).mae_pct) == json.dumps(row(mae_pct=-0.0).mae_pct) == "0.0"


def test_a_negative_mfe_means_that_the_trade_was_never_above_its_entry():
    assert row(mfe_pct=-0.01).mfe_pct == 0.0
    assert row(mfe_pct=1.7).mfe_pct == 1.7


def test_boolean_features_are_1_and_0_and_null_stays_missing():
    features = row(rule_features={"up": True, "down": False, "rsi": None, "n": 3}).rule_features
    assert json.dumps(features) == '{"up": 1.0, "down": 0.0, "rsi": null, "n": 3.0}'


def test_one_non_finite_feature_among_good_ones_is_counted_and_the_row_kept():
    verdict = parse(rule_features={"rsi": float("nan"), "atr": 0.5, "adx": float("inf")})
    assert verdict.row.rule_features == {"rsi": None, "atr": 0.5, "adx": None}
    assert verdict.nonfinite_features == 2


def test_percent_fields_are_never_read():
    assert row(net_pnl_pct=-50, pnl_pct=99, return_pct="x") == row()


# --- time ---------------------------------------------------------------------------------


def test_a_naive_timestamp_is_the_markets_local_time_and_is_stored_with_its_offset():
    made = row(entry_timestamp="2024-01-02T09:30:00", exit_timestamp="2024-05-02T09:30:00")
    assert made.decision_timestamp == "2024-01-02T09:30:00-05:00"
    assert made.exit_timestamp == "2024-05-02T09:30:00-04:00"
    # 121 days by the calendar, less the hour of daylight saving.
    assert made.holding_days == pytest.approx(121 - 1 / 24)


def test_naive_timestamps_of_another_market_have_its_offset():
    made = row(
        timezone="Asia/Kolkata",
        entry_timestamp="2024-01-02T09:30:00",
        exit_timestamp="2024-01-02T15:30:00",
    )
    assert made.decision_timestamp == "2024-01-02T09:30:00+05:30"
    assert made.holding_days == 0.25


def test_naive_and_aware_timestamps_of_one_trade_are_compared_as_moments():
    made = row(entry_timestamp="2024-01-02T10:00:00", exit_timestamp="2024-01-03T15:00:00Z")
    assert made.holding_days == 1.0


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-01-02T15:00:00Z", "2024-01-02T15:00:00+00:00"),
        ("2024-01-02T15:00:00+00:00", "2024-01-02T15:00:00+00:00"),
        ("2024-01-02T15:00:00.250+00:00", "2024-01-02T15:00:00.250000+00:00"),
        ("2024-01-02T15:00:00.250000+00:00", "2024-01-02T15:00:00.250000+00:00"),
        ("20240102T150000+0000", "2024-01-02T15:00:00+00:00"),
        ("2024-01-02T20:45:00+05:45", "2024-01-02T20:45:00+05:45"),
        ("2024-01-02", "2024-01-02T00:00:00-05:00"),
    ],
)
def test_every_form_of_iso_8601_is_read_and_stored_with_its_offset(text, stored):
    assert row(entry_timestamp=text).decision_timestamp == stored


@pytest.mark.parametrize("text", ["2024-01-02T10+05:30-05:00", "2024-01-02T10:00+05-05:00"])
def test_two_offsets_are_no_timestamp(text):
    assert parse(entry_timestamp=text).reason.startswith("no timestamp")


# --- open trades --------------------------------------------------------------------------


def test_a_trade_without_an_exit_is_open_whatever_else_is_missing():
    assert parse(exit_timestamp=None) == Open("T1")
    assert parse(b'{"trade_id": "A"}') == Open("A")
    assert parse(b'{"trade_id": "A", "entry_price": NaN, "rule_features": "none"}') == Open("A")


def test_line_ends_of_both_kinds_are_no_matter():
    raw = json.dumps(make_trade()).encode()
    assert parse(raw) == parse(raw + b"\n") == parse(raw + b"\r\n")


@pytest.mark.parametrize("year", ["0026", "1969"])
def test_a_trade_before_1970_is_rejected_by_name(year):
    line = json.dumps(make_trade(entry_timestamp=f"{year}-11-20T15:00:00+00:00")).encode()
    found = LineParser("UTC", (), datetime(2024, 6, 1, tzinfo=UTC)).parse(line)
    assert found.trade_id == make_trade()["trade_id"]
    assert found.reason == f"timestamp before 1970: {year}-11-20T15:00:00+00:00"


@pytest.mark.parametrize("field", ["entry_timestamp", "exit_timestamp"])
def test_a_trade_of_a_far_future_is_rejected_by_name_and_not_waited_for(field):
    line = json.dumps(make_trade(**{field: "3026-11-20T15:00:00+00:00"})).encode()
    found = LineParser("UTC", (), datetime(4000, 6, 1, tzinfo=UTC)).parse(line)
    assert found == Reject("T1", "timestamp after 2199: 3026-11-20T15:00:00+00:00")


@pytest.mark.parametrize("year", ["0026", "3026"])
def test_an_open_trade_of_a_mistyped_year_is_rejected_by_name(year):
    trade = make_trade(entry_timestamp=f"{year}-11-20T15:00:00+00:00", exit_timestamp=None)
    found = LineParser("UTC", (), datetime(2024, 6, 1, tzinfo=UTC)).parse(
        json.dumps(trade).encode()
    )
    assert isinstance(found, Reject)
    assert found.reason.startswith("timestamp ")
    assert found.usable_from is None


# --- strategy and stop ---------------------------------------------------------------------


def test_strategy_and_planned_stop_are_kept_on_both_ways():
    made = row(strategy="dip", stop_price=95.0, entry_price=100.0)
    assert (made.strategy, made.stop_price) == ("dip", 95.0)
    slow = row(strategy="dip", stop_price=95.0, entry_price=100.0, rule_features={"a": True})
    assert (slow.strategy, slow.stop_price) == ("dip", 95.0)


@pytest.mark.parametrize(
    ("side", "stop"),
    [
        ("long", 101.0),
        ("long", 100.0),
        ("short", 99.0),
        ("long", 0),
        ("long", -5.0),
        ("long", None),
    ],
)
@pytest.mark.parametrize("features", [{"a": 1.0}, {"a": True}])
def test_a_stop_that_risks_nothing_is_absent_and_no_reject(side, stop, features):
    made = row(side=side, entry_price=100.0, stop_price=stop, rule_features=features)
    assert made.stop_price is msgspec.UNSET


def test_a_row_without_them_is_written_as_it_was_before():
    assert b"strategy" not in msgspec.json.encode(row())
    assert b"stop_price" not in msgspec.json.encode(row())
