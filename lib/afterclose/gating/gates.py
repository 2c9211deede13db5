"""The gates between a candidate and its promotion: small questions, each with a number.

Every gate is a pure function that returns what was measured, the bound, and a sentence for
people. A number that is missing, or not finite, never passes: noise comes with gaps (a
filter that blocks everything has no expectancy), and a gate that lets gaps through would be
the one that noise takes. Which figures of an evaluation they are asked about is said in
`afterclose.gating.promotion`.

The gate that controls how often noise is promoted is `luck_of_all_nights`; the others keep
out what is real but useless, or was useful once. Fewer bad trades is no gate, because it is
not more money.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from afterclose.gating.alpha_spending import alpha_of_recipe

MIN_SHARED_TRADES: Final = 20
"""Trades on which candidate and active model must have met."""

TOLERATED_SHARE: Final = 0.05
"""Drawdown and tail may be worse by this share of the rules' own: they hang on a few trades,
and leaving out a handful at random moves them as much."""

NEWEST_WINDOWS: Final = 2
"""Walk-forward windows that count as recent: a quarter of what is tested."""

EVIDENCE_LEFT: Final = 0.1
"""Of the stake's peak. A steady edge dips below it one night in twelve, a turned one for good
after some forty trades."""

ROUNDING: Final = 1e-12
"""Sums of the same trades in another order differ by less."""

SMALLEST_SAID: Final = 0.0001

Format = Callable[[float], str]
"""How a number is said."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; ``value`` is None when there was nothing to measure."""

    name: str
    value: float | None
    bound: float | None
    passed: bool
    sentence: str


def enough_trades(trades: float | None, minimum: int) -> Gate:
    """Enough trades were judged out of sample."""
    return _at_least("enough_trades", trades, minimum, "Out-of-sample trades", _count)


def better_than_rules(difference: float | None) -> Gate:
    """Walking forward, kept trades earned more on average than all trades did."""
    what = "Expectancy against rules-only, walking forward"
    return _above("better_than_rules", difference, what)


def surely_better_than_rules(low: float | None) -> Gate:
    """The lower end of that difference's 95 % interval is above 0 too.

    The bootstrap behind it draws blocks of neighbours, so unlike a permutation it knows
    that trades held at the same time share their luck.
    """
    return _above("surely_better_than_rules", low, "Lower end of its 95 % interval")


def better_than_rules_lately(difference: float | None) -> Gate:
    """This very model earned more than the rules on the held-out trades, the newest."""
    what = "Expectancy against rules-only, held-out trades"
    return _above("better_than_rules_lately", difference, what)


def better_than_active(
    trades: float | None, difference: float | None, *, none_active: bool
) -> Gate:
    """It earned more than the active model on ``trades`` that neither has learned from."""
    name, what = "better_than_active", "Expectancy against the active model"
    if none_active:
        return _answer(name, None, None, passed=True, sentence="No model is active.")
    if trades is None or trades < MIN_SHARED_TRADES:
        met = "unknown" if trades is None else _count(trades)
        sentence = f"Trades new to it and to the active model: {met}, needed {MIN_SHARED_TRADES}."
        return _answer(name, None, 0.0, passed=False, sentence=sentence)
    return _above(name, difference, what)


def drawdown_no_worse(difference: float | None, rules_only: float | None) -> Gate:
    """The deepest fall of the equity curve is hardly deeper (drawdowns are negative)."""
    what = "Max drawdown against rules-only"
    return _hardly_worse("drawdown_no_worse", difference, rules_only, what)


def tail_no_worse(difference: float | None, rules_only: float | None) -> Gate:
    """The mean of the worst twentieth of the trades is hardly worse (losses are negative)."""
    what = "Expected shortfall 5 % against rules-only"
    return _hardly_worse("tail_no_worse", difference, rules_only, what)


def enough_kept(walked: float | None, held_out: float | None, minimum: float) -> Gate:
    """The filter still lets the rules trade: the smaller of its two kept shares."""
    value = None if walked is None or held_out is None else min(walked, held_out)
    return _at_least("enough_kept", value, minimum, "Share of trades kept", _share)


def luck_of_one_look(p_value: float | None, alpha: float) -> Gate:
    """Blocking as many trades at random does as well with a chance of at most ``alpha``."""
    what = "Chance that random blocking does as well"
    return _at_most("luck_of_one_look", p_value, alpha, what, _four)


def luck_of_all_nights(p_value: float | None, recipe: float | None, alpha: float) -> Gate:
    """Such evidence is unlikely to come by luck on *any* night, for any recipe tried.

    Holds the chance that a noise candidate is ever promoted at ``alpha``:
    `afterclose.evaluating.evidence` over the nights, `afterclose.gating.alpha_spending` over the
    recipes, of which this is number ``recipe``.
    """
    name, what = "luck_of_all_nights", "Chance of such evidence by luck, on any night"
    if recipe is None or recipe < 1:
        sentence = "How many recipes were tried is unknown."
        return _answer(name, p_value, None, passed=False, sentence=sentence)
    return _at_most(name, p_value, alpha_of_recipe(alpha, int(recipe)), what, _four)


def evidence_not_lost(log_stake: float | None, log_peak: float | None) -> Gate:
    """The evidence has kept a tenth of its peak.

    After a change of regime the stake that an earlier edge has won shrinks batch by batch;
    without this gate its remains could promote whatever comes next.
    """
    left = None if log_stake is None or log_peak is None else math.exp(log_stake - log_peak)
    what = "Evidence left of its peak"
    return _at_least("evidence_not_lost", left, EVIDENCE_LEFT, what, _share)


def calibrated(brier: float | None, base_rate: float | None) -> Gate:
    """The scores predict better than giving every trade the average risk."""
    bound = None if base_rate is None else base_rate * (1 - base_rate)
    return _at_most("calibrated", brier, bound, "Brier score of the risk", _four)


def no_leak(leaks: Sequence[Any] | None) -> Gate:
    """No single feature sorts the outcomes nearly perfectly."""
    found = None if leaks is None else float(len(leaks))
    what = "Features that seem to know the outcome"
    return _at_most("no_leak", found, 0.0, what, _count)


def steady(gains: Sequence[float] | None, minimum: float) -> Gate:
    """Expectancy rose in enough of the walk-forward windows in which anything was blocked."""
    changed = [gain for gain in gains or () if gain != 0]
    value = sum(gain > 0 for gain in changed) / len(changed) if changed else None
    return _at_least("steady", value, minimum, "Share of windows that gained", _share)


def no_worse_lately(gains: Sequence[float] | None) -> Gate:
    """The newest walk-forward windows do not speak against the filter."""
    newest = (gains or [])[-NEWEST_WINDOWS:]
    value = sum(newest) / len(newest) if newest else None
    what = f"Expectancy against rules-only, newest {NEWEST_WINDOWS} windows"
    return _at_least("no_worse_lately", value, 0.0, what, _percent)


def _above(name: str, value: float | None, what: str) -> Gate:
    passed = value is not None and value > ROUNDING
    sentence = f"{what}: {_said(value, _percent)}, needed above 0."
    return _answer(name, value, 0.0, passed=passed, sentence=sentence)


def _hardly_worse(name: str, difference: float | None, rules_only: float | None, what: str) -> Gate:
    if rules_only is None:
        sentence = f"{what}: unknown."
        return _answer(name, difference, None, passed=False, sentence=sentence)
    return _at_least(name, difference, -TOLERATED_SHARE * abs(rules_only), what, _percent)


def _at_least(name: str, value: float | None, bound: float, what: str, form: Format) -> Gate:
    passed = value is not None and value >= bound - ROUNDING
    sentence = f"{what}: {_said(value, form)}, needed at least {form(bound)}."
    return _answer(name, value, bound, passed=passed, sentence=sentence)


def _at_most(
    name: str,
    value: float | None,
    bound: float | None,
    what: str,
    form: Format,
) -> Gate:
    passed = value is not None and bound is not None and value <= bound + ROUNDING
    sentence = f"{what}: {_said(value, form)}, allowed {_said(bound, form)}."
    return _answer(name, value, bound, passed=passed, sentence=sentence)


def _answer(
    name: str, value: float | None, bound: float | None, *, passed: bool, sentence: str
) -> Gate:
    return Gate(name=name, value=value, bound=bound, passed=passed, sentence=sentence)


def _said(value: float | None, form: Format) -> str:
    return "unknown" if value is None else form(value)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:+.3f} %" if value else "0"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _four(value: float) -> str:
    return f"{value:.4f}" if value >= SMALLEST_SAID else f"below {SMALLEST_SAID}"
