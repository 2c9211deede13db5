"""A replayed day: which signals are entered, when, at what price, and that it happens once."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from afterclose.errors import IntegrityError
from afterclose.history.replay import replay_sessions, trading_days
from afterclose.ledger import TradeLedger
from afterclose.records import Signal
from afterclose.scope_files import REPLAY_FILE
from trading_builders import untimed

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"]
FLAT = (100.0, 101.0, 99.0, 100.0)


def at(day, hour=21):
    """A moment of ``day`` in UTC: the New York close by default, its open at 14.5."""
    return datetime.fromisoformat(day).replace(
        hour=int(hour), minute=int(hour % 1 * 60), tzinfo=UTC
    )


def bars_of(**prices):
    """Session bars of each symbol's (open, high, low, close), from the first of DAYS on."""
    rows = [
        {
            "symbol": symbol,
            "date": pd.Timestamp(day),
            "opens_at": at(day, 14.5),
            "closes_at": at(day),
            **dict(zip(("open", "high", "low", "close"), bar, strict=True)),
            "volume": 1000.0,
        }
        for symbol, bars in prices.items()
        for day, bar in zip(DAYS, bars, strict=False)
        if bar is not None
    ]
    return pd.DataFrame(rows)


def signal(day=DAYS[0], symbol="AAA", **overrides):
    fields = {"features": {"rsi_14": 60.0}, "stop_price": 95.0, "target_price": 110.0}
    return Signal(symbol=symbol, timestamp=at(day), price=100, quantity=10, **fields | overrides)


def trades(settings):
    return TradeLedger(settings.ledger_paths[0]).get_all_trades()


def files(settings):
    paths = [path for path in sorted(settings.root.iterdir()) if path.is_file()]
    return {path.name: untimed(path.read_bytes()) for path in paths}


def test_days_carry_their_bars_their_hours_and_the_open_before():
    first, second = list(trading_days(bars_of(AAA=[FLAT, FLAT], BBB=[None, FLAT])))
    assert (first.session, second.session) == ("2024-01-02", "2024-01-03")
    assert (list(first.bars), list(second.bars)) == (["AAA"], ["AAA", "BBB"])
    assert second.previous_open == first.opens_at == at("2024-01-02", 14.5)
    assert second.bars["BBB"].timestamp == second.closes_at == at("2024-01-03")


def test_a_signal_of_a_close_is_entered_at_the_next_open(settings):
    bars = bars_of(AAA=[FLAT, (102.0, 103.0, 101.0, 102.5), (104.0, 111.0, 103.0, 110.0)])
    summary = replay_sessions(settings, bars, [signal()])
    (trade,) = trades(settings)
    assert trade.entry_price == 102.0
    assert datetime.fromisoformat(trade.entry_timestamp) == at(DAYS[1], 14.5)
    assert datetime.fromisoformat(trade.decision_timestamp) == at(DAYS[0])
    assert trade.rule_features == {"rsi_14": 60.0}
    assert (trade.exit_price, trade.exit_type) == (110.0, "TAKE_PROFIT")
    assert datetime.fromisoformat(trade.exit_timestamp) == at(DAYS[2])
    assert trade.mae_pct == pytest.approx((101.0 - 102.0) / 102.0)
    assert dict(summary.signals) == {"entered": 1}
    assert (summary.sessions, summary.closed, summary.shadow_closed) == (DAYS[:3], 1, 0)


def test_the_day_of_entry_can_be_the_day_of_the_stop(settings):
    bars = bars_of(AAA=[FLAT, (100.0, 101.0, 90.0, 91.0)])
    replay_sessions(settings, bars, [signal()])
    (trade,) = trades(settings)
    assert (trade.exit_price, trade.exit_type) == (95.0, "STOP_LOSS")


@pytest.mark.parametrize("opening", [94.0, 95.0, 110.0, 120.0])
def test_an_open_beyond_the_stop_or_the_target_is_not_entered(settings, opening):
    bars = bars_of(AAA=[FLAT, (opening, 121.0, 90.0, 100.0)])
    summary = replay_sessions(settings, bars, [signal()])
    assert dict(summary.signals) == {"opened beyond its stop or target": 1}


def test_a_symbol_holds_one_position(settings):
    bars = bars_of(AAA=[FLAT] * 4, BBB=[FLAT] * 4)
    signals = [signal(), signal(symbol="BBB"), signal(DAYS[1]), signal(DAYS[2])]
    summary = replay_sessions(settings, bars, signals)
    assert dict(summary.signals) == {"entered": 2, "a position is open": 2}


def test_a_symbol_that_does_not_trade_the_next_day_is_not_entered_later(settings):
    bars = bars_of(AAA=[FLAT, None, FLAT], BBB=[FLAT] * 3)
    summary = replay_sessions(settings, bars, [signal()])
    assert dict(summary.signals) == {"no bar on the day of entry": 1}


def test_a_signal_of_the_last_close_waits(settings):
    summary = replay_sessions(settings, bars_of(AAA=[FLAT] * 2), [signal(DAYS[1])])
    assert dict(summary.signals) == {}


def test_only_the_days_asked_for_are_traded(settings):
    bars = bars_of(AAA=[FLAT] * 5)
    seen = []
    summary = replay_sessions(
        settings,
        bars,
        [signal(), signal(DAYS[1])],
        start=DAYS[2],
        end=DAYS[3],
        on_session=lambda day: seen.append(day.session),
    )
    assert seen == summary.sessions == DAYS[2:4]
    assert dict(summary.signals) == {"entered": 1}


def test_a_second_run_changes_nothing(settings):
    bars = bars_of(AAA=[FLAT, FLAT, (100.0, 111.0, 99.0, 105.0), FLAT, FLAT])
    signals = [signal(), signal(DAYS[2])]
    replay_sessions(settings, bars, signals)
    before = files(settings)
    assert replay_sessions(settings, bars, signals).sessions == []
    assert files(settings) == before


def test_a_run_a_day_leaves_the_files_of_one_run(settings, tmp_path):
    from msgspec.structs import replace

    bars = bars_of(
        AAA=[FLAT, FLAT, (100.0, 111.0, 99.0, 105.0), FLAT, (94.0, 95.0, 93.0, 94.0)],
        BBB=[FLAT, (98.0, 99.0, 97.0, 98.0), FLAT, FLAT, FLAT],
    )
    signals = [signal(), signal(symbol="BBB"), signal(DAYS[2])]
    replay_sessions(settings, bars, signals)
    daily = replace(settings, logs_dir=str(tmp_path / "daily"))
    for day in DAYS:
        replay_sessions(daily, bars, signals, start=day, end=day)
    assert files(daily) == files(settings)
    assert len(trades(settings)) == 2


def test_a_session_that_was_interrupted_is_finished_without_entering_twice(settings):
    bars = bars_of(
        AAA=[FLAT, (100.0, 101.0, 90.0, 91.0)],  # entered and stopped on one day
        BBB=[FLAT, FLAT],  # entered and held
    )
    signals = [signal(), signal(symbol="BBB")]
    replay_sessions(settings, bars, signals)
    before = files(settings)
    (settings.root / REPLAY_FILE).write_text(f'{{"session": "{DAYS[0]}"}}')
    summary = replay_sessions(settings, bars, signals)
    assert summary.sessions == [DAYS[1]]
    assert dict(summary.signals) == {"a position is open": 1}
    assert files(settings) | {REPLAY_FILE: b""} == before | {REPLAY_FILE: b""}


def test_a_state_file_that_says_nothing_is_refused(settings):
    settings.root.mkdir(parents=True)
    (settings.root / REPLAY_FILE).write_text("{}")
    with pytest.raises(IntegrityError, match="which session was replayed last"):
        replay_sessions(settings, bars_of(AAA=[FLAT]), [])
