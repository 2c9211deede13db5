"""Features that know the outcome: alone, and together where each looks harmless."""

from dataclasses import replace

import numpy as np
import pytest

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.leaks import ALL, knowledge, leaks_of, rank_correlation
from training_builders import dataset_of


def trades(rows: int = 400, **features: np.ndarray) -> Dataset:
    """Noise, trades of very different size, and what ``features`` adds."""
    random = np.random.default_rng(0)
    pnl = 0.02 * random.normal(size=rows)
    mae = -np.abs(0.02 * random.normal(size=rows))
    columns = {"noise": random.normal(size=rows), "atr_pct": random.gamma(2, 0.01, rows)}
    return dataset_of(columns | features, pnl_pct=pnl, mae_pct=mae)


def found_in(dataset: Dataset) -> list[tuple[str, str]]:
    leaks, _ = leaks_of(dataset, dataset.realized_pnl_pct < 0)
    return [(leak.feature, leak.target) for leak in leaks]


def with_features(dataset: Dataset, **features: np.ndarray) -> Dataset:
    names = (*dataset.feature_names, *features)
    values = np.column_stack([dataset.features, *features.values()])
    return replace(dataset, feature_names=names, features=values)


def test_noise_and_volatility_know_nothing() -> None:
    assert found_in(trades()) == []


def test_what_a_trade_cost_and_what_it_brought_are_its_pnl_together() -> None:
    dataset = trades()
    cost = np.random.default_rng(1).lognormal(8, 1.5, len(dataset))
    leaky = with_features(dataset, cost=cost, proceeds=cost * (1 + dataset.realized_pnl_pct))
    for name in ("cost", "proceeds"):
        values = leaky.features[:, leaky.feature_names.index(name)]
        assert abs(rank_correlation(values, dataset.realized_pnl_pct) or 0) < 0.2
    assert found_in(leaky) == [(ALL, "loss"), (ALL, "pnl")]


def test_a_feature_that_is_the_excursion_or_the_rank_of_pnl_is_named() -> None:
    dataset = trades()
    assert found_in(with_features(dataset, deepest=-3 * dataset.mae_pct)) == [("deepest", "mae")]
    mixed = np.where(dataset.realized_pnl_pct < 0, np.nan, dataset.realized_pnl_pct)
    assert found_in(with_features(dataset, gain=mixed)) == [("gain", "pnl")]


def test_too_few_trades_and_no_features_have_nothing_to_say() -> None:
    dataset = trades()
    assert knowledge(dataset.take(np.arange(49))) is None
    none = replace(dataset, feature_names=(), features=np.zeros((400, 0)))
    assert knowledge(none) is None


def test_an_edge_that_markets_have_is_no_leak() -> None:
    dataset = trades(2000)
    score = dataset.realized_pnl_pct + 0.06 * np.random.default_rng(2).normal(size=2000)
    assert found_in(with_features(dataset, edge=score)) == []


def test_what_is_said_of_a_fifth_was_learned_from_the_others() -> None:
    """As many features as rows know everything in sample, and nothing out of it."""
    random = np.random.default_rng(3)
    dataset = trades(100)
    many = {f"n{number}": random.normal(size=100) for number in range(90)}
    known = knowledge(with_features(dataset, **many))
    assert known is not None
    assert known.pnl_correlation == pytest.approx(0, abs=0.35)
