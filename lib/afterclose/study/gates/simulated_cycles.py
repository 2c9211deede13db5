"""Nightly cycles over trades in memory: what would have been promoted, and what refused it.

The production code runs: the training, the evaluation and the gates that work at night, with
nothing left out but the disk between them. A night is evaluated in full only where the two
gates on the evidence pass, and then the one on what walking forward took away, because one gate
that refuses settles it; that is cheaper and changes no answer.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.account import taken_away_from
from afterclose.evaluating.evaluation import evaluate_model
from afterclose.evaluating.evidence import Evidence, Path, evidence_at, stake_path
from afterclose.evaluating.figures import DatasetVersion, Evaluation, GatesAnswer, Head
from afterclose.evaluating.figures import Recipe as NumberedRecipe
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.options import EvaluationOptions
from afterclose.evaluating.prequential import judged_track
from afterclose.evaluating.walk_forward import walk_forward
from afterclose.gating.gates import blocked_lose_money, evidence_not_lost, luck_of_all_nights
from afterclose.gating.promotion import GateOptions, ask_gates
from afterclose.learning.models import predict_risks
from afterclose.learning.training import TrainingOptions, label, learn, prepare
from afterclose.market.embargo import embargo_cutoff
from afterclose.settings import Settings
from afterclose.study.gates.planted_trades import DAY_US

NIGHTS: Final = 250
FIRST_NIGHT_TRADES: Final = 60

Refusals = tuple[str, ...]
"""What refused: names of gates, or why there was no model. None at all is a promotion."""


class Cycle(NamedTuple):
    """What one cycle answered, and whether it promoted a filter that takes away what earns.

    ``blocked_earned``: promoted, although walking forward or on the held-out decisions the 95 %
    interval of what was taken away lies above 0. No promotion may do that
    (docs/design.md, section 16).
    """

    refused: Refusals
    blocked_earned: bool = False


class Recipe(NamedTuple):
    """How a scope is set: to train, to evaluate and to decide."""

    training: TrainingOptions
    evaluation: EvaluationOptions
    gates: GateOptions

    @classmethod
    def from_settings(cls, settings: Settings) -> "Recipe":
        """The scope's settings, with UTC days instead of its calendar."""
        return cls(
            replace(TrainingOptions.from_settings(settings), calendar=""),
            EvaluationOptions.from_settings(settings),
            GateOptions.from_settings(settings),
        )


def promoted_at_once(recipe: Recipe, trades: Callable[[int], Dataset], seed: int) -> Cycle:
    """One cycle over all trades of ``seed``."""
    dataset = trades(seed)
    evidence = evidence_at(_stake_path(recipe, dataset).log_stake)
    refused = lacking(evidence, recipe.gates)
    return Cycle(refused) if refused else cycle_over(recipe, dataset)


def promoted_ever(
    recipe: Recipe,
    trades: Callable[[int], Dataset],
    seed: int,
    first_night_trades: int = FIRST_NIGHT_TRADES,
) -> Cycle:
    """A cycle each night for `NIGHTS` days: the first that promotes, or the last.

    The first night knows ``first_night_trades`` outcomes, each later one those that its day
    has added. What was judged stays judged (`afterclose.evaluating.prequential`), so one pass over
    the trades has the evidence of all nights.
    """
    dataset = trades(seed)
    path = _stake_path(recipe, dataset)
    exits_us = np.sort(dataset.exit_us)
    first_us = int(exits_us[first_night_trades - 1])
    last = Cycle(())
    for night_us in range(first_us, first_us + NIGHTS * DAY_US, DAY_US):
        refused = lacking(evidence_at(path.known_at(night_us)), recipe.gates)
        last = Cycle(refused) if refused else cycle_over(recipe, known_by(dataset, night_us))
        if not last.refused:
            break
    return last


def known_by(dataset: Dataset, moment_us: int) -> Dataset:
    """The trades that have ended by then."""
    return dataset.take(np.flatnonzero(dataset.exit_us <= moment_us))


def _stake_path(recipe: Recipe, dataset: Dataset) -> Path:
    track = judged_track(
        one_row_a_decision(dataset),
        recipe.training,
        embargo_cutoff(dataset, recipe.training.embargo_sessions),
        max_abs_z=recipe.evaluation.ood_max_z,
    )
    return stake_path(track)


def lacking(evidence: Evidence, bounds: GateOptions) -> Refusals:
    """Which of the gates on the evidence refuse, for the first recipe that is tried."""
    gates = (
        luck_of_all_nights(evidence.p_value, 1, bounds.alpha),
        evidence_not_lost(evidence.log_stake, evidence.log_peak),
    )
    return tuple(gate.name for gate in gates if not gate.passed)


def cycle_over(recipe: Recipe, dataset: Dataset) -> Cycle:
    """All gates about a model trained on ``dataset``."""
    if recipe.gates.objective == "money" and not _takes_away_losers(recipe, dataset):
        return Cycle(("blocked_lose_money",))
    evaluation = evaluated(recipe, dataset)
    if isinstance(evaluation, str):
        return Cycle((evaluation,))
    refused = tuple(gate.name for gate in ask_gates(evaluation, recipe.gates).refusing)
    return Cycle(refused, blocked_earned=not refused and _blocked_earned(evaluation))


def _takes_away_losers(recipe: Recipe, dataset: Dataset) -> bool:
    """What `blocked_lose_money` will say, at the cost of walking forward alone."""
    whole, options = one_row_a_decision(dataset), recipe.training
    decisions, backtests = whole.without_texts(), whole.backtests
    walked = walk_forward(
        decisions,
        label(whole, options),
        options,
        embargo_cutoff(dataset, options.embargo_sessions),
        max_abs_z=recipe.evaluation.ood_max_z,
        sizing=recipe.evaluation.sizes,
        only_train=backtests if backtests < len(decisions) else 0,
        explained=False,
    )
    away = taken_away_from(
        decisions.take(walked.rows),
        walked.verdicts.size,
        resamples=recipe.evaluation.bootstrap_resamples,
        seed=options.seed,
    )
    if away is None:
        return False
    minimum = recipe.gates.blocked_confidence
    return blocked_lose_money(away.confidence, away.mean_net_pnl, minimum).passed


def full_cycle(recipe: Recipe, dataset: Dataset) -> GatesAnswer | str:
    """The gates' answers about a model trained on ``dataset``, or why there is none."""
    evaluation = evaluated(recipe, dataset)
    return evaluation if isinstance(evaluation, str) else ask_gates(evaluation, recipe.gates)


def evaluated(recipe: Recipe, dataset: Dataset) -> Evaluation | str:
    """The evaluation of a model trained on ``dataset``, or the reason why there is none."""
    cutoff = embargo_cutoff(dataset, recipe.training.embargo_sessions)
    prepared = prepare(dataset, recipe.training, cutoff)
    if isinstance(prepared, str):
        return prepared
    learned = learn(prepared, recipe.training, cutoff)
    newest_us = int(prepared.dataset.exit_us[prepared.split.train].max())
    model = FrozenModel(
        model_id="simulated",
        options=recipe.training,
        last_train_exit=EPOCH + newest_us * MICROSECOND,
        stats=learned.stats,
        risks=partial(predict_risks, learned.pipeline),
        tuned_threshold=learned.card.threshold if learned.card.threshold_mode != "fixed" else None,
        regularisation_c=learned.metrics.regularisation_c,
    )
    head = Head(
        model_id=model.model_id,
        evaluated_at="",
        dataset=DatasetVersion(version=dataset.version, rows=len(dataset), sha256=dataset.sha256),
        settings={},
        active_model=None,
        recipe=NumberedRecipe(id="simulated", number=1),
    )
    return evaluate_model(
        dataset, model, cutoff, recipe.evaluation, head, active=None, candidates_tried=1
    )


def _blocked_earned(evaluation: Evaluation) -> bool:
    parts = (evaluation.walk_forward.account, evaluation.held_out.account)
    lows = [account.taken_away.low for account in parts if account]
    return any(low is not None and low > 0 for low in lows)
