"""Intervals of the account against an independent bootstrap, and what they rest on."""

import numpy as np
import pytest

from afterclose.evaluating.account import account_view
from afterclose.evaluating.sessions import DAY_US
from training_builders import dataset_of


def many(days: int = 120, a_day: int = 3, seed: int = 0) -> tuple:
    """Trades of ``days`` sessions that share their session's luck, and who is blocked."""
    random = np.random.default_rng(seed)
    rows = days * a_day
    shared = np.repeat(random.normal(size=days), a_day)
    pnl = 0.01 * (shared + 0.3 * random.normal(size=rows))
    dataset = dataset_of({"x": np.zeros(rows)}, pnl_pct=pnl, hours_between=24 / a_day, hours_held=1)
    return dataset, (random.random(rows) > 0.3).astype(float)


def test_an_interval_is_that_of_a_session_block_bootstrap() -> None:
    """Drawn here one session after the other, the plain way, within the noise of either."""
    dataset, size = many()
    policies = {"rules_only": np.ones(len(size)), "rules_ml": size}
    account = account_view(dataset, policies, capital=0.0, resamples=10_000, seed=1)
    assert account is not None
    found = account.differences["rules_only"]["net_pnl"]
    days = np.unique(dataset.decision_us // DAY_US, return_inverse=True)[1]
    sums = np.bincount(days, (size - 1) * dataset.net_pnl)
    random, totals = np.random.default_rng(2), []
    for _ in range(4000):
        drawn: list[float] = []
        while len(drawn) < len(sums):
            start = random.integers(len(sums))
            drawn += [sums[(start + step) % len(sums)] for step in range(account.block_sessions)]
        totals.append(sum(drawn[: len(sums)]))
    expected = np.percentile(totals, (2.5, 97.5))
    assert [found.low, found.high] == pytest.approx(expected, abs=0.05 * np.ptp(expected))


def test_trades_that_share_a_session_are_drawn_together() -> None:
    """Ten fills of one decision say no more than one: the interval is as wide, times ten."""
    dataset, size = many(a_day=1)
    fills = dataset.take(np.repeat(np.arange(len(dataset)), 10))
    widths = [
        np.ptp([found.low, found.high])
        for trades, sizes in ((dataset, size), (fills, np.repeat(size, 10)))
        if (
            account := account_view(
                trades,
                {"rules_only": np.ones(len(sizes)), "rules_ml": sizes},
                capital=0.0,
                resamples=2000,
                seed=3,
            )
        )
        and (found := account.differences["rules_only"]["net_pnl"])
    ]
    assert widths[1] == pytest.approx(10 * widths[0], rel=1e-9)


def test_paths_rest_on_fewer_resamples_when_sessions_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("afterclose.evaluating.account.PATH_CELLS", 36_000)
    dataset, size = many()
    policies = {"rules_only": np.ones(len(size)), "rules_ml": size}
    account = account_view(dataset, policies, capital=0.0, resamples=1000, seed=1)
    assert account is not None
    change = account.differences["rules_only"]
    assert (change["net_pnl"].resamples, change["max_drawdown"].resamples) == (1000, 297)


def test_the_same_arguments_give_the_same_account_and_no_trades_none() -> None:
    dataset, size = many()
    policies = {"rules_only": np.ones(len(size)), "rules_ml": size}
    first, again = (
        account_view(dataset, policies, capital=0.0, resamples=200, seed=7) for _ in range(2)
    )
    assert first == again
    nothing = {name: values[:0] for name, values in policies.items()}
    empty = dataset.take(np.arange(0))
    assert account_view(empty, nothing, capital=0.0, resamples=200, seed=7) is None
