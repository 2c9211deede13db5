"""The embargo counts the calendar's sessions, or UTC days where there is no calendar."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from afterclose.dataset.columns import Dataset, microseconds
from afterclose.errors import CannotTell
from afterclose.learning.splits import no_embargo
from afterclose.market.embargo import embargo_cutoff
from afterclose.records import TradeDataRow
from repository import REPOSITORY


def us(text: str) -> int:
    return microseconds(text)


def dataset_between(*decisions: str) -> Dataset:
    rows = [
        TradeDataRow(
            trade_id=decision,
            symbol="A",
            side="long",
            decision_timestamp=decision,
            exit_timestamp=decision,
            rule_confidence=None,
            rule_features={"a": 1.0},
            position_size=1.0,
            entry_price=1.0,
            exit_price=1.0,
            fees=0.0,
            holding_days=0.0,
            realized_pnl_pct=0.0,
            mae_pct=None,
            mfe_pct=None,
            exit_type=None,
            source="paper",
        )
        for decision in decisions
    ]
    return Dataset.from_rows(rows, "v", "s")


JANUARY = dataset_between("2024-01-02T15:00:00+00:00", "2024-01-31T15:00:00+00:00")
TUESDAY = "2024-01-16T18:00:00+00:00"  # Monday the 15th was a holiday in New York


def test_no_sessions_are_no_embargo() -> None:
    assert embargo_cutoff(JANUARY, 0, "XNYS") is no_embargo
    assert embargo_cutoff(dataset_between(), 1, "XNYS") is no_embargo


def test_without_a_calendar_whole_utc_days_lie_empty() -> None:
    assert embargo_cutoff(JANUARY, 1)(us(TUESDAY)) == us("2024-01-15T00:00:00+00:00")
    assert embargo_cutoff(JANUARY, 3)(us(TUESDAY)) == us("2024-01-13T00:00:00+00:00")


def test_with_a_calendar_weekends_and_holidays_do_not_count() -> None:
    cutoff = embargo_cutoff(JANUARY, 1, "XNYS")
    assert cutoff(us(TUESDAY)) == us("2024-01-12T14:30:00+00:00")


def test_overrides_change_the_sessions_that_are_counted(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.json"
    overrides.write_text('{"2024-01-15": {"open": "10:00", "close": "12:00"}}')
    cutoff = embargo_cutoff(JANUARY, 1, "XNYS", overrides)
    assert cutoff(us(TUESDAY)) == us("2024-01-15T15:00:00+00:00")


def test_a_calendar_that_begins_after_the_data_cannot_tell() -> None:
    beyond = dataset_between("1990-01-02T15:00:00+00:00", "1990-01-31T15:00:00+00:00")
    with pytest.raises(CannotTell):
        embargo_cutoff(beyond, 1, "XBOM")(us("1990-01-16T15:00:00+00:00"))


def test_a_counting_cutoff_can_be_sent_to_another_process() -> None:
    cutoff = embargo_cutoff(JANUARY, 2, "XNYS")
    assert pickle.loads(pickle.dumps(cutoff))(us(TUESDAY)) == cutoff(us(TUESDAY))  # noqa: S301 - our own bytes


def test_pandas_is_not_imported_before_the_cutoff_is_used() -> None:
    code = (
        "import sys\n"
        "from afterclose.market.embargo import embargo_cutoff\n"
        "class Trades(list):\n"
        "    decision_us = [0, 1]\n"
        "embargo_cutoff(Trades('ab'), 1, 'XNYS')\n"
        "sys.exit('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert done.returncode == 0
