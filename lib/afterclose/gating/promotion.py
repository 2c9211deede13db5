"""Whether an evaluation is good enough for a promotion that nobody looks at.

Reads the figures of an evaluation as it is stored, so that the answer can be had again years
later, and asks all of `afterclose.gating.gates`. Walking forward judges the recipe on many trades;
the held-out part judges this very model on the newest ones. For people the same answer is advice:
`promote` does not ask for it.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from afterclose.gating import gates
from afterclose.gating.gates import Gate
from afterclose.settings import Settings


class GateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds that people may set: those of `Settings` with ``gate_`` before them."""

    alpha: float = 0.05
    min_trades: int = 100
    min_kept_share: float = 0.3
    min_window_share: float = 0.5

    @classmethod
    def from_settings(cls, settings: Settings) -> "GateOptions":
        """The bounds of a scope."""
        return cls(**{name: getattr(settings, f"gate_{name}") for name in cls.__struct_fields__})


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All answers. ``against`` is the active model that the candidate was compared with."""

    passed: bool
    against: str | None
    options: GateOptions
    gates: tuple[Gate, ...]


class AutoPromotion(NamedTuple):
    """What came of an automatic promotion: whether the candidate is active, and why (not)."""

    promoted: bool
    reason: str


def verdict(evaluation: Mapping[str, Any], options: GateOptions) -> Verdict:
    """Ask every gate about an evaluation in its JSON form; all must pass.

    What is missing in the evaluation refuses; nothing is raised for it.
    """

    def number(*path: str) -> float | None:
        return _finite(_found(evaluation, *path))

    def change(part: str, measure: str, what: str = "value") -> float | None:
        return number(part, "differences", measure, what)

    gains = _gains(_found(evaluation, "walk_forward", "windows"))
    leaks = evaluation.get("leaks")
    against = evaluation.get("active_model")
    answers = (
        gates.enough_trades(number("walk_forward", "rules_only", "trades"), options.min_trades),
        gates.better_than_rules(change("walk_forward", "expectancy")),
        gates.surely_better_than_rules(change("walk_forward", "expectancy", "low")),
        gates.better_than_rules_lately(change("held_out", "expectancy")),
        gates.better_than_active(
            number("versus_active", "trades_compared") if against else None,
            change("versus_active", "expectancy"),
            none_active="active_model" in evaluation and against is None,
        ),
        gates.drawdown_no_worse(
            change("walk_forward", "max_drawdown"),
            number("walk_forward", "rules_only", "max_drawdown"),
        ),
        gates.tail_no_worse(
            change("walk_forward", "expected_shortfall_5"),
            number("walk_forward", "rules_only", "expected_shortfall_5"),
        ),
        gates.enough_kept(
            number("walk_forward", "filter_effect", "kept_share"),
            number("held_out", "filter_effect", "kept_share"),
            options.min_kept_share,
        ),
        gates.luck_of_one_look(number("walk_forward", "significance", "p_value"), options.alpha),
        gates.luck_of_all_nights(
            number("evidence", "p_value"), number("recipe", "number"), options.alpha
        ),
        gates.evidence_not_lost(number("evidence", "log_stake"), number("evidence", "log_peak")),
        gates.calibrated(
            number("walk_forward", "scores", "brier"), number("walk_forward", "scores", "base_rate")
        ),
        gates.no_leak(leaks if isinstance(leaks, list | tuple) else None),
        gates.steady(gains, options.min_window_share),
        gates.no_worse_lately(gains),
    )
    return Verdict(
        passed=all(gate.passed for gate in answers),
        against=against,
        options=options,
        gates=answers,
    )


def _found(values: Any, *path: str) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _finite(value: Any) -> float | None:
    """A number that can be compared; NaN passes no comparison, and so could slip through."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _gains(windows: Any) -> list[float] | None:
    """The windows' gains in expectancy, oldest first; None unless every one is known."""
    listed = windows if isinstance(windows, list | tuple) else []
    gains = [_finite(_found(window, "expectancy_gain")) for window in listed]
    known = [gain for gain in gains if gain is not None]
    return known if gains and len(known) == len(gains) else None
