"""What each placebo knows and keeps, and what the gates and the bets make of it."""

from functools import partial

import numpy as np
import pytest

from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.sessions import DAY_US
from afterclose.settings import Settings
from afterclose.study.gates.histories import made_up, thinned, with_edge
from afterclose.study.gates.looks import looked_at, power_at
from afterclose.study.gates.placebo_tables import PLACEBOS, placebo_row, placebo_text
from afterclose.study.gates.placebos import as_fills, market_wide, per_symbol, someone_elses
from afterclose.study.gates.simulated_cycles import Recipe

RECIPE = Recipe.from_settings(Settings(bootstrap_resamples=200))
HISTORY = made_up(0, sessions=300, a_session=4)


def made(placebo, seed: int = 0):
    return placebo(HISTORY, np.random.default_rng(seed))


@pytest.mark.parametrize("name", PLACEBOS)
def test_a_placebo_changes_features_and_no_outcome(name: str) -> None:
    again = one_row_a_decision(made(PLACEBOS[name]))
    assert again.trade_id == HISTORY.trade_id
    assert again.realized_pnl_pct == pytest.approx(HISTORY.realized_pnl_pct, abs=1e-12)
    assert again.notional == pytest.approx(HISTORY.notional)
    assert not set(again.feature_names) & set(HISTORY.feature_names)


def test_a_market_wide_feature_is_one_for_a_session_and_persists() -> None:
    values = made(partial(market_wide, persistence=0.95)).features[:, 0].reshape(300, 4)
    assert (np.ptp(values, axis=1) == 0).all()
    assert np.corrcoef(values[1:, 0], values[:-1, 0])[0, 1] > 0.8


def test_a_symbol_keeps_its_constant() -> None:
    history = made(per_symbol)
    of_symbol = {}
    for symbol, row in zip(history.symbol, history.features, strict=True):
        assert (of_symbol.setdefault(symbol, row) == row).all()
    assert len(of_symbol) == 30


def test_someone_elses_features_are_those_of_one_other_symbol_at_another_time() -> None:
    history = made(someone_elses)
    beta = {symbol: row[0] for symbol, row in zip(HISTORY.symbol, HISTORY.features, strict=True)}
    owner = {value: symbol for symbol, value in beta.items()}
    taken = {(s, owner[row[0]]) for s, row in zip(history.symbol, history.features, strict=True)}
    assert len(taken) == len({other for _, other in taken}) == 30
    assert all(symbol != other for symbol, other in taken)
    waves = HISTORY.features[:, 1], history.features[:, 1]
    assert abs(np.corrcoef(*waves)[0, 1]) < 0.5


def test_ten_fills_of_each_decision_change_no_figure_of_the_evidence() -> None:
    fills = made(as_fills, 3)
    assert len(fills) == 10 * len(HISTORY)
    alone = made(partial(market_wide, persistence=0.97), 3)
    once, many = looked_at(RECIPE, alone), looked_at(RECIPE, fills)
    assert once._replace(stake=0) == many._replace(stake=0)
    assert many.stake == pytest.approx(once.stake, rel=1e-6)


@pytest.mark.parametrize("auc", [0.54, 0.60])
def test_a_planted_edge_has_the_area_that_was_asked_for(auc: float) -> None:
    from sklearn.metrics import roc_auc_score

    from afterclose.learning.training import label

    whole = made_up(1, sessions=4000, a_session=5)
    history = with_edge(whole, auc, 2, RECIPE.training)
    found = roc_auc_score(label(history, RECIPE.training), history.features[:, 0])
    assert found == pytest.approx(auc, abs=0.012)


def test_a_strong_edge_is_found_sooner_or_later_and_stays_found() -> None:
    history = with_edge(made_up(2, sessions=700, a_session=4), 0.75, 1, RECIPE.training)
    found = power_at(RECIPE, history, (100, 2500), whole=True)
    assert [one.evidence for one in found] == [False, True]
    assert not found[0].all_gates


def test_thinning_keeps_the_order_and_the_number() -> None:
    few = thinned(HISTORY, 500, 1)
    assert len(few) == 500
    assert (np.diff(few.decision_us) >= 0).all()
    assert thinned(HISTORY, 5000, 1) is HISTORY


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACEBOS)
def test_bets_on_placebos_are_fair_and_hardly_ever_win(name: str) -> None:
    """In small: `make calibrate-gates` has more seeds. One of 24 at 2.5 % each is no surprise."""
    passed = []
    for seed in range(24):
        history = made_up(seed, sessions=500, a_session=3)
        placebo = PLACEBOS[name](history, np.random.default_rng([seed, 1]))
        passed.append(looked_at(RECIPE, placebo))
    row = placebo_row("made up", name, passed)
    assert row.mean_stake <= 1 + 3 * row.stake_error
    assert row.rates["luck_of_all_nights"].happened <= 2
    assert row.rates["all_gates"].happened == 0
    assert row.kept
    assert f"| {name} |" in list(placebo_text([row]))[-1]


def test_made_up_trades_break_even_and_share_their_sessions() -> None:
    history = made_up(5, sessions=3000, a_session=5)
    assert abs(history.realized_pnl_pct.mean()) < 0.002
    day = (history.decision_us - history.decision_us[0]) // DAY_US
    means = np.bincount(day, history.realized_pnl_pct) / 5
    assert means.std() > 1.3 * history.realized_pnl_pct.std() / np.sqrt(5)
