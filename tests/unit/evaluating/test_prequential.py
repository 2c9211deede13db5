"""Each trade is judged once, by a model that could not know it, and the judgement stays."""

import numpy as np
import pytest

from afterclose.evaluating.evidence import cohort_of
from afterclose.evaluating.prequential import exit_order, prequential, prequential_splits
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions, label
from afterclose.market.embargo import DAY_US, embargo_cutoff
from afterclose.study.gates.planted_trades import planted_trades
from afterclose.study.gates.simulated_cycles import known_by
from training_builders import dataset_of


def test_models_are_fitted_at_fixed_counts_of_known_outcomes() -> None:
    dataset = dataset_of({"a": np.zeros(130)}, hours_between=24, hours_held=1)
    splits = prequential_splits(dataset.decision_us, dataset.exit_us, no_embargo)
    assert [len(split.train) for split in splits] == [40, 60, 100]
    assert [(split.test[0], split.test[-1]) for split in splits] == [
        (40, 59),
        (60, 99),
        (100, 129),
    ]


def test_a_trade_decided_before_a_model_was_complete_is_left_to_an_older_one() -> None:
    # Held for ten days: at the decision of trade 60 only the outcomes of 50 trades are known.
    dataset = dataset_of({"a": np.zeros(100)}, hours_between=24, hours_held=240)
    first, second = prequential_splits(dataset.decision_us, dataset.exit_us, no_embargo)
    assert (len(first.train), first.test[0]) == (40, 50)
    assert (len(second.train), second.test[0]) == (60, 70)


@pytest.mark.parametrize("seed", range(5))
def test_no_model_learns_from_its_own_future_or_from_a_cohort_that_it_judges(seed: int) -> None:
    dataset = planted_trades(400, seed, odds_ratio=1.0)
    cutoff = embargo_cutoff(dataset, 2)
    cohort = cohort_of(dataset.decision_us)
    first_us = dataset.decision_us[np.searchsorted(cohort, np.arange(cohort[-1] + 1))]
    splits = prequential_splits(dataset.decision_us, dataset.exit_us, cutoff)
    for split in splits:
        last_exit = dataset.exit_us[split.train].max()
        for row in split.test:
            assert last_exit < cutoff(int(dataset.decision_us[row]))
        assert last_exit < first_us[cohort[split.test]].min()
    tested = np.concatenate([split.test for split in splits])
    assert len(np.unique(tested)) == len(tested)


@pytest.mark.parametrize("seed", range(4))
def test_every_trade_is_judged_by_the_newest_model_that_could_know_of_it(seed: int) -> None:
    dataset = planted_trades(300, seed, odds_ratio=1.0)
    cutoff = embargo_cutoff(dataset, 1)
    order = exit_order(dataset.decision_us, dataset.exit_us)
    splits = prequential_splits(dataset.decision_us, dataset.exit_us, cutoff)
    judge = {row: len(split.train) for split in splits for row in split.test.tolist()}
    cohort = cohort_of(dataset.decision_us)
    for row in order.tolist():
        first = int(dataset.decision_us[np.searchsorted(cohort, cohort[row])])
        known = [
            size
            for size in (40, 60, 100, 160, 240)
            if dataset.exit_us[order[size - 1]] < cutoff(first)
        ]
        assert judge.get(row, 0) == max(known, default=0)


def test_what_was_judged_stays_judged_while_the_ledger_grows() -> None:
    options = TrainingOptions()
    dataset = planted_trades(260, 3, odds_ratio=3.0)
    whole = judged(dataset, options)
    for day in (30, 55, 70):
        known = known_by(dataset, int(dataset.decision_us[0]) + day * DAY_US)
        part = judged(known, options)
        assert 40 < len(known) < 260
        assert part == {trade: whole[trade] for trade in part}


def judged(dataset, options: TrainingOptions) -> dict[str, tuple[str, bool]]:
    once = prequential(
        dataset,
        label(dataset, options),
        options,
        embargo_cutoff(dataset, options.embargo_sessions),
        max_abs_z=8.0,
    )
    names = [dataset.trade_id[row] for row in once.rows]
    return {
        name: (f"{score:.12g}", bool(keep))
        for name, score, keep in zip(names, *once.verdicts, strict=True)
    }


def test_a_young_ledger_is_let_through() -> None:
    dataset = planted_trades(40, 0, odds_ratio=3.0)
    once = prequential(
        dataset, label(dataset, TrainingOptions()), TrainingOptions(), no_embargo, max_abs_z=8.0
    )
    assert len(once.rows) == 40
    assert once.verdicts.keep.all()
    assert np.isnan(once.verdicts.score).all()


def test_trades_that_end_together_keep_their_order() -> None:
    decisions = np.array([1, 2, 3, 4]) * DAY_US
    exits = np.array([9, 9, 5, 9]) * DAY_US
    assert exit_order(decisions, exits).tolist() == [2, 0, 1, 3]
