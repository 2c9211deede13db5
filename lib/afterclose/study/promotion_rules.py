"""Rules by which a history promotes its candidates: the gates, and what people do without them.

A rule sees what a person would see that night, the candidate's evaluation, and nothing else.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from afterclose.evaluating.figures import Evaluation, GateOptions, GatesAnswer
from afterclose.gating.promotion import ask_gates

FEWEST_TESTED: Final = 20
"""Decisions that the naive rule wants to have seen."""

FEWEST_KEPT: Final = 0.5
"""Share of them that it wants kept: a filter that trades nothing has no expectancy to speak of."""


class Ruling(NamedTuple):
    """Whether a candidate becomes active, why (not), and what the gates said if they were asked."""

    promote: bool
    words: str
    answer: GatesAnswer | None = None


class PromotionRule(NamedTuple):
    """A rule under the ``name`` that tables show; ``scope`` is a folder's name for its account."""

    name: str
    scope: str
    judge: Callable[[Evaluation], Ruling]


def every_gate(options: GateOptions, tries_before: int = 0) -> PromotionRule:
    """Promote what every gate lets; ``tries_before`` recipes were tried beside this one."""

    def judge(evaluation: Evaluation) -> Ruling:
        answer = ask_gates(_after(evaluation, tries_before), options)
        refusing = ", ".join(gate.name for gate in answer.refusing).replace("_", " ")
        words = f"refused by {refusing}" if refusing else f"all {len(answer.gates)} gates passed"
        return Ruling(answer.passed, words, answer)

    return PromotionRule("With the gates", "paper", judge)


def _naive(evaluation: Evaluation) -> Ruling:
    walked = evaluation.walk_forward
    rules, filtered = walked.rules_only, walked.rules_ml
    if rules.expectancy is None or filtered.expectancy is None or rules.trades < FEWEST_TESTED:
        return Ruling(False, f"{rules.trades} decisions tested, too few to compare")
    said = f"expectancy {filtered.expectancy:+.2%}, rules alone {rules.expectancy:+.2%}"
    if filtered.trades < FEWEST_KEPT * rules.trades:
        return Ruling(False, f"{said}, but it keeps {filtered.trades} of {rules.trades}")
    return Ruling(filtered.expectancy > rules.expectancy, said)


NAIVE: Final = PromotionRule("Naive rule, no gates", "naive", _naive)
"""Promote what had the better expectancy walking forward: what people do who watch one figure."""

NEWEST: Final = PromotionRule(
    "Every candidate, no gates", "newest", lambda _: Ruling(True, "the newest")
)
"""Promote whatever was trained last: the recipe itself, judged by nobody."""


def _after(evaluation: Evaluation, tries_before: int) -> Evaluation:
    """The evaluation as that of a recipe which others were tried before."""
    recipe = evaluation.recipe
    if recipe is None or not tries_before:
        return evaluation
    return replace(evaluation, recipe=replace(recipe, number=recipe.number + tries_before))
