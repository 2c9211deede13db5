"""A bot's own database that grows between nights ends in a trained candidate, nothing doubled.

The bot keeps writing (its connection stays open, in WAL mode) while each night imports from its
database and runs the cycle, as the two lines of a crontab do.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from afterclose.ledger import TradeLedger
from afterclose.model_registry import ModelRegistry
from afterclose.operating.cycle import run_cycle
from afterclose.settings import Settings
from bar_builders import wandering
from fleets import rows_of
from import_sources import bot
from jobs.import_ledger import parser
from jobs.import_ledger import run as import_ledger

NIGHT = datetime(2020, 6, 9, 1, tzinfo=UTC)
INSERT = f"insert or replace into trades values ({','.join('?' * 15)})"  # noqa: S608 - made here

pytestmark = pytest.mark.slow


def trades_of(bars: pd.DataFrame) -> Iterator[list[Any]]:
    """One trade every four bars, in at a close and out two closes later."""
    for number, place in enumerate(range(60, len(bars) - 3, 4), start=1):
        entry, leave = bars.iloc[place], bars.iloc[place + 2]
        profit = (leave.close - entry.close) * 10.0
        yield [number, "x", "A/USDT", 0, 0, 0, entry.close, leave.close, profit, 10.0,
               f"{entry.date} 23:59:00", f"{leave.date} 23:59:00", 0.98 * entry.close,
               1.02 * entry.close, "s"]  # fmt: skip


def test_a_growing_freqtrade_database_ends_in_a_trained_candidate(tmp_path: Path) -> None:
    settings = Settings(logs_dir=str(tmp_path / "logs"), market="crypto", bootstrap_resamples=100)
    bars = wandering(1, 360).assign(symbol="A/USDT")
    bars.to_csv(tmp_path / "prices.csv", index=False)
    database = tmp_path / "tradesv3.sqlite"
    trades = list(trades_of(bars))
    still_open = [*trades[-5]]
    still_open[3], still_open[7], still_open[8], still_open[11] = 1, None, None, None
    living = bot(database, [*trades[:-5], still_open], wal=True)
    options = parser().parse_args([str(database), "--bars", str(tmp_path / "prices.csv")])

    def night(number: int) -> tuple[Any, Any]:
        now = NIGHT + timedelta(days=number)
        return import_ledger(settings, now, options), run_cycle(settings, now)

    imported, first = night(0)
    assert imported.details["added"] == len(trades) - 4
    assert (first.status, imported.details["open"]) == ("done", 1), first.reason

    corrected = [*trades[0]]
    corrected[7] *= 1.01
    corrected[8] = (corrected[7] - corrected[6]) * 10.0
    living.executemany(INSERT, [corrected, *trades[-5:]])
    living.commit()
    imported, second = night(1)
    assert (imported.details["added"], imported.details["changed"]) == (4, 2)
    assert len(imported.details["changed_ids"]) == 2
    assert second.status == "done", second.reason
    imported, third = night(2)
    assert imported.status == "unchanged"
    living.close()

    ledger = list(TradeLedger(settings.root / "trade_ledger.jsonl"))
    assert len({trade.trade_id for trade in ledger}) == len(trades)
    assert len(rows_of(settings.root)) == len(set(rows_of(settings.root))) == len(trades)
    known = ModelRegistry.from_settings(settings).list_candidates()
    assert len(known) == 2
    assert "was trained as" in third.reason, third
