"""The sentences under an evaluation, each drawn out by the case that it warns of."""

import numpy as np
import pytest

from afterclose.evaluating.comparison import (
    ActiveComparison,
    Comparison,
    Outcomes,
    compare,
    compare_with_active,
)
from afterclose.evaluating.notes import active_notes, leak_notes, part_notes, walk_forward_notes
from afterclose.evaluating.verdicts import Verdicts
from afterclose.evaluating.walk_forward import Window
from afterclose.measures.classification import Leak

NAN = float("nan")


DAYS = np.arange(100) * 86_400_000_000


def comparison(pnl: object, bad: object, score: object, threshold: float = 0.5) -> Comparison:
    values, outcomes, scores = np.array(pnl), np.array(bad), np.array(score, dtype=float)
    return compare(
        Outcomes(values, outcomes, np.arange(len(values)), np.arange(len(values))),
        Verdicts(scores, ~(scores > threshold)),
        threshold=threshold,
        candidates_tried=1,
        resamples=100,
        seed=0,
    )


def a_hundred(bad_share: float, kept: int, **how: float) -> Comparison:
    """A hundred trades, all above water, with scores from 0.51 up but for the kept ones."""
    bad = np.arange(100) % 100 < 100 * bad_share
    score = np.where(np.arange(100) < kept, 0.2, 0.51 + np.arange(100) / 500)
    return comparison(np.full(100, 0.01), bad, score, **how)


def test_a_filter_that_blocks_nearly_everything_names_the_cause_and_a_threshold() -> None:
    (note,) = part_notes("held-out", a_hundred(bad_share=0.62, kept=12))
    assert note == (
        "Held-out: The share of bad trades (62 %) is near or above ML_RISK_THRESHOLD (0.50): the "
        "filter blocks nearly everything (kept 12 %). A threshold of 0.67 would keep 80 % of "
        "trades."
    )


def test_a_share_of_bad_trades_just_below_the_threshold_is_near_it() -> None:
    (note,) = part_notes("held-out", a_hundred(bad_share=0.45, kept=60))
    assert "(45 %) is near or above ML_RISK_THRESHOLD (0.50)" in note
    assert "by the base rate alone (kept 60 %)" in note
    assert list(part_notes("held-out", a_hundred(bad_share=0.44, kept=60))) == []


def test_few_kept_trades_are_noted_whatever_the_share_of_bad_ones() -> None:
    (note,) = part_notes("walk-forward", a_hundred(bad_share=0.2, kept=19))
    assert note.startswith("Walk-forward: The scores of most trades are above ML_RISK_THRESHOLD")
    assert "(kept 19 %). A threshold of 0.67 would keep 80 % of trades." in note


def test_a_threshold_that_was_found_is_not_called_a_setting() -> None:
    (note,) = part_notes("held-out", a_hundred(bad_share=0.62, kept=12), tuned=True)
    assert "(62 %) is near or above the model's own threshold (0.50)" in note


def test_a_threshold_that_was_found_lies_among_the_scores_and_keeps_what_it_was_to_keep() -> None:
    assert list(part_notes("held-out", a_hundred(bad_share=0.45, kept=60), tuned=True)) == []


def test_blocking_none_was_no_test() -> None:
    (note,) = part_notes("held-out", a_hundred(bad_share=0.9, kept=100))
    assert note == "The filter blocked none of 100 held-out trades: its worth was not tested."


@pytest.mark.parametrize(("bad", "kind"), [(True, "bad"), (False, "good")])
def test_one_class_and_few_trades_are_said(bad: bool, kind: str) -> None:
    notes = list(part_notes("held-out", comparison([0.01] * 8, [bad] * 8, [0.1] * 8)))
    assert notes[0] == "There are only 8 held-out trades: no figure over them is firm."
    assert notes[1].startswith(f"All 8 held-out trades are {kind}:")


def test_no_trades_have_no_notes() -> None:
    assert list(part_notes("walk-forward", comparison([], np.array([], dtype=bool), []))) == []


def test_abstentions_are_counted() -> None:
    score = [NAN] * 5 + [0.1] * 90 + [0.9] * 5
    (note,) = part_notes("held-out", comparison([0.01] * 100, [True, False] * 50, score, 0.8))
    assert note.startswith("The filter abstained on 5 of 100 held-out trades")


def test_fewer_bad_trades_with_less_money_is_said() -> None:
    bad = np.arange(100) < 30
    pnl = np.where(bad, 0.03, 0.01)  # the bad ones earned more: volatility
    (note,) = part_notes("held-out", comparison(pnl, bad, np.where(bad, 0.9, 0.1)))
    assert "fewer bad trades is not more money" in note


def test_a_leak_is_named_with_its_auc() -> None:
    (note,) = leak_notes([Leak(feature="days_held", auc=0.0312)])
    assert "Feature days_held alone" in note
    assert "AUC of 0.031" in note


def test_windows_without_a_model_are_counted_with_their_trades() -> None:
    def window(untrained: str) -> Window:
        return Window(
            n_train=9,
            n_purged=0,
            n_test=4,
            n_kept=4,
            auc=None,
            expectancy_gain=0.0,
            regularisation_c=None,
            untrained=untrained,
        )

    assert list(walk_forward_notes([window("")], 100)) == []
    assert list(walk_forward_notes([window("one class"), window(""), window("none")], 100)) == [
        "2 of 3 walk-forward windows had no model (one class); the rules traded their 8 trades."
    ]
    assert list(walk_forward_notes([], 20)) == ["20 trades are too few to walk forward."]


def versus_active(count: int) -> ActiveComparison:
    verdicts = Verdicts(np.zeros(count), np.ones(count, dtype=bool))
    outcomes = Outcomes(
        np.zeros(count), np.zeros(count, dtype=bool), np.arange(count), np.arange(count)
    )
    return compare_with_active("A", 50, outcomes, verdicts, verdicts, resamples=100, seed=0)


def test_a_comparison_with_the_active_model_on_few_or_no_trades_is_said() -> None:
    (none,) = active_notes(versus_active(0))
    assert none.startswith("No held-out trade is newer than what the active model A was trained on")
    (few,) = active_notes(versus_active(29))
    assert few.startswith("Only 29 held-out trades are newer")
    assert list(active_notes(versus_active(30))) == []


@pytest.mark.parametrize(
    ("blocked_earned", "words"),
    [(0.02, "has decayed: it changes the expectancy by -1.00 %"), (2e-5, "may have decayed")],
)
def test_an_active_model_that_blocks_the_better_trades_has_decayed(
    blocked_earned: float, words: str
) -> None:
    rng = np.random.default_rng(0)
    blocked = np.arange(100) % 2 == 0
    pnl = np.where(blocked, blocked_earned, 0.0) + 0.0001 * rng.normal(size=100)
    outcomes = Outcomes(pnl, np.zeros(100, dtype=bool), DAYS, DAYS)
    scores = np.zeros(100)
    versus = compare_with_active(
        "A",
        100,
        outcomes,
        Verdicts(scores, np.ones(100, dtype=bool)),
        Verdicts(scores, ~blocked),
        resamples=200,
        seed=0,
    )
    (note,) = active_notes(versus)
    assert note.startswith("The active model A ")
    assert words in note
    assert "100 held-out trades" in note
