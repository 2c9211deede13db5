"""One evaluation, as pure arithmetic: from a dataset and a frozen model to all the figures.

All out of sample. The held-out part judges this model, on the newest trades, which its
training never saw. Walking forward judges the recipe on many more, and combinatorial
cross-validation on other orders of the same history. Scores on training rows are not
computed at all, so nobody can mistake them for evidence.
"""

from collections.abc import Iterator

from msgspec import convert, to_builtins
from msgspec.structs import asdict, replace

from afterclose.dataset.columns import Dataset
from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.account import Account
from afterclose.evaluating.cross_validation import cross_validate
from afterclose.evaluating.evidence import Evidence, evidence
from afterclose.evaluating.figures import CrossValidation, Evaluation, Head
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.importance import Importance, permutation_importance
from afterclose.evaluating.leaks import leaks_of
from afterclose.evaluating.notes import (
    active_notes,
    backtest_notes,
    cross_validation_notes,
    leak_notes,
    part_notes,
    walk_forward_notes,
)
from afterclose.evaluating.options import EvaluationOptions
from afterclose.evaluating.parts import (
    HeldOut,
    Tested,
    Trial,
    VersusActive,
    Walked,
    against_active,
    on_held_out,
    walking_forward,
)
from afterclose.evaluating.prequential import judge_once, track_of
from afterclose.evaluating.verdicts import feature_values
from afterclose.learning.splits import EmbargoCutoff
from afterclose.learning.training import label
from afterclose.measures.metrics import RunAll


def evaluate_model(
    dataset: Dataset,
    model: FrozenModel,
    cutoff: EmbargoCutoff,
    options: EvaluationOptions,
    head: Head,
    *,
    active: FrozenModel | None,
    candidates_tried: int,
    run_all: RunAll = map,
) -> Evaluation:
    """All figures of ``model`` on the dataset that it was trained on, under their ``head``.

    What is counted is decisions: rows of one decision are put together first.

    ``active`` is the model to replace, if any; ``candidates_tried`` counts this one too;
    ``run_all`` may walk forward and resample in parallel. Nothing is NaN: what has no value
    is None, and a sentence in ``notes`` says why. No gate was asked yet.
    """
    decisions = one_row_a_decision(dataset)
    bad = label(decisions, model.options)
    trial = Trial(decisions, bad, model, cutoff, options, candidates_tried, run_all)
    held_out = on_held_out(trial)
    walked = walking_forward(trial)
    crossed = _crossed(trial)
    found, backtest = _all_nights(trial)
    versus = against_active(trial, held_out.tested, active) if active else None
    leaks, known_together = leaks_of(trial.numbers, bad)
    parts: dict[str, HeldOut | Walked] = {"held_out": held_out, "walk_forward": walked}
    drawn: dict[str, HeldOut | Walked | VersusActive] = {**parts}
    if versus:
        drawn["versus_active"] = versus
    evaluation = Evaluation(
        **asdict(head),
        threshold=trial.threshold,
        threshold_mode="fixed" if model.tuned_threshold is None else model.options.threshold_mode,
        held_out=held_out.part,
        walk_forward=walked.part,
        cpcv=crossed,
        real_decisions=len(decisions) - decisions.backtests,
        backtest=backtest,
        versus_active=versus.part if versus else None,
        evidence=found,
        leaks=leaks,
        known_together=known_together,
        importance=_importance(trial, held_out),
        track_record={name: part.record for name, part in drawn.items()},
        money={name: part.money for name, part in drawn.items()},
        trades={name: part.trades for name, part in parts.items()},
    )
    # As a reader will find it: a figure of a wrong type stops here, and not on a page years later.
    whole = replace(evaluation, notes=list(_notes(evaluation, trial)))
    return convert(to_builtins(whole), Evaluation)


def _crossed(trial: Trial) -> CrossValidation | None:
    """The recipe on other orders of the same history."""
    return cross_validate(
        trial.numbers,
        trial.bad,
        trial.model.options,
        trial.cutoff,
        regularisation_c=trial.model.regularisation_c,
        max_abs_z=trial.options.ood_max_z,
        sizing=trial.options.sizes,
        run_all=trial.run_all,
    )


def _all_nights(trial: Trial) -> tuple[Evidence, Account | None]:
    """What speaks for the recipe on every night so far, and its account of the backtests.

    Each decision is judged once, by what its own past taught, and stays judged.
    """
    once = judge_once(
        trial.numbers,
        trial.model.options,
        trial.cutoff,
        max_abs_z=trial.options.ood_max_z,
        run_all=trial.run_all,
    )
    found = evidence(track_of(trial.numbers, once, backtests=trial.only_train))
    if not trial.only_train:
        return found, None
    replayed = once.only(once.rows < trial.only_train)
    return found, trial.account(Tested(replayed.rows, replayed.verdicts))


def _importance(trial: Trial, held_out: HeldOut) -> list[Importance]:
    """What the score rests on: how much worse it is without each feature."""
    model, rows = trial.model, held_out.tested.rows
    return permutation_importance(
        [feature.name for feature in model.stats],
        feature_values(trial.decisions.take(rows), model.stats),
        trial.bad[rows],
        model.risks,
        seed=model.options.seed,
    )


def _notes(evaluation: Evaluation, trial: Trial) -> Iterator[str]:
    """What a table does not show, part by part."""
    decisions, tuned = len(trial.decisions), trial.model.tuned_threshold is not None
    yield from part_notes("held-out", evaluation.held_out, tuned=tuned)
    yield from part_notes("walk-forward", evaluation.walk_forward, tuned=tuned)
    yield from walk_forward_notes(evaluation.walk_forward.windows, decisions)
    yield from cross_validation_notes(evaluation.cpcv, decisions)
    if evaluation.versus_active:
        yield from active_notes(evaluation.versus_active)
    yield from leak_notes(evaluation.leaks)
    backtests = trial.decisions.backtests
    yield from backtest_notes(backtests, decisions - backtests)
