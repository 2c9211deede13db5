"""Which gates let a history through, each alone and all together, look after look.

Each decision is judged once, by a model that had not seen it (`evaluating.prequential`), so one
pass over a history has what every night knew. `luck_of_all_nights` is asked after each cohort,
which is every night on which its answer can change. `luck_of_one_look` and `blocked_lose_money`
are asked each month of the decisions judged so far; in production they are asked of the
walk-forward's, which are as many and cost a fit of all windows each time. Whoever passes both
gates on the evidence goes through the whole cycle of production, month after month, until all
gates pass.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.account import taken_away_from
from afterclose.evaluating.evidence import Path, evidence_at, stake_path
from afterclose.evaluating.prequential import FIRST_MODEL_TRADES, Judged, prequential, track_of
from afterclose.evaluating.sessions import DAY_US, Sessions
from afterclose.evaluating.significance import luck_of_blocking
from afterclose.gating.alpha_spending import alpha_of_recipe
from afterclose.gating.gates import blocked_lose_money, luck_of_all_nights
from afterclose.learning.training import label
from afterclose.market.embargo import embargo_cutoff
from afterclose.study.gates.simulated_cycles import Cycle, Recipe, cycle_over, known_by, lacking

MONTH_US: Final = 30 * DAY_US

DRAWS: Final = 300
"""Enough to say yes or no, month after month."""

FEWEST_JUDGED: Final = 100


class Passed(NamedTuple):
    """What passed, on any of the looks.

    ``once`` are the gates of one look when they are asked a single time, at the end, and
    ``stake`` is what the stake of 1 has become by then. ``blocked_earned``: promoted, although
    what was taken away had surely earned money.
    """

    luck_of_all_nights: bool
    one_look_once: bool
    one_look_ever: bool
    blocked_lose_once: bool
    blocked_lose_ever: bool
    all_gates: bool
    blocked_earned: bool
    stake: float


class Power(NamedTuple):
    """Whether the evidence on any night, and all gates in any month, had passed.

    ``decisions`` were known by then; ``all_gates`` is None where they were not asked, and
    ``blocked_earned`` as in `Passed`.
    """

    decisions: int
    evidence: bool
    all_gates: bool | None
    blocked_earned: bool = False


def looked_at(recipe: Recipe, history: Dataset) -> Passed:
    """One history through all looks."""
    decisions = one_row_a_decision(history)
    once = _judged(recipe, decisions)
    path = stake_path(track_of(decisions, once))
    looks_at = _months(*_first_and_last(decisions))
    numbers = decisions.without_texts()
    looks = [_one_look(recipe, numbers, once, moment) for moment in looks_at]
    alpha = alpha_of_recipe(recipe.gates.alpha, 1)
    promotion = _promotion(recipe, history, path, looks_at)
    return Passed(
        luck_of_all_nights=bool(path.log_stake.max() >= -np.log(alpha)),
        one_look_once=bool(looks) and looks[-1][0],
        one_look_ever=any(passed for passed, _ in looks),
        blocked_lose_once=bool(looks) and looks[-1][1],
        blocked_lose_ever=any(passed for _, passed in looks),
        all_gates=promotion is not None,
        blocked_earned=promotion is not None and promotion.blocked_earned,
        stake=float(np.exp(path.log_stake[-1])),
    )


def power_at(
    recipe: Recipe, history: Dataset, sizes: tuple[int, ...], *, whole: bool
) -> list[Power]:
    """What had passed within the first so many decisions; all gates only if ``whole``."""
    decisions = one_row_a_decision(history)
    path = stake_path(track_of(decisions, _judged(recipe, decisions)))
    since_us, _ = _first_and_last(decisions)
    found, promotion = [], None
    for size in sizes:
        moment = int(decisions.exit_us[:size].max())
        if whole and promotion is None:
            promotion = _promotion(recipe, history, path, _months(since_us, moment))
        since_us = moment + 1
        peak = evidence_at(path.known_at(moment)).log_peak
        found.append(
            Power(
                size,
                luck_of_all_nights(np.exp(-peak), 1, recipe.gates.alpha).passed,
                promotion is not None if whole else None,
                promotion is not None and promotion.blocked_earned,
            )
        )
    return found


def promoted_any_month(recipe: Recipe, trades: Callable[[int], Dataset], seed: int) -> Cycle:
    """A look a month over the trades of ``seed``: the first cycle that promotes, or the last."""
    history = trades(seed)
    decisions = one_row_a_decision(history)
    path = stake_path(track_of(decisions, _judged(recipe, decisions)))
    return _last_cycle(recipe, history, path, _months(*_first_and_last(decisions)))


def _judged(recipe: Recipe, decisions: Dataset) -> Judged:
    return prequential(
        decisions.without_texts(),
        label(decisions, recipe.training),
        recipe.training,
        embargo_cutoff(decisions, recipe.training.embargo_sessions),
        max_abs_z=recipe.evaluation.ood_max_z,
    )


def _first_and_last(decisions: Dataset) -> tuple[int, int]:
    """When enough is known to be looked at, and when everything is."""
    exits = np.sort(decisions.exit_us)
    known = min(FIRST_MODEL_TRADES + FEWEST_JUDGED, len(exits)) - 1
    return int(exits[known]), int(exits[-1])


def _months(first_us: int, last_us: int) -> list[int]:
    """A look a month, the last of them at the end."""
    return list(range(last_us, first_us - 1, -MONTH_US))[::-1]


def _one_look(recipe: Recipe, decisions: Dataset, once: Judged, moment: int) -> tuple[bool, bool]:
    """Whether luck of one look, and blocked lose money, pass at a moment."""
    rows = once.rows[FIRST_MODEL_TRADES:]
    known = decisions.exit_us[rows] <= moment
    rows, size = rows[known], once.verdicts.size[FIRST_MODEL_TRADES:][known]
    seen = decisions.take(rows)
    sessions = Sessions(seen.decision_us, seen.decision_us, seen.exit_us)
    seed = recipe.training.seed
    p_value, _ = luck_of_blocking(
        seen.realized_pnl_pct,
        size,
        sessions.block_of_row,
        sessions.stretch_of_row,
        draws=DRAWS,
        seed=seed,
    )
    away = taken_away_from(seen, size, resamples=DRAWS, seed=seed)
    loses = (
        away is not None
        and blocked_lose_money(
            away.confidence, away.mean_net_pnl, recipe.gates.blocked_confidence
        ).passed
    )
    return p_value is not None and p_value <= recipe.gates.alpha, loses


def _promotion(
    recipe: Recipe, history: Dataset, path: Path, looks_at: Sequence[int]
) -> Cycle | None:
    """The first cycle that promotes."""
    last = _last_cycle(recipe, history, path, looks_at)
    return None if last.refused else last


def _last_cycle(recipe: Recipe, history: Dataset, path: Path, looks_at: Sequence[int]) -> Cycle:
    """The first cycle that promotes, or the last that did not."""
    last = Cycle(("no_look",))
    for moment in looks_at:
        refused = lacking(evidence_at(path.known_at(moment)), recipe.gates)
        last = Cycle(refused) if refused else cycle_over(recipe, known_by(history, moment))
        if not last.refused:
            break
    return last
