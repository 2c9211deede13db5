"""The gates between a candidate and its promotion: small questions, each with a number.

Every gate is a pure function that returns what was measured, the bound, and a sentence for
people. A number that is missing, or not finite, never passes, and its sentence says why it is
missing: noise comes with gaps (a filter that blocks everything has no expectancy), and a gate
that lets gaps through would be the one that noise takes. Which figures of an evaluation they
are asked about is said in `afterclose.gating.promotion`.

The gates speak of money, of the account that trades every decision with its size
(docs/design.md, section 16). The one that controls how often noise is promoted is
`luck_of_all_nights`; `blocked_lose_money` keeps out a filter that takes away trades that
earn, however good what is left looks; the others keep out what is real but useless, or was
useful once. Fewer bad trades is no gate, because it is not more money.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from afterclose.evaluating.figures import NEWEST_WINDOWS, Gate
from afterclose.gating.alpha_spending import alpha_of_recipe
from afterclose.numerals import WHOLE_MONEY, count, number, percent

MIN_SHARED_TRADES: Final = 20
"""Decisions on which candidate and active model must have met."""

TOLERATED_SHARE: Final = 0.05
"""Drawdown and tail may be worse by this share of the rules' own: they hang on a few trades,
and leaving out a handful at random moves them as much."""

EVIDENCE_LEFT: Final = 0.1
"""Of the stake's peak. A steady edge dips below it one night in twelve, a turned one for good
after some forty trades."""

HIGHEST_AUC: Final = 0.9
"""Out of sample. Edges of real strategies lie between 0.52 and 0.65; beyond this bound it is
more likely that a feature knows the outcome."""

ROUNDING: Final = 1e-12
"""Sums of the same trades in another order differ by less."""

SMALLEST_SAID: Final = 0.0001

Format = Callable[[float], str]
"""How a number is said."""


def enough_decisions(decisions: float | None, minimum: int) -> Gate:
    """Enough decisions were judged out of sample."""
    return _at_least("enough_decisions", decisions, minimum, "Out-of-sample decisions", count)


def more_money(difference: float | None, why: str = "") -> Gate:
    """Walking forward, the account earned more with the filter than by the rules alone."""
    return _above("more_money", difference, "Net PnL against the rules, walking forward", why)


def blocked_lose_money(
    confidence: float | None, mean: float | None, minimum: float, why: str = ""
) -> Gate:
    """What was taken away lost money, with ``confidence`` (0 to 1) at least ``minimum``.

    ``mean`` is its mean net PnL a decision, in currency.
    """
    name = "blocked_lose_money"
    earned = f", {money(mean)} a decision" if mean is not None else ""
    what = f"Confidence that what is taken away loses money{earned}"
    gate = _at_least(name, confidence, minimum, what, percent, why)
    lost = mean is not None and mean < 0
    return gate if lost or not gate.passed else _refused(gate)


def more_at_equal_risk(low: float | None, why: str = "") -> Gate:
    """Net PnL in units of its expected shortfall is surely above the rules'."""
    what = "Net PnL over expected shortfall against the rules, lower end of its 95 % interval"
    return _above("more_at_equal_risk", low, what, why, number)


def better_than_atr_alone(difference: float | None, why: str = "") -> Gate:
    """The same sizes handed out by ATR alone give less for the risk."""
    what = "Net PnL over expected shortfall against sizing by ATR alone"
    gate = _above("better_than_atr_alone", difference, what, why, number)
    if gate.passed or difference is None:
        return gate
    return _refused(gate, f"{gate.sentence} Size by ATR instead; no model is needed.")


def better_than_active(
    decisions: float | None, difference: float | None, *, none_active: bool, why: str = ""
) -> Gate:
    """It earned more than the active model on ``decisions`` that neither has learned from."""
    name, what = "better_than_active", "Net PnL against the active model"
    if none_active:
        return _answer(name, None, None, passed=True, sentence="No model is active.")
    if decisions is None or decisions < MIN_SHARED_TRADES:
        met = "unknown" if decisions is None else count(decisions)
        sentence = f"Decisions new to it and the active model: {met}, needed {MIN_SHARED_TRADES}."
        return _answer(name, None, 0.0, passed=False, sentence=sentence)
    return _above(name, difference, what, why)


def drawdown_no_worse(difference: float | None, rules_only: float | None, why: str = "") -> Gate:
    """The deepest fall of the account is hardly deeper (drawdowns are negative)."""
    what = "Max drawdown of the account against the rules"
    return _hardly_worse("drawdown_no_worse", difference, rules_only, what, why)


def tail_no_worse(difference: float | None, rules_only: float | None, why: str = "") -> Gate:
    """The mean of the worst twentieth of the sessions is hardly worse (losses are negative)."""
    what = "Expected shortfall of the worst 5 % of sessions against the rules"
    return _hardly_worse("tail_no_worse", difference, rules_only, what, why)


def enough_kept(walked: float | None, held_out: float | None, minimum: float) -> Gate:
    """The filter still lets the rules trade: the smaller of its two kept shares."""
    value = None if walked is None or held_out is None else min(walked, held_out)
    return _at_least("enough_kept", value, minimum, "Share of decisions kept", percent)


def luck_of_one_look(p_value: float | None, alpha: float, why: str = "") -> Gate:
    """Blocking as many trades at random does as well with a chance of at most ``alpha``."""
    what = "Chance that random blocking does as well"
    return _at_most("luck_of_one_look", p_value, alpha, what, _four, why)


def luck_of_all_nights(
    p_value: float | None,
    recipe: float | None,
    alpha: float,
    why: str = "",
    *,
    days_needed: int = 0,
) -> Gate:
    """Such evidence is unlikely to come by luck on *any* night, for any recipe tried.

    Holds the chance that a noise candidate is ever promoted at ``alpha``:
    `afterclose.evaluating.evidence` over the nights, `afterclose.gating.alpha_spending` over the
    recipes, of which this is number ``recipe``. Where the record is too short to tell,
    ``days_needed`` are the days with decisions that are missing.
    """
    name, what = "luck_of_all_nights", "Chance of such evidence by luck, on any night"
    if recipe is None or recipe < 1:
        sentence = "How many recipes were tried is unknown."
        return _answer(name, p_value, None, passed=False, sentence=sentence)
    gate = _at_most(name, p_value, alpha_of_recipe(alpha, int(recipe)), what, _four, why)
    if gate.passed or not days_needed:
        return gate
    more = f"Too early to tell: about {days_needed:,} more decision days are needed."
    return _refused(gate, f"{gate.sentence} {more}")


def evidence_not_lost(log_stake: float | None, log_peak: float | None, why: str = "") -> Gate:
    """The evidence has kept a tenth of its peak.

    After a change of regime the stake that an earlier edge has won shrinks batch by batch;
    without this gate its remains could promote whatever comes next.
    """
    left = None if log_stake is None or log_peak is None else math.exp(log_stake - log_peak)
    what = "Evidence left of its peak"
    return _at_least("evidence_not_lost", left, EVIDENCE_LEFT, what, percent, why)


def calibrated(brier: float | None, base_rate: float | None) -> Gate:
    """The scores predict better than giving every trade the average risk."""
    bound = None if base_rate is None else base_rate * (1 - base_rate)
    return _at_most("calibrated", brier, bound, "Brier score of the risk", _four)


def no_leak(leaks: Sequence[Any] | None, why: str = "") -> Gate:
    """No feature, alone or all together, knows the outcomes; None: nobody looked."""
    found = None if leaks is None else float(len(leaks))
    what = "Features, alone or all together, that seem to know the outcome"
    return _at_most("no_leak", found, 0.0, what, count, why)


def not_too_good(auc: float | None, why: str = "") -> Gate:
    """The scores part good from bad no better than any market lets them."""
    what = "AUC out of sample"
    gate = _at_most("not_too_good", auc, HIGHEST_AUC, what, number, why)
    if gate.passed or auc is None:
        return gate
    return _refused(gate, f"{gate.sentence} No market gives that: a feature knows the outcome.")


def steady(gains: Sequence[float] | None, minimum: float) -> Gate:
    """Net PnL rose in enough of the walk-forward windows in which anything was made smaller."""
    known = list(gains or ())
    changed = [gain for gain in known if gain != 0]
    value = sum(gain > 0 for gain in changed) / len(changed) if changed else None
    idle = len(known) - len(changed)
    why = f"the filter blocked nothing in {idle} of {len(known)} windows" if known else NO_WINDOWS
    return _at_least("steady", value, minimum, "Share of windows that gained", percent, why)


def no_worse_lately(
    walked: float | None, held_out: float | None, minimum: float, why: str = ""
) -> Gate:
    """Neither the newest walk-forward windows nor the held-out trades speak against the filter.

    The windows judge the recipe, the held-out trades this very model; each is the confidence
    (0 to 1) that what was taken away there loses money, and the smaller counts. Few trades are
    new, so what is asked is only that they are not sure of the opposite.
    """
    value = None if walked is None or held_out is None else min(walked, held_out)
    what = (
        f"Confidence that what was taken away lately (newest {NEWEST_WINDOWS} windows, "
        "held-out decisions) loses money"
    )
    return _at_least("no_worse_lately", value, minimum, what, percent, why or NO_WINDOWS)


def money(value: float) -> str:
    """An amount with its sign, in the ledger's currency, as evaluations have it from the start."""
    whole = abs(value) >= WHOLE_MONEY or value == 0
    return f"{value:+,.0f}" if whole else f"{value:+,.2f}"


NO_WINDOWS: Final = "there are no windows to walk through yet"


def _above(name: str, value: float | None, what: str, why: str = "", form: Format = money) -> Gate:
    passed = value is not None and value > ROUNDING
    sentence = f"{what}: {_said(value, form, why)}, needed above 0."
    return _answer(name, value, 0.0, passed=passed, sentence=sentence)


def _hardly_worse(
    name: str, difference: float | None, rules_only: float | None, what: str, why: str
) -> Gate:
    if rules_only is None:
        sentence = f"{what}: {_said(None, money, why)}."
        return _answer(name, difference, None, passed=False, sentence=sentence)
    return _at_least(name, difference, -TOLERATED_SHARE * abs(rules_only), what, money, why)


def _at_least(  # noqa: PLR0917 - one line of a table
    name: str, value: float | None, bound: float, what: str, form: Format, why: str = ""
) -> Gate:
    passed = value is not None and value >= bound - ROUNDING
    sentence = f"{what}: {_said(value, form, why)}, needed at least {form(bound)}."
    return _answer(name, value, bound, passed=passed, sentence=sentence)


def _at_most(  # noqa: PLR0917 - one line of a table
    name: str, value: float | None, bound: float | None, what: str, form: Format, why: str = ""
) -> Gate:
    passed = value is not None and bound is not None and value <= bound + ROUNDING
    sentence = f"{what}: {_said(value, form, why)}, allowed {_said(bound, form)}."
    return _answer(name, value, bound, passed=passed, sentence=sentence)


def _answer(
    name: str, value: float | None, bound: float | None, *, passed: bool, sentence: str
) -> Gate:
    return Gate(name=name, value=value, bound=bound, passed=passed, sentence=sentence)


def _refused(gate: Gate, sentence: str = "") -> Gate:
    return replace(gate, passed=False, sentence=sentence or gate.sentence)


def _said(value: float | None, form: Format, why: str = "") -> str:
    if value is not None:
        return form(value)
    return f"unknown ({why})" if why else "unknown"


def _four(value: float) -> str:
    return f"{value:.4f}" if value >= SMALLEST_SAID else f"below {SMALLEST_SAID}"
