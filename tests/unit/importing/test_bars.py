"""What bars add to imported trades: nothing that came after the decision."""

import pandas as pd
import pytest

from afterclose.features.market import MARKET
from afterclose.history.bar_features import TOO_EARLY, TOO_SHORT
from afterclose.history.bars import clean_ohlcv, on_sessions
from afterclose.history.indicators import FEATURES, add_indicators
from afterclose.importing.bar_context import NO_SYMBOL, with_bars
from afterclose.records import Trade
from afterclose.settings import Settings
from bar_builders import wandering


def placed(raw):
    return on_sessions(clean_ohlcv(raw, "made"), Settings()).frame


RAW = wandering(symbols=1, days=260)
BARS = placed(RAW)


def trade(**fields):
    return Trade(
        **{
            "trade_id": "x", "symbol": "S0", "entry_timestamp": "2019-12-03T10:00:00-05:00",
            "exit_timestamp": "2019-12-09T11:00:00-05:00", "entry_price": 100.0,
            "exit_price": 100.0, "quantity": 1.0,
        }
        | fields
    )  # fmt: skip


def features_on(day, bars=BARS):
    chart = add_indicators(bars).set_index("date")
    return {name: chart.at[pd.Timestamp(day), name] for name in FEATURES}


@pytest.mark.parametrize(
    ("entry", "decision", "session"),
    [
        ("2019-12-03T10:00:00-05:00", None, "2019-12-02"),
        ("2019-12-03T16:00:00-05:00", None, "2019-12-02"),  # at the close: not closed before
        ("2019-12-03T16:00:01-05:00", None, "2019-12-03"),
        ("2019-12-03T00:00:00-05:00", None, "2019-12-02"),
        ("2019-12-03T00:00:00+00:00", None, "2019-12-02"),
        ("2019-12-04T09:30:00-05:00", "2019-12-03T16:00:00-05:00", "2019-12-03"),
        ("2019-12-04T09:30:00-05:00", "2019-12-03T15:59:59-05:00", "2019-12-02"),
    ],
)
def test_features_are_of_the_last_session_that_had_closed_before_the_entry(
    entry, decision, session
):
    (made,), _, _ = with_bars([trade(entry_timestamp=entry, decision_timestamp=decision)], BARS)
    assert made.rule_features == features_on(session)


def test_a_changed_bar_at_the_entry_or_later_leaves_the_features_the_same():
    changed = RAW.copy()
    later = changed["date"] >= "2019-12-03"
    changed.loc[later, ["open", "high", "low", "close"]] *= 3
    changed.loc[later, "volume"] *= 7
    (before,), _, _ = with_bars([trade()], BARS)
    (after,), _, _ = with_bars([trade()], placed(changed))
    assert after == before
    earlier = RAW.copy()
    earlier.loc[earlier["date"] == "2019-12-02", "volume"] *= 7
    (other,), _, _ = with_bars([trade()], placed(earlier))
    assert other != before


def test_the_files_own_features_are_kept():
    (made,), _, _ = with_bars([trade(rule_features={"rsi_14": 1.0, "own": 2.0})], BARS)
    assert (made.rule_features["rsi_14"], made.rule_features["own"]) == (1.0, 2.0)
    assert made.rule_features.keys() == {*FEATURES, "own"}


def test_trades_without_features_are_counted_by_reason():
    trades = [
        trade(symbol="ELSE"),
        trade(entry_timestamp="2018-01-02T10:00:00-05:00"),
        trade(entry_timestamp="2021-01-04T10:00:00-05:00"),
    ]
    made, without, _ = with_bars(trades, BARS)
    assert without == {NO_SYMBOL: 1, TOO_EARLY: 2}
    assert [each.rule_features for each in made] == [{}, {}, {}]


def test_missing_features_are_missing_and_never_nan():
    early = trade(entry_timestamp="2019-01-28T10:00:00-05:00")
    (made,), without, _ = with_bars([early], BARS)
    assert made.rule_features["dist_20sma"] is None
    assert made.rule_features["rsi_14"] is not None
    assert sum(without.values()) == 0
    assert TOO_SHORT not in without


DAYS = pd.DataFrame(
    {
        "symbol": "S0",
        "date": ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"],
        "open": [100.0, 100.0, 100.0, 100.0],
        "high": [120.0, 105.0, 108.0, 130.0],
        "low": [80.0, 97.0, 95.0, 70.0],
        "close": [100.0, 100.0, 100.0, 100.0],
        "volume": [1.0, 1.0, 1.0, 1.0],
    }
)


@pytest.mark.parametrize(
    ("side", "ends", "exit_price", "excursions"),
    [
        # the ends lie within their sessions: only the 3rd and the 4th count
        ("long", ("2024-01-02T11:00:00-05:00", "2024-01-05T11:00:00-05:00"), 104.0, (-0.05, 0.08)),
        ("short", ("2024-01-02T11:00:00-05:00", "2024-01-05T11:00:00-05:00"), 104.0, (-0.08, 0.05)),
        # entered at the open, left at the close: all four count
        ("long", ("2024-01-02T09:30:00-05:00", "2024-01-05T16:00:00-05:00"), 100.0, (-0.3, 0.3)),
        # dates alone: at which time of the day is unknown, so both days are left out
        ("long", ("2024-01-02", "2024-01-05"), 104.0, (-0.05, 0.08)),
        # the exit itself is the worst price
        ("long", ("2024-01-02T11:00:00-05:00", "2024-01-05T11:00:00-05:00"), 71.0, (-0.29, 0.08)),
        # no whole session inside
        ("long", ("2024-01-02T11:00:00-05:00", "2024-01-03T11:00:00-05:00"), 100.0, (None, None)),
        # an exit price that was never traded: these bars are of something else
        ("long", ("2024-01-02T11:00:00-05:00", "2024-01-05T11:00:00-05:00"), 200.0, (None, None)),
    ],
)
def test_excursions_are_of_the_sessions_that_lie_wholly_inside(side, ends, exit_price, excursions):
    entry, leave = (each if "T" in each else f"{each}T00:00:00-05:00" for each in ends)
    moments = {"entry_timestamp": entry, "exit_timestamp": leave}
    (made,), _, _ = with_bars([trade(side=side, exit_price=exit_price, **moments)], placed(DAYS))
    if excursions == (None, None):
        assert (made.mae_pct, made.mfe_pct) == excursions
    else:
        assert (made.mae_pct, made.mfe_pct) == pytest.approx(excursions)


def test_an_excursion_that_the_source_gave_is_kept():
    (made,), _, _ = with_bars(
        [
            trade(
                entry_timestamp="2024-01-02T11:00:00-05:00",
                exit_timestamp="2024-01-05T11:00:00-05:00",
                mae_pct=-0.5,
            )
        ],
        placed(DAYS),
    )
    assert (made.mae_pct, made.mfe_pct) == (-0.5, pytest.approx(0.08))


def test_market_context_is_of_all_symbols_in_the_file_and_only_where_it_is_named():
    market = placed(wandering(symbols=12, days=260))
    (plain,), _, _ = with_bars([trade()], market)
    assert plain.rule_features.keys() == set(FEATURES)
    names = (*FEATURES, *MARKET)
    (made,), _, _ = with_bars([trade()], market, names)
    chart = add_indicators(market, names).set_index(["symbol", "date"])
    day = ("S0", pd.Timestamp("2019-12-02"))
    assert made.rule_features == {name: chart.at[day, name] for name in names}
    (alone,), _, _ = with_bars([trade()], market[market["symbol"] == "S0"], names)
    assert alone.rule_features == plain.rule_features | dict.fromkeys(MARKET)


def unadjusted(raw, day, ratio):
    """The bars as they were traded: before the split in old shares."""
    raw = raw.copy()
    old = pd.to_datetime(raw["date"]) < day
    for name in ("open", "high", "low", "close"):
        raw.loc[old, name] = raw.loc[old, name] * ratio
    raw.loc[old, "volume"] = raw.loc[old, "volume"] / ratio
    return raw


@pytest.mark.parametrize("ratio", [4.0, 0.1])
def test_features_look_across_a_split_of_bars_as_traded(ratio):
    as_traded = placed(unadjusted(RAW, pd.Timestamp("2019-11-25"), ratio))
    rows = BARS.set_index("date")
    entry, leave = (rows.at[pd.Timestamp(d), "open"] for d in ("2019-12-03", "2019-12-09"))
    bought = trade(
        entry_timestamp="2019-12-03T09:30:00-05:00", exit_timestamp="2019-12-09T09:30:00-05:00",
        entry_price=entry, exit_price=leave,
    )  # fmt: skip
    right, found = (with_bars([bought], bars) for bars in (BARS, as_traded))
    assert found.trades[0].rule_features == pytest.approx(right.trades[0].rule_features)
    assert any(note.startswith("Bars that are not adjusted for splits: 1") for note in found.notes)
    assert not any("adjusted" in note for note in right.notes)


@pytest.mark.parametrize("ratio", [4.0, 0.1])
@pytest.mark.parametrize("adjusted", [True, False])
def test_a_trade_through_a_split_is_put_in_new_shares(ratio, adjusted):
    day = pd.Timestamp("2019-12-05")
    bars = BARS if adjusted else placed(unadjusted(RAW, day, ratio))
    rows = BARS.set_index("date")
    entry, leave = (rows.at[pd.Timestamp(d), "open"] for d in ("2019-12-03", "2019-12-09"))
    held = trade(
        entry_timestamp="2019-12-03T09:30:00-05:00", exit_timestamp="2019-12-09T09:30:00-05:00",
        entry_price=entry * ratio, exit_price=leave, quantity=100.0,
    )  # fmt: skip
    found = with_bars([held], bars)
    made = found.trades[0]
    assert (made.entry_price, made.quantity) == (pytest.approx(entry), pytest.approx(100 * ratio))
    assert any("put in new shares" in note for note in found.notes)


def test_an_entry_in_new_shares_stays_beside_bars_as_traded():
    rows = BARS.set_index("date")
    entry, leave = (rows.at[pd.Timestamp(d), "open"] for d in ("2019-12-03", "2019-12-09"))
    settled = trade(
        entry_timestamp="2019-12-03T09:30:00-05:00", exit_timestamp="2019-12-09T09:30:00-05:00",
        entry_price=entry, exit_price=leave, quantity=100.0,
    )  # fmt: skip
    found = with_bars([settled], placed(unadjusted(RAW, pd.Timestamp("2019-12-05"), 4.0)))
    assert (found.trades[0].entry_price, found.trades[0].quantity) == (entry, 100.0)


def test_a_crash_with_the_money_of_many_days_is_no_split():
    crashed = unadjusted(RAW, pd.Timestamp("2019-12-05"), 2.0)
    there = pd.to_datetime(crashed["date"]) == pd.Timestamp("2019-12-05")
    crashed.loc[there, "volume"] = crashed["volume"].max() * 20
    found = with_bars([trade()], placed(crashed))
    assert not any("adjusted for splits" in note for note in found.notes)
