"""The bootstrap against its definition, row by row, and against scipy."""

from functools import partial

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap
from scipy.stats import bootstrap

from afterclose.evaluating.statistics import Interval
from afterclose.evaluating.statistics import paired_bootstrap as by_session
from afterclose.measures.metrics import trade_metrics
from afterclose.parallel import run_all

MEASURES = {
    "expectancy",
    "total_pnl",
    "win_rate",
    "bad_share",
    "profit_factor",
    "sharpe_per_trade",
    "max_drawdown",
    "expected_shortfall_5",
}


def a_year_of_trades(rows: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """PnL, bad, all kept, and a filter that knows a little."""
    rng = np.random.default_rng(seed)
    pnl = rng.normal(0.002, 0.03, rows)
    keep = pnl + rng.normal(0, 0.05, rows) > -0.02
    return pnl, pnl < 0, np.ones(rows, dtype=bool), keep


def paired_bootstrap(pnl, *others, block: int | None = None, **options):
    """The intervals where each trade is a session of its own."""
    block = block or max(1, round(len(pnl) ** (1 / 3)))
    return by_session(pnl, *others, session=np.arange(len(pnl)), block=block, **options)


def by_definition(
    trades: tuple[np.ndarray, ...], block: int, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile intervals from measuring every resample's rows one by one."""
    pnl, bad, first, second = trades
    rows = len(pnl)
    draws = -(-rows // block)
    rng = np.random.default_rng(seed)

    def differences() -> dict[str, list[float]]:
        found: dict[str, list[float]] = {name: [] for name in MEASURES}
        for starts in rng.integers(0, rows, (draws, resamples)).T:
            drawn = (starts[:, None] + np.arange(block)).ravel()[:rows] % rows
            one, other = (
                trade_metrics(pnl[drawn], bad[drawn], np.arange(rows), keep[drawn])
                for keep in (first, second)
            )
            for name in MEASURES:
                found[name].append(getattr(other, name) - getattr(one, name))
        return found

    found = differences()
    found["expected_shortfall_5"] = differences()["expected_shortfall_5"]  # drawn afterwards
    return {name: tuple(np.percentile(values, [2.5, 97.5])) for name, values in found.items()}


@pytest.mark.parametrize(("rows", "block"), [(90, 7), (60, 1), (64, 8), (50, 50)])
def test_intervals_equal_measuring_every_resample(rows: int, block: int) -> None:
    trades = a_year_of_trades(rows)
    expected = by_definition(trades, block, 200, seed=5)
    intervals = paired_bootstrap(*trades, resamples=200, seed=5, block=block)
    assert set(intervals) == MEASURES
    for name, interval in intervals.items():
        assert (interval.low, interval.high) == pytest.approx(expected[name], abs=1e-12), name


def test_intervals_agree_with_scipy_for_independent_trades() -> None:
    pnl, bad, everything, keep = a_year_of_trades(300)

    def difference(pnl: np.ndarray, keep: np.ndarray, axis: int = -1) -> np.ndarray:
        return (pnl * keep).sum(axis) / keep.sum(axis) - pnl.mean(axis)

    oracle = bootstrap(
        (pnl, keep),
        difference,
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    ours = paired_bootstrap(pnl, bad, everything, keep, resamples=20_000, seed=2, block=1)
    width = oracle.high - oracle.low
    assert ours["expectancy"].low == pytest.approx(oracle.low, abs=0.04 * width)
    assert ours["expectancy"].high == pytest.approx(oracle.high, abs=0.04 * width)


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    trades = a_year_of_trades(200)
    first, again, other = (paired_bootstrap(*trades, resamples=300, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_equal_policies_differ_by_nothing() -> None:
    pnl, bad, everything, _ = a_year_of_trades(80)
    for interval in paired_bootstrap(
        pnl, bad, everything, everything, resamples=100, seed=0
    ).values():
        assert (interval.low, interval.high) == (0.0, 0.0)


def test_blocking_everything_leaves_only_sums_and_drawdown_defined() -> None:
    pnl, bad, everything, _ = a_year_of_trades(80)
    intervals = paired_bootstrap(pnl, bad, everything, ~everything, resamples=100, seed=0)
    undefined = {name for name, interval in intervals.items() if interval.low is None}
    assert undefined == MEASURES - {"total_pnl", "max_drawdown"}
    assert intervals["expectancy"] == Interval(low=None, high=None, resamples=100)


def test_constant_pnl_has_no_interval_of_sharpe_or_profit_factor() -> None:
    pnl, everything = np.full(50, 0.01), np.ones(50, dtype=bool)
    keep = np.arange(50) % 2 == 0
    intervals = paired_bootstrap(pnl, ~everything, everything, keep, resamples=100, seed=0)
    assert intervals["sharpe_per_trade"].low is None
    assert intervals["profit_factor"].low is None
    assert intervals["expectancy"].high == pytest.approx(0.0, abs=1e-15)


def test_losing_everything_is_a_drawdown_of_one() -> None:
    pnl, everything = np.full(40, -1.5), np.ones(40, dtype=bool)
    intervals = paired_bootstrap(pnl, everything, everything, ~everything, resamples=100, seed=0)
    assert (intervals["max_drawdown"].low, intervals["max_drawdown"].high) == (1.0, 1.0)


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_trades_have_no_intervals(rows: int) -> None:
    assert paired_bootstrap(*a_year_of_trades(rows), resamples=100, seed=0) == {}


def test_many_trades_get_all_resamples_but_for_the_tail_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("afterclose.evaluating.statistics.DRAWN_TAIL_ROWS", 20_000)
    intervals = paired_bootstrap(*a_year_of_trades(80), resamples=1000, seed=0)
    assert intervals["expectancy"].resamples == 1000
    assert intervals["expected_shortfall_5"].resamples == 250
    intervals = paired_bootstrap(*a_year_of_trades(1000), resamples=1000, seed=0)
    assert intervals.pop("expected_shortfall_5").resamples == 200
    assert {interval.resamples for interval in intervals.values()} == {1000}


def test_a_hundred_thousand_trades_get_ten_thousand_resamples() -> None:
    pnl, bad, everything, keep = a_year_of_trades(100_000)
    intervals = paired_bootstrap(pnl, bad, everything, keep, resamples=10_000, seed=0)
    tail = intervals.pop("expected_shortfall_5")
    assert {interval.resamples for interval in intervals.values()} == {10_000}
    assert tail.resamples == 200
    # Independent trades: the interval is that of the normal law, with 1 % of luck.
    gain = np.where(keep, (pnl - pnl[keep].mean()) / keep.mean(), 0) - (pnl - pnl.mean())
    half = 1.96 * gain.std() / np.sqrt(len(pnl))
    middle = pnl[keep].mean() - pnl.mean()
    found = intervals["expectancy"]
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=0.1 * half)


WAYS = {
    "two threads": partial(run_all, n_jobs=2, backend="threading"),
    "three threads": partial(run_all, n_jobs=3, backend="threading"),
    "two processes": partial(run_all, n_jobs=2, backend="loky"),
    "the last first": lambda work, items: [*map(work, reversed(list(items)))][::-1],
}


@pytest.mark.parametrize("way", WAYS)
def test_intervals_do_not_depend_on_who_measures_which_group(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterclose.evaluating.statistics.GROUP_CELLS", 5_000)
    calls = []

    def counted(work, items):
        calls.append(listed := list(items))
        return WAYS[way](work, listed)

    trades = a_year_of_trades(200)
    alone = paired_bootstrap(*trades, resamples=1000, seed=3)
    assert paired_bootstrap(*trades, resamples=1000, seed=3, run_all=counted) == alone
    assert [len(groups) for groups in calls] == [7]


def test_groups_of_resamples_draw_differently() -> None:
    pnl, bad, everything, keep = a_year_of_trades(3000)  # 2.1 million starts, two groups
    first = paired_bootstrap(pnl, bad, everything, keep, resamples=10_000, seed=0)
    half = paired_bootstrap(pnl, bad, everything, keep, resamples=5_000, seed=0)
    assert first["expectancy"] != half["expectancy"]
    assert first["expectancy"].low == pytest.approx(half["expectancy"].low, rel=0.05)


def test_chunks_do_not_change_the_kind_of_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    trades = a_year_of_trades(120)
    whole = paired_bootstrap(*trades, resamples=4000, seed=0)
    monkeypatch.setattr("afterclose.evaluating.statistics.CHUNK_CELLS", 1000)
    pieces = paired_bootstrap(*trades, resamples=4000, seed=0)
    for name, interval in whole.items():
        assert pieces[name].resamples == interval.resamples
        width = interval.high - interval.low
        assert pieces[name].low == pytest.approx(interval.low, abs=0.15 * width), name


def test_whole_sessions_are_drawn() -> None:
    """Each resample's rows gathered by session, and measured one by one."""
    pnl, bad, everything, keep = a_year_of_trades(240)
    session = np.sort(np.random.default_rng(3).integers(0, 40, 240))
    session = np.unique(session, return_inverse=True)[1]
    count, block = int(session.max()) + 1, 6
    rows_of = [np.flatnonzero(session == number) for number in range(count)]
    rng, draws = np.random.default_rng(8), -(-count // block)
    found: dict[str, list[float]] = {name: [] for name in MEASURES - {"expected_shortfall_5"}}
    for starts in rng.integers(0, count, (draws, 300)).T:
        drawn = (starts[:, None] + np.arange(block)).ravel()[:count] % count
        rows = np.concatenate([rows_of[number] for number in drawn])
        one, other = (
            trade_metrics(pnl[rows], bad[rows], np.arange(len(rows)), mask[rows])
            for mask in (everything, keep)
        )
        for name, values in found.items():
            values.append(getattr(other, name) - getattr(one, name))
    ours = by_session(
        pnl, bad, everything, keep, session=session, block=block, resamples=300, seed=8
    )
    for name, values in found.items():
        expected = tuple(np.percentile(values, [2.5, 97.5]))
        assert (ours[name].low, ours[name].high) == pytest.approx(expected, abs=1e-12), name


def test_intervals_of_sessions_agree_with_arch() -> None:
    """Sums by session through the circular block bootstrap of `arch`."""
    rng = np.random.default_rng(1)
    session = np.repeat(np.arange(200), 5)
    market = np.convolve(rng.normal(size=209), np.ones(10) / 10, "valid")
    pnl = 0.002 + 0.03 * (market[session] + 0.3 * rng.normal(size=1000))
    keep = rng.random(1000) > 0.3
    lost = np.bincount(session, np.where(keep, 0.0, -pnl))
    oracle = CircularBlockBootstrap(10, lost, seed=2).conf_int(
        np.sum, reps=20_000, method="percentile"
    )
    ours = by_session(
        pnl, pnl < 0, np.ones(1000, bool), keep, session=session, block=10,
        resamples=20_000, seed=2,
    )["total_pnl"]  # fmt: skip
    low, high = oracle.ravel()
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_ten_fills_of_each_decision_have_the_interval_of_the_decisions() -> None:
    pnl, bad, everything, keep = a_year_of_trades(200)
    session = np.arange(200) // 4
    options = {"block": 5, "resamples": 2000, "seed": 0}
    once = by_session(pnl, bad, everything, keep, session=session, **options)
    many = by_session(
        *(np.repeat(column, 10) for column in (pnl, bad, everything, keep)),
        session=np.repeat(session, 10),
        **options,
    )
    assert many["expectancy"].low == pytest.approx(once["expectancy"].low, rel=1e-9)
    assert many["expectancy"].high == pytest.approx(once["expectancy"].high, rel=1e-9)
