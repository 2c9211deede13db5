"""What the figures of an evaluation mean, in words: the traps that a table does not show.

A person reads these before promoting a model. Each is one sentence or two that name the
numbers they are drawn from; none decides anything.
"""

from collections.abc import Iterator, Sequence

from afterclose.evaluating.comparison import ActiveComparison, Comparison
from afterclose.evaluating.cross_validation import MIN_TRADES
from afterclose.evaluating.figures import CrossValidation, Window
from afterclose.evaluating.leaks import ALL
from afterclose.measures.classification import Leak
from afterclose.numerals import percent

FIXED = "ML_RISK_THRESHOLD"

FEW_KEPT_SHARE = 0.2
NEAR_THRESHOLD = 0.05
"""A share of bad trades this close below the threshold blocks by the base rate alone."""

KNOWN = {
    "bad": "good from bad trades",
    "loss": "which trades lost",
    "mae": "how far trades went against you",
    "pnl": "what trades earned",
}
"""What a leak knows, by its target."""

LIKELY_OVERFIT = 0.5
"""A probability of overfitting from here on: choosing by results is worse than a coin."""

FEW_TRADES = 30
"""Below, an interval covers nearly everything."""


def part_notes(part: str, comparison: Comparison, *, tuned: bool = False) -> Iterator[str]:
    """Notes on one list of trades, named ``part`` ("held-out", "walk-forward").

    ``tuned`` is whether the threshold was chosen in training, rather than set.
    """
    everything, kept = comparison.rules_only, comparison.rules_ml
    if not everything.trades:
        return
    yield from _size_notes(part, comparison)
    yield from _blocking_notes(part, comparison, "the model's own threshold" if tuned else FIXED)
    if comparison.abstained:
        yield (
            f"The filter abstained on {comparison.abstained} of {everything.trades} {part} trades "
            "(no model, features missing, or out of distribution); the rules traded them."
        )
    fewer_bad = (kept.bad_share or 0) < (everything.bad_share or 0)
    if fewer_bad and _below(kept.expectancy, everything.expectancy):
        yield (
            f"On {part} trades the filter lowers the share of bad trades and the expectancy too: "
            "fewer bad trades is not more money."
        )


def backtest_notes(backtests: int, real: int) -> Iterator[str]:
    """Of what the figures are where the rules were replayed over old bars too."""
    if backtests and real:
        yield (
            f"{backtests:,} backtest trades taught the model; the figures and the gates are of "
            f"the {real:,} real ones alone."
        )
    elif backtests:
        yield (
            f"All {backtests:,} trades are backtests: what they show is how the rules would have "
            "done, and no evidence that promotes. Bring real trades."
        )


def active_notes(versus_active: ActiveComparison) -> Iterator[str]:
    """Notes on the comparison with the active model."""
    if not versus_active.trades_compared:
        yield (
            f"No held-out trade is newer than what the active model {versus_active.model_id} was "
            "trained on: the two cannot be compared fairly."
        )
    elif versus_active.trades_compared < FEW_TRADES:
        yield (
            f"Only {versus_active.trades_compared} held-out trades are newer than what the active "
            f"model {versus_active.model_id} was trained on: the comparison is not firm."
        )
    else:
        yield from _decay_notes(versus_active)


def _decay_notes(versus_active: ActiveComparison) -> Iterator[str]:
    """Whether the active model still earns its place; `make rollback` is a person's answer."""
    change = versus_active.active_differences["expectancy"]
    if change.value is None or change.value >= 0:
        return
    sure = change.high is not None and change.high < 0
    yield (
        f"The active model {versus_active.model_id} {'has decayed' if sure else 'may have decayed'}"
        f": it changes the expectancy by {100 * change.value:+.2f} % a trade on the "
        f"{versus_active.trades_compared} held-out trades since its training."
    )


def cross_validation_notes(crossed: CrossValidation | None, trades: int) -> Iterator[str]:
    """Why there was no cross-validation, or what speaks against the choice in it."""
    if crossed is None:
        yield (
            f"Too few trades for combinatorial cross-validation ({trades}, needed {MIN_TRADES})."
            if trades < MIN_TRADES
            else "Too many trades were decided at one moment for combinatorial cross-validation."
        )
    elif crossed.pbo >= LIKELY_OVERFIT:
        yield (
            f"The best of {crossed.configurations} configurations on one half of the history is "
            f"below their median on the other half {crossed.pbo:.0%} of the time: a good result "
            "of one of them says little."
        )


def leak_notes(leaks: Sequence[Leak]) -> Iterator[str]:
    """One note for each feature, or all together, that knows too much."""
    for leak in leaks:
        who = "All features together" if leak.feature == ALL else f"Feature {leak.feature} alone"
        verb = "know" if leak.feature == ALL else "knows"
        measure = (
            f"with an AUC of {leak.auc:.3f}"
            if leak.auc is not None
            else f"with a rank correlation of {leak.correlation:.3f}"
        )
        remedy = (
            "probably some of them are made of the outcome. Check when each is recorded."
            if leak.feature == ALL
            else "it is probably made of the outcome. Check when it is recorded."
        )
        yield f"{who} {verb} {KNOWN[leak.target]} {measure}: {remedy}"


def walk_forward_notes(windows: Sequence[Window], trades: int) -> Iterator[str]:
    """Notes on windows that could not be trained, or were never made."""
    if not windows:
        yield f"{trades} trades are too few to walk forward."
    idle = [window for window in windows if window.untrained]
    if idle:
        tested = sum(window.n_test for window in idle)
        yield (
            f"{len(idle)} of {len(windows)} walk-forward windows had no model "
            f"({idle[0].untrained}); the rules traded their {tested} trades."
        )


def _size_notes(part: str, comparison: Comparison) -> Iterator[str]:
    trades, bad = comparison.rules_only.trades, comparison.rules_only.bad_trades
    if trades < FEW_TRADES:
        yield f"There are only {trades} {part} trades: no figure over them is firm."
    if bad in (0, trades):
        kind = "bad" if bad else "good"
        yield f"All {trades} {part} trades are {kind}: nothing can be said of how well it sorts."


def _blocking_notes(part: str, comparison: Comparison, name: str) -> Iterator[str]:
    trades, kept = comparison.rules_only.trades, comparison.rules_ml.trades
    if kept == trades:
        yield f"The filter blocked none of {trades} {part} trades: its worth was not tested."
        return
    kept_share, bad_share = kept / trades, comparison.rules_only.bad_share or 0.0
    if name != FIXED and kept_share >= FEW_KEPT_SHARE:
        return  # found among scores, it lies where they do, and keeps about what it was to keep
    threshold = f"{name} ({comparison.threshold:.2f})"
    if bad_share >= comparison.threshold - NEAR_THRESHOLD:
        cause = f"The share of bad trades ({percent(bad_share, 0)}) is near or above {threshold}"
    elif kept_share < FEW_KEPT_SHARE:
        cause = f"The scores of most trades are above {threshold}"
    else:
        return
    blocks = "nearly everything" if kept_share < FEW_KEPT_SHARE else "by the base rate alone"
    remedy = ""
    if comparison.threshold_keeping_80 is not None:
        remedy = f" A threshold of {comparison.threshold_keeping_80:.2f} would keep 80 % of trades."
    yield (
        f"{part.capitalize()}: {cause}: the filter blocks {blocks} "
        f"(kept {percent(kept_share, 0)}).{remedy}"
    )


def _below(value: float | None, other: float | None) -> bool:
    return value is not None and other is not None and value < other
