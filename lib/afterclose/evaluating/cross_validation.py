"""The recipe on other histories, and the odds that its configuration was found by luck.

Walking forward gives one out-of-sample history; `afterclose.evaluating.cpcv` gives several, and how
far they lie apart says how much of the one was its order of events. The models of these paths are
those of `afterclose.learning.fitting`, except that a plain logistic regression keeps the
regularisation that the judged model was given: choosing it anew in each fit would cost twenty times
as much.

The family behind the probability of overfitting is small and stated: every regularisation
of the grid (where the kind has one), each with the thresholds that would have kept a half to
nine tenths of the trades trained on; and, first of all, no filter.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.dataset.columns import Dataset
from afterclose.evaluating.cpcv import assemble_paths, combinatorial_splits
from afterclose.evaluating.figures import CrossValidation
from afterclose.evaluating.overfitting import probability_of_overfitting
from afterclose.evaluating.verdicts import WHOLE_OR_NOTHING, Policy, Sizing, abstain, judge
from afterclose.learning.features import (
    describe_features,
    feature_matrix,
    mark_needed,
    select_features,
)
from afterclose.learning.fitting import fit
from afterclose.learning.models import (
    DEFAULT_REGULARISATION,
    REGULARISATION_GRID,
    has_both_classes,
    predict_risks,
    regularisation_path,
)
from afterclose.learning.newton import risks_of
from afterclose.learning.sample_weights import sample_weights
from afterclose.learning.scaling import gaps_of, scaling_of
from afterclose.learning.splits import EmbargoCutoff, Split
from afterclose.learning.training import only_learnable, training_set_of
from afterclose.learning.training_options import TrainingOptions
from afterclose.learning.training_set import TrainingSet
from afterclose.learning.weights import weight_shares
from afterclose.measures.metrics import RunAll

GROUPS: Final = 6
TEST_GROUPS: Final = 2
"""15 fits on two thirds of the trades each, and five paths."""

MIN_TRADES: Final = 20 * GROUPS
"""Below, a group is a handful of trades and a path is noise."""

BLOCKS: Final = 12
"""924 ways to part them into halves."""

TINY: Final = 1e-300
"""Instead of 0 below a fraction line."""

KEPT_SHARES: Final = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Thresholds of the family: the shares of training trades that they keep."""

QUANTILES: Final = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}


class _Tested(NamedTuple):
    """One split: the sizes that its model lets through, and its share of the family's sums."""

    size: Policy
    sums: Floats
    counts: Floats


def cross_validate(
    dataset: Dataset,
    bad: Mask,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    *,
    regularisation_c: float | None,
    max_abs_z: float,
    sizing: Sizing = WHOLE_OR_NOTHING,
    run_all: RunAll = map,
) -> CrossValidation | None:
    """Cross-validate the recipe of ``options``; None for fewer than `MIN_TRADES` trades.

    ``regularisation_c`` is that of the judged model. Fits that find one class, or no usable
    feature, let everything through.
    """
    if len(dataset) < MIN_TRADES:
        return None
    combined = combinatorial_splits(
        dataset.decision_us,
        dataset.exit_us,
        n_groups=GROUPS,
        n_test_groups=TEST_GROUPS,
        embargo_cutoff=cutoff,
    )
    if not combined.splits:  # too many trades were decided at one moment
        return None
    step = partial(
        _test,
        dataset=dataset,
        bad=bad,
        options=options,
        cutoff=cutoff,
        regularisation_c=regularisation_c or DEFAULT_REGULARISATION,
        max_abs_z=max_abs_z,
        sizing=sizing,
    )
    tested = list(run_all(step, combined.splits))
    paths = assemble_paths(combined, [test.size for test in tested])
    return _summed_up(tested, list(paths), dataset.realized_pnl_pct)


def _summed_up(tested: Sequence[_Tested], paths: Sequence[Policy], pnl: Floats) -> CrossValidation:
    """What the ``paths`` earned beside the rules alone, over all trades' ``pnl``."""
    everything = _expectancy(pnl, np.ones(len(pnl)))
    differences = np.sort([_expectancy(pnl, size) - everything for size in paths])
    sums = np.sum([test.sums for test in tested], axis=0)
    counts = np.sum([test.counts for test in tested], axis=0)
    return CrossValidation(
        groups=GROUPS,
        test_groups=TEST_GROUPS,
        fits=len(tested),
        paths=len(paths),
        trades=len(pnl),
        expectancy_differences=differences.tolist(),
        quantiles={name: float(np.quantile(differences, at)) for name, at in QUANTILES.items()},
        share_better=float(np.mean(differences > 0)),
        configurations=len(sums),
        pbo=probability_of_overfitting(sums, counts),
    )


def _test(
    split: Split,
    *,
    dataset: Dataset,
    bad: Mask,
    options: TrainingOptions,
    cutoff: EmbargoCutoff,
    regularisation_c: float,
    max_abs_z: float,
    sizing: Sizing,
) -> _Tested:
    """Fit the recipe and the family on the split's training rows, and judge its test rows."""
    train, test, _ = only_learnable(split, dataset, options)
    nothing = abstain(len(test))
    keep = nothing.keep
    selection = select_features(dataset, train, options.only_features)
    if not (has_both_classes(bad[train]) and selection.names):
        return _tested(nothing.size, [keep] * _family_size(options), dataset, test)
    training_set = training_set_of(dataset, bad, selection, train, options)
    unseen = feature_matrix(dataset, selection, test)
    grid = _Grid(training_set, unseen, options) if options.is_logistic else None
    if grid and _is_plain(options):
        risks, threshold = partial(grid.risks, regularisation_c), options.risk_threshold
        shares = grid.weight_shares(regularisation_c)
    else:
        fitted = fit(training_set, options, cutoff, regularisation_c if grid else None)
        risks, threshold = partial(predict_risks, fitted.model), fitted.threshold
        shares = weight_shares(fitted.model)
    verdicts = judge(
        dataset,
        mark_needed(describe_features(selection.names, training_set.values, deciles=False), shares),
        risks,
        threshold=threshold,
        max_abs_z=max_abs_z,
        sizing=sizing,
        rows=test,
    )
    trusted = ~np.isnan(verdicts.score)
    family = [keep]
    for known, score in grid.scores() if grid else [(risks(training_set.values), risks(unseen))]:
        cuts = np.quantile(known, KEPT_SHARES)
        family += [~trusted | (score <= cut) for cut in cuts.tolist()]
    return _tested(verdicts.size, family, dataset, test)


class _Grid:
    """The logistic regression at each regularisation, imputed and scaled once for all.

    A whole pipeline for each would cost many times as much.
    """

    def __init__(self, training_set: TrainingSet, unseen: Floats, options: TrainingOptions) -> None:
        times = training_set.decision_us, training_set.exit_us
        weights = sample_weights(options.sample_weights, *times, training_set.pnl)
        gaps = gaps_of(training_set.values) | gaps_of(unseen)
        self._scaling, self._known = scaling_of(training_set.values, gaps)
        self._unseen = self._scaling.columns(unseen)
        path = regularisation_path(
            self._known, training_set.bad, REGULARISATION_GRID, seed=options.seed, weights=weights
        )
        self._by_c = dict(zip(REGULARISATION_GRID, path, strict=True))

    def risks(self, regularisation_c: float, values: Floats) -> Floats:
        """Risk scores float64[n] of rows float64[n, k] at one of the regularisations."""
        return risks_of(self._scaling.columns(values), self._by_c[regularisation_c])

    def weight_shares(self, regularisation_c: float) -> list[float]:
        """What each feature weighs at one of the regularisations, 1 together."""
        weights = np.abs(self._by_c[regularisation_c][:-1])
        shares: list[float] = (weights / max(float(weights.sum()), TINY)).tolist()
        return shares

    def scores(self) -> Iterator[tuple[Floats, Floats]]:
        """The risk scores of training and of unseen rows, in the order of the grid."""
        for coef in self._by_c.values():
            yield risks_of(self._known, coef), risks_of(self._unseen, coef)


def _is_plain(options: TrainingOptions) -> bool:
    """Whether a member of the grid is the whole recipe: no curve, no threshold to choose."""
    chosen = (options.calibration, options.threshold_mode)
    return options.is_logistic and chosen == ("none", "fixed")


def _family_size(options: TrainingOptions) -> int:
    members = len(REGULARISATION_GRID) if options.is_logistic else 1
    return 1 + members * len(KEPT_SHARES)


def _tested(size: Policy, family: list[Mask], dataset: Dataset, test: Indices) -> _Tested:
    # Rows of a block are neighbours, so sums between edges do what a matrix product would,
    # which wakes all cores for it.
    edges = np.searchsorted(test * BLOCKS // len(dataset), np.arange(BLOCKS + 1))
    pnl = dataset.realized_pnl_pct[test]
    sums, counts = (
        np.array([_between(np.where(kept, values, 0.0), edges) for kept in family])
        for values in (pnl, np.ones(len(test)))
    )
    return _Tested(size, sums, counts)


def _between(values: Floats, edges: Indices) -> Floats:
    """The sum of the values from each edge to the next; an empty stretch sums to 0."""
    return np.array([values[start:stop].sum() for start, stop in pairwise(edges.tolist())])


def _expectancy(pnl: Floats, size: Policy) -> float:
    """Mean PnL of what is traded, by size; keeping nothing earns nothing."""
    traded = float(size.sum())
    return float(size @ pnl) / traded if traded else 0.0
