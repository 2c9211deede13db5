"""What the monitor knows after any number of nights is what one look at the files tells.

`ml_monitor.json` may be deleted at any time, so a history of nights, whatever weeks were thin,
whatever trades stayed open and whatever nights were missed, must leave what the log, the ledgers
and the dataset say by themselves.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from afterclose.config import load_settings
from afterclose.monitoring.monitor import watch
from afterclose.monitoring.monitor_file import Monitor, read_monitor
from afterclose.settings import Settings
from afterclose.trading.subjects import entry_id
from monitoring_builders import FIRST_MONDAY, NAMES, Entry, append_outcomes, append_verdicts, card
from trading_builders import promote_model

WEEKS_BEFORE = 10
SINCE = FIRST_MONDAY + timedelta(weeks=WEEKS_BEFORE, days=2)
LONGEST_DAYS = 40
"""Of a trade; shorter than a week waits for outcomes that no ledger has."""


class FiveSessions:
    """A clock that counts five sessions between any two moments."""

    def sessions_between(self, *_: datetime) -> int:
        return 5


CLOCK: Any = FiveSessions()

histories = st.tuples(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from((0, 1, 2, 2, 3, 12)), min_size=12, max_size=24),
    st.sets(st.integers(0, 7 * 24), min_size=3, max_size=30),
)
"""A seed, the decisions of each week, and the days on which the monitor looks."""


@given(histories)
@hypothesis(max_examples=15, deadline=None)
def test_many_nights_and_one_look_come_to_the_same(
    history: tuple[int, list[int], set[int]],
) -> None:
    seed, weeks, nights = history
    with TemporaryDirectory() as folder:
        settings = load_settings({}, logs_dir=Path(folder))
        model_id = promote_model(settings, SINCE, card())
        made = _entries(np.random.default_rng(seed), weeks, model_id)
        told = 0.0
        for night in sorted({*nights, 7 * 24 + LONGEST_DAYS + 7}):
            now = SINCE + timedelta(days=night, hours=6)
            _write(settings, made, told, now.timestamp())
            told = now.timestamp()
            night_by_night = _watched(settings, now)
        (settings.root / "ml_monitor.json").unlink()
        assert _watched(settings, now) == night_by_night
    assert night_by_night.harm.decisions > 0 or sum(weeks) < 30


def _watched(settings: Settings, now: datetime) -> Monitor:
    watch(settings, now, CLOCK)
    found = read_monitor(settings.root)
    assert found is not None
    return found


def _entries(random: np.random.Generator, weeks: list[int], model_id: str) -> list[Entry]:
    """Entries of the weeks before the model and of ``weeks`` since, some without an id."""
    made = []
    for week, number in enumerate([*[3] * WEEKS_BEFORE, *weeks]):
        for minutes in sorted(random.choice(5 * 390, number, replace=False)):
            day, minute = divmod(int(minutes), 390)
            at = FIRST_MONDAY + timedelta(weeks=week, days=day, minutes=minute)
            made.append(_entry(random, at, model_id if at >= SINCE else None))
            if random.random() < 0.2:  # asked about again, the same day, the next or next week
                again = at + timedelta(days=int(random.choice([0, 1, 7])), minutes=1)
                made.append(_asked_again(random, made[-1], again))
    return sorted(made, key=lambda entry: str(entry.verdict["at"]))


def _entry(random: np.random.Generator, at: datetime, model_id: str | None) -> Entry:
    values = random.normal(size=len(NAMES))
    risk = float(1 / (1 + np.exp(-0.5 * values[0])))
    blocked = model_id is not None and risk > 0.6
    strategy = str(random.choice(["swing", "pullback"]))
    has_id = random.random() < 0.6
    symbol = f"S{at:%m%d%H%M}" if random.random() < 0.8 else "AAPL"
    name = f"T{at:%Y%m%d%H%M}" if has_id else entry_id(symbol, "long", strategy, at)
    features = {**dict(zip(NAMES, map(float, values), strict=True)), "atr_pct": 0.02}
    verdict = {
        "schema_version": 2,
        "at": at.isoformat(),
        "session": f"{at:%Y-%m-%d}",
        "trade_id": name if has_id else None,
        "symbol": symbol,
        "side": "long",
        "strategy": strategy,
        "mode": "ml" if model_id else "rules-only",
        "model_id": model_id,
        "digest": "0" * 64,
        "features": features,
        "risk_score": risk if model_id else None,
        "threshold": 0.6,
        "allowed": not blocked,
        "size_multiplier": 0.0 if blocked else 1.0,
        "reason": ("high_risk" if blocked else "low_risk") if model_id else "no_active_model",
    }
    held = timedelta(days=float(random.uniform(0.1, LONGEST_DAYS)) ** float(random.random()))
    trade = {
        "trade_id": f"shadow-{name}" if blocked else name,
        "symbol": symbol,
        "side": "long",
        "strategy": strategy,
        "entry_timestamp": at.isoformat(),
        "exit_timestamp": (at + held).isoformat(),
        "entry_price": 100.0,
        "exit_price": 100.0 * (1 + 0.04 * float(random.normal())),
        "quantity": 10.0,
        "rule_features": features,
        "source": "shadow" if blocked else "paper",
    }
    return Entry(verdict, trade)


def _asked_again(random: np.random.Generator, entry: Entry, at: datetime) -> Entry:
    let_in = {"allowed": True, "reason": "low_risk", "size_multiplier": 1.0, "risk_score": 0.4}
    changed = let_in if random.random() < 0.3 and entry.verdict["model_id"] else {}
    verdict = entry.verdict | {"at": at.isoformat(), "session": f"{at:%Y-%m-%d}"} | changed
    return Entry(verdict, entry.trade | {"exit_timestamp": None})


def _write(settings: Settings, made: list[Entry], after: float, until: float) -> None:
    """Verdicts, opened trades and closed ones of the time since the last night."""
    append_verdicts(settings, [e for e in made if after < _at(e.verdict["at"]) <= until])
    traded = [e for e in made if e.trade["exit_timestamp"]]
    opened = [
        Entry(e.verdict, e.trade | {"exit_timestamp": None, "exit_price": None})
        for e in traded
        if e.trade["source"] == "paper" and after < _at(e.trade["entry_timestamp"]) <= until
    ]
    closed = [e for e in traded if after < _at(e.trade["exit_timestamp"]) <= until]
    append_outcomes(settings, opened)
    append_outcomes(settings, sorted(closed, key=lambda e: str(e.trade["exit_timestamp"])))


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).astimezone(UTC).timestamp()
