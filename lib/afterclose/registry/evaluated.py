"""What the registry's events keep of an evaluation, as one typed value.

Events hold the figures of `evaluation.json` without its tables (`registry.events.summary`), so
that lists of models need not open every model's file. Only what such lists show is declared
here, by the names of `afterclose.evaluating.figures.Evaluation`, which a test holds them to;
declaring it again costs no NumPy, which stands behind that one. Whoever registers a model by hand
may give figures of any shape, so every field has a default.
"""

from collections.abc import Mapping
from typing import Any

import msgspec


class Expectancy(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy's trades earned on average, as a fraction."""

    expectancy: float | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between two policies, with its 95 % interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The share of the trades that the filter let through."""

    kept_share: float | None = None


class Luck(msgspec.Struct, frozen=True, kw_only=True):
    """The chance that the best of so many tries does as well by luck."""

    p_value_deflated: float | None = None


class Sorting(msgspec.Struct, frozen=True, kw_only=True):
    """How well the score parts good from bad."""

    auc: float | None = None


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The account: the filter less each other policy, by measure."""

    differences: dict[str, dict[str, Change]] = {}


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """Walking forward."""

    rules_only: Expectancy = Expectancy()
    rules_ml: Expectancy = Expectancy()
    differences: dict[str, Change] = {}
    filter_effect: Kept = Kept()
    significance: Luck = Luck()
    scores: Sorting = Sorting()
    account: Money | None = None

    @property
    def net_pnl(self) -> Change | None:
        """What the account earned with the filter, less what the rules did; None if not counted."""
        return (
            self.account.differences.get("rules_only", {}).get("net_pnl") if self.account else None
        )


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """How far a refused candidate is from a promotion."""

    words: str = ""


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the gates let it, and what is ahead if not."""

    passed: bool | None = None
    next: Ahead | None = None


class TriedRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings and features made a model (`gating.alpha_spending.recipe_id`)."""

    id: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """The one field that counts tries; the rest is skipped, not parsed."""

    recipe: TriedRecipe | None = None


class EvaluationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What lists of models show of an evaluation."""

    walk_forward: Walked = Walked()
    gates: Gates = Gates()


def summary_of(figures: Mapping[str, Any] | None) -> EvaluationSummary | None:
    """The figures of a registered model (`list_models`); None for one that was not evaluated.

    Figures of another shape, which somebody gave by hand, are shown as none at all.
    """
    if figures is None:
        return None
    try:
        return msgspec.convert(figures, EvaluationSummary)
    except msgspec.ValidationError:
        return EvaluationSummary()
