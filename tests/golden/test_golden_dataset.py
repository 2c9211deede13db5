"""One ledger worked out by hand: every row, every reject, the bytes of one row."""

import json
from datetime import UTC, datetime

import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.scope_files import ROWS_FILE
from afterclose.wording.build import build_text
from builders import make_trade, write_ledger

NOW = datetime(2024, 6, 1, tzinfo=UTC)

LEDGER = [
    make_trade(trade_id="gain"),
    make_trade(trade_id="short", side="short", exit_price=90.0),
    # 1000 put in, 10 gained, 25 of fees: -1.5 %.
    make_trade(trade_id="fees", exit_price=101.0, fees=25.0),
    # 10 bought, sold at an average of 104: one record, not a loss of six tenths.
    make_trade(trade_id="parts", exit_price=104.0, entry_quantity=10.0),
    make_trade(trade_id="mae", mae_pct=-0.04, mfe_pct=0.12),
    make_trade(trade_id="percent", mae_pct=-2.5),
    make_trade(trade_id="nan", exit_price=float("nan")),
    make_trade(trade_id="back", exit_timestamp="2024-01-01T10:00:00-05:00"),
    make_trade(trade_id="forced", exit_type="LIQUIDATION"),
    make_trade(trade_id="bare", rule_features={}),
    make_trade(trade_id="leak", rule_features={"rsi": 50.0, "exit_price": 110.0}),
    make_trade(trade_id="open", exit_timestamp=None, exit_price=None),
]

PNL_PCT = {"gain": 0.10, "short": 0.10, "fees": -0.015, "parts": 0.04, "mae": 0.10}

REASONS = {
    "percent": "percent-like MAE: -2.5",
    "nan": "not finite and above 0: exit_price nan",
    "back": "exit before entry",
    "forced": "excluded exit type: 'LIQUIDATION'",
    "bare": "no features",
    "leak": "feature known only later: exit_price",
}

FIRST_ROW = (
    '{"trade_id":"gain","symbol":"AAPL","side":"long",'
    '"decision_timestamp":"2024-01-02T10:00:00-05:00",'
    '"exit_timestamp":"2024-01-03T10:00:00-05:00","rule_confidence":null,'
    '"rule_features":{"rsi":50.0},"position_size":10.0,"entry_price":100.0,"exit_price":110.0,'
    '"fees":0.0,"holding_days":1.0,"realized_pnl_pct":0.1,"mae_pct":null,"mfe_pct":null,'
    '"exit_type":null,"source":"paper"}'
)

TEXT = """\
================================================================================
DATASET BUILDING
================================================================================
Total trades in ledger: 12
Closed trades: 11
Open trades: 1
Rows added: 5
Dataset total: 5
Dataset version: {version}
Rejected records: 6
  excluded exit type: 1
  exit before entry: 1
  feature known only later: 1
  no features: 1
  not finite and above 0: 1
  percent-like MAE: 1
MAE unknown: 4 (a loss stands in for it)"""


@pytest.fixture
def built(tmp_path):
    ledger = write_ledger(tmp_path / "trade_ledger.jsonl", LEDGER)
    builder = DatasetBuilder(tmp_path, ledger)
    return builder, builder.build(NOW), tmp_path


def test_returns_are_net_of_fees_and_know_the_side(built):
    _, _, folder = built
    rows = [json.loads(line) for line in (folder / ROWS_FILE).read_text().splitlines()]
    assert {row["trade_id"]: row["realized_pnl_pct"] for row in rows} == pytest.approx(PNL_PCT)


def test_every_unusable_record_has_its_reason(built):
    _, _, folder = built
    rejects = (folder / "ml_dataset_rejects.jsonl").read_text().splitlines()
    found = {reject["trade_id"]: reject["reason"] for reject in map(json.loads, rejects)}
    assert found == REASONS


def test_a_row_has_these_bytes(built):
    _, _, folder = built
    assert (folder / ROWS_FILE).read_text().splitlines()[0] == FIRST_ROW


def test_people_read_this(built):
    _, report, _ = built
    assert build_text(report) == TEXT.format(version=report.version)


def test_columns_are_those_of_the_rows(built):
    builder, report, _ = built
    data = builder.load()
    assert data.version == report.version
    assert dict(zip(data.trade_id, data.realized_pnl_pct, strict=True)) == pytest.approx(PNL_PCT)
    assert data.fees_pct[data.trade_id.index("fees")] == pytest.approx(0.025)
    assert data.mae_pct[data.trade_id.index("mae")] == -0.04
    # 2 January 2024, 10:00 in New York, is 19724 days and 15 hours after 1970 began in UTC.
    assert set(data.decision_us.tolist()) == {(19_724 * 24 + 15) * 3_600_000_000}
