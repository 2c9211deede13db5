"""Whether an evaluation is good enough for a promotion that nobody looks at.

Takes an evaluation whole, so that the answer can be had again years later, and asks all of
`afterclose.gating.gates`. Walking forward judges the recipe on many decisions; the held-out part
judges this very model on the newest ones. For people the same answer is advice that ``promote``
repeats, and that ``ANYWAY=1`` overrules.
"""

from collections.abc import Iterator

from afterclose.evaluating.account import RULES, Account, TakenAway
from afterclose.evaluating.comparison import Difference
from afterclose.evaluating.figures import (
    ActivePart,
    Evaluation,
    Gate,
    GateOptions,
    GatesAnswer,
    Part,
    Window,
    finite,
)
from afterclose.gating import gates
from afterclose.gating.distance import days_to_evidence, what_next

__all__ = ["GateOptions", "ask_gates"]

NEITHER_WAY = 0.5

NOT_COUNTED = "it was evaluated before money was counted"


def ask_gates(evaluation: Evaluation, options: GateOptions) -> GatesAnswer:
    """Ask every gate about an evaluation; all must pass."""
    answers = tuple(_answers(evaluation, options))
    scores = evaluation.walk_forward.scores
    return GatesAnswer(
        passed=all(gate.passed for gate in answers),
        against=evaluation.active_model,
        options=options,
        gates=answers,
        remarks=(gates.calibrated(finite(scores.brier), finite(scores.base_rate)),),
        next=what_next(evaluation, answers, options),
    )


def _answers(evaluation: Evaluation, options: GateOptions) -> Iterator[Gate]:
    walked, held_out = evaluation.walk_forward, evaluation.held_out
    why = _why_no_money(evaluation)
    yield gates.enough_decisions(_real(evaluation), options.min_trades)
    if options.objective == "risk":
        yield from _worth_the_risk(walked.account, why)
    else:
        yield from _worth_the_money(walked.account, options, why)
    p_value, evidence = finite(walked.significance.p_value), evaluation.evidence
    yield gates.luck_of_one_look(p_value, options.alpha, _why_nothing_blocked(walked))
    old = NOT_COUNTED if evaluation.is_old else ""
    recipe = evaluation.recipe.number if evaluation.recipe else None
    p_ever = finite(evidence.p_value) if evidence else None
    early = evidence is not None and evidence.decision_days_needed > 0
    days_needed = (days_to_evidence(evaluation, options) or 0) if early else 0
    yield gates.luck_of_all_nights(p_ever, recipe, options.alpha, old, days_needed=days_needed)
    yield gates.evidence_not_lost(
        finite(evidence.log_stake) if evidence else None,
        finite(evidence.log_peak) if evidence else None,
        old,
    )
    yield _against_active(evaluation.active_model, evaluation.versus_active)
    yield gates.drawdown_no_worse(
        _value(_change(walked.account, "max_drawdown")),
        finite(walked.account.policies[RULES].max_drawdown) if walked.account else None,
        why,
    )
    yield gates.tail_no_worse(
        _value(_change(walked.account, "expected_shortfall")),
        finite(walked.account.policies[RULES].expected_shortfall) if walked.account else None,
        why,
    )
    yield gates.enough_kept(
        finite(walked.filter_effect.kept_share),
        finite(held_out.filter_effect.kept_share),
        options.min_kept_share,
    )
    looked = evaluation.known_together is not None
    yield gates.no_leak(evaluation.leaks if looked else None, _why_not_looked(evaluation))
    yield gates.not_too_good(finite(walked.scores.auc), "only one outcome occurs, or no score")
    gains = _gains(walked.windows)
    yield gates.steady(gains, options.min_window_share)
    yield gates.no_worse_lately(
        _sure(walked.lately),
        _sure(held_out.account.taken_away if held_out.account else None),
        1 - options.blocked_confidence,
        why,
    )


def _real(evaluation: Evaluation) -> int:
    """Decisions judged walking forward that were really made: backtests are no evidence."""
    tested = evaluation.walk_forward.rules_only.trades
    return tested if evaluation.real_decisions is None else min(tested, evaluation.real_decisions)


def _worth_the_money(account: Account | None, options: GateOptions, why: str) -> Iterator[Gate]:
    away = account.taken_away if account else None
    yield gates.more_money(_value(_change(account, "net_pnl")), why)
    yield gates.blocked_lose_money(
        finite(away.confidence) if away else None,
        finite(away.mean_net_pnl) if away else None,
        options.blocked_confidence,
        why or "nothing was taken away",
    )


def _worth_the_risk(account: Account | None, why: str) -> Iterator[Gate]:
    against_rules = _change(account, "pnl_over_shortfall")
    lossless = "no twentieth of the sessions lost"
    yield gates.more_at_equal_risk(
        finite(against_rules.low) if against_rules else None, why or lossless
    )
    no_atr = account.unknown.get("atr", "") if account else ""
    against_atr = _change(account, "pnl_over_shortfall", "atr")
    yield gates.better_than_atr_alone(_value(against_atr), why or no_atr or lossless)


def _against_active(active_model: str | None, versus: ActivePart | None) -> Gate:
    account = versus.account if versus else None
    return gates.better_than_active(
        versus.trades_compared if versus else None,
        _value(_change(account, "net_pnl", "rules_active")),
        none_active=active_model is None,
        why=NOT_COUNTED,
    )


def _change(account: Account | None, measure: str, other: str = RULES) -> Difference | None:
    """The filter's measure less another policy's."""
    return account.differences.get(other, {}).get(measure) if account else None


def _sure(away: TakenAway | None) -> float | None:
    """How sure it is that what was taken away loses; nothing taken away speaks neither way."""
    if away is None:
        return None
    return finite(away.confidence) if away.decisions else NEITHER_WAY


def _value(difference: Difference | None) -> float | None:
    return finite(difference.value) if difference else None


def _gains(windows: list[Window]) -> list[float] | None:
    """The windows' gains in money, oldest first; None unless every one is known."""
    gains = [finite(window.money_gain) for window in windows]
    known = [gain for gain in gains if gain is not None]
    return known if gains and len(known) == len(gains) else None


def _why_no_money(evaluation: Evaluation) -> str:
    if evaluation.walk_forward.account:
        return ""
    return NOT_COUNTED if evaluation.is_old else "there are no decisions to walk through yet"


def _why_nothing_blocked(part: Part) -> str:
    effect = part.filter_effect
    if not effect.blocked:
        return f"the filter blocked none of {part.rules_only.trades:,} decisions"
    return "the filter blocked every decision" if not part.rules_ml.trades else ""


def _why_not_looked(evaluation: Evaluation) -> str:
    return NOT_COUNTED if evaluation.is_old else "too few trades or no features to ask"
