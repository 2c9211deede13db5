"""How far a refused candidate is from a promotion, in decisions: or that it will never be one.

Of what refuses, only evidence grows with decisions. The stake of all nights grows cohort by cohort
(docs/evidence.md), and decisions of one session are one piece of luck: so its pace so far says how
many decision days are still needed, if it holds, and a stake that does not grow never gets there.
Were decisions independent, it would take the score's correlation with what trades earned, times
the root of the decisions, to be about sqrt(2 ln(1 / alpha)) (2.7 for the first recipe): it is
never less than that. A correlation of 0 or below needs all the decisions in the world, and so
does a filter that takes away what earns.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from statistics import NormalDist
from typing import Final

import numpy as np

from afterclose.arrays import Floats
from afterclose.evaluating.evidence import COHORT_DAYS, SHARES
from afterclose.evaluating.figures import Evaluation, Gate, GateOptions, WhatNext
from afterclose.gating.alpha_spending import alpha_of_recipe

GROWS: Final = (
    "enough_decisions",
    "blocked_lose_money",
    "luck_of_one_look",
    "luck_of_all_nights",
)
"""Gates that more decisions of the same strength come through."""

FOLLOWS: Final = ("no_worse_lately", "evidence_not_lost", "better_than_active")
"""Gates that the newest decisions settle, one way or the other."""

TOO_MANY: Final = 50_000
"""Decisions that nobody waits for."""

FEWEST: Final = 2
"""Decisions that have a correlation, or a pace."""

NEITHER_WAY: Final = 0.5
"""A confidence that says nothing."""

DAYS_A_MONTH: Final = 30.4
MOST_MONTHS: Final = 24

NORMAL: Final = NormalDist()


def what_next(
    evaluation: Evaluation, gates: Sequence[Gate], options: GateOptions
) -> WhatNext | None:
    """What a trader can do about a refusal; None where nothing refuses."""
    refusing = [gate.name for gate in gates if not gate.passed]
    if not refusing:
        return None
    if stuck := [name for name in refusing if name not in (*GROWS, *FOLLOWS)]:
        names = ", ".join(stuck).replace("_", " ")
        return _never(f"more decisions alone do not change this: {names}")
    strength = signal_strength(evaluation)
    if strength is None:
        words = "What next: cannot be said; no decision has been scored out of sample yet."
        return WhatNext(more_decisions=None, months=None, words=words)
    why = _why_never(evaluation, strength, options)
    return _never(why) if why else _in_decisions(evaluation, strength, options)


def _in_decisions(evaluation: Evaluation, strength: float, options: GateOptions) -> WhatNext:
    decisions = evaluation.walk_forward.rules_only.trades
    more = max(0, math.ceil(_needed(evaluation, strength, options)) - decisions)
    if more > TOO_MANY:
        return _never(f"the signal is so weak that it needs {more:,} more decisions")
    if not more:
        return WhatNext(
            more_decisions=0,
            months=None,
            words="What next: the newest decisions have to confirm it; look again in some nights.",
        )
    months = _months(evaluation, more, decisions)
    pace = "" if months is None else f", some {_span(months)} at your pace"
    account = evaluation.walk_forward.account
    if account and account.sessions:
        pace = f" on {math.floor(more * account.sessions / decisions):,} decision days{pace}"
    return WhatNext(
        more_decisions=more,
        months=months,
        words=f"What next: about {more:,} more decisions at the present strength of the "
        f"signal{pace}, if it holds.",
    )


def _why_never(evaluation: Evaluation, strength: float, options: GateOptions) -> str:
    """Why waiting is in vain; empty when it may not be."""
    if strength <= 0:
        return "the score does not know which trades earn"
    account = evaluation.walk_forward.account
    if account and (account.taken_away.mean_net_pnl or 0.0) >= 0:
        return "what it takes away earns money"
    if evaluation.evidence and days_to_evidence(evaluation, options) is None:
        return "the evidence does not grow"
    return ""


def days_to_evidence(evaluation: Evaluation, options: GateOptions) -> int | None:
    """Decision days until `luck_of_all_nights` can pass, at the pace of its stake; None: never.

    The stake is divided among bets, and what the best of them has made grows evenly. At least
    the days before which they hardly see; 0 where evidence is enough or was not counted.
    """
    evidence = evaluation.evidence
    if evidence is None or not evidence.cohorts:
        return evidence.decision_days_needed if evidence else 0
    missing = math.log(1 / _chance(evaluation, options)) - evidence.log_stake
    if missing <= 0:
        return 0
    made = evidence.log_stake + math.log(SHARES)
    if made <= 0:
        return evidence.decision_days_needed or None
    cohorts = math.ceil(missing * evidence.cohorts / made)
    return max(evidence.decision_days_needed, cohorts * COHORT_DAYS)


def signal_strength(evaluation: Evaluation) -> float | None:
    """Rank correlation of the walk-forward scores with what was lost: above 0 when they know.

    None without two decisions that have a score.
    """
    listed = evaluation.trades.get("walk_forward")
    scored = [
        (score, -pnl)
        for score, pnl in zip(listed.score, listed.pnl, strict=True)
        if score is not None
    ] if listed else []  # fmt: skip
    if len(scored) < FEWEST:
        return None
    risk, lost = (_ranks(column) for column in np.array(scored).T)
    if not np.ptp(risk) or not np.ptp(lost):
        return 0.0
    return float(np.corrcoef(risk, lost)[0, 1])


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, of equals the mean; scipy.stats has it, and takes a second to import."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean: Floats = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return mean


def _needed(evaluation: Evaluation, strength: float, options: GateOptions) -> float:
    """Decisions after which evidence of this strength reaches its bounds."""
    chance = _chance(evaluation, options)
    needed = [float(options.min_trades), 2 * math.log(1 / chance) / strength**2]
    account, decisions = evaluation.walk_forward.account, evaluation.walk_forward.rules_only.trades
    confidence = account.taken_away.confidence if account else None
    if confidence is not None and NEITHER_WAY < confidence < options.blocked_confidence:
        ratio = NORMAL.inv_cdf(options.blocked_confidence) / NORMAL.inv_cdf(confidence)
        needed.append(decisions * ratio**2)
    if account and account.sessions:
        days = account.sessions + (days_to_evidence(evaluation, options) or 0)
        needed.append(decisions * days / account.sessions)
    return max(needed)


def _chance(evaluation: Evaluation, options: GateOptions) -> float:
    """What is allowed to luck, for a recipe of this number."""
    return alpha_of_recipe(options.alpha, evaluation.recipe.number if evaluation.recipe else 1)


def _months(evaluation: Evaluation, more: int, decisions: int) -> float | None:
    first, last = evaluation.walk_forward.first_decision, evaluation.walk_forward.last_decision
    if not first or not last or decisions < FEWEST:
        return None
    days = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days
    return more / decisions * days / DAYS_A_MONTH if days else None


def _span(months: float) -> str:
    """Months up to two years; beyond, nobody thinks in them."""
    return f"{months:.0f} months" if months < MOST_MONTHS else f"{months / 12:,.0f} years"


def _never(why: str) -> WhatNext:
    words = f"What next: never at the present strength; {why}."
    return WhatNext(more_decisions=None, months=None, words=words)
