"""How sure is a difference between two policies? Paired circular-block bootstrap.

Two policies on the same trades share most of their luck, so they are resampled together
(paired). Trades of one session share the market, and trades that overlap in time their luck, so
whole blocks of neighbouring sessions are drawn, on a circle so that each session is drawn equally
often (Politis & Romano, *A circular block-resampling procedure for stationary data*, 1992). The
models stay as they are in every resample: the intervals say what these models earn on other
trades like these, not what other models would.

How a resample is measured without gathering its rows: `afterclose.evaluating.block_resampling`.
That does not work for expected shortfall; with many trades its interval rests on fewer resamples,
and says so.

Many resamples are drawn in groups, each by its own generator, so that groups may run at the
same time: the answer is the same for any number of workers.
"""

from functools import partial

import msgspec
import numpy as np

from afterclose.arrays import Floats, Indices, Mask
from afterclose.evaluating.block_resampling import Circle, PolicyBlocks, choice_of
from afterclose.evaluating.sessions import in_chunks
from afterclose.measures.metrics import RunAll

TAILS = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""

MIN_TRADES = 2
"""Fewer trades than this have no distribution."""

MIN_DEFINED_SHARE = 0.95
"""An interval needs its measure defined in at least this share of the resamples."""

DRAWN_TAIL_ROWS = 20_000_000
"""Trades drawn behind an interval of expected shortfall, which looks at each resample's rows:
10,000 resamples up to 2,000 trades, then fewer."""

FEWEST_RESAMPLES = 200
"""However many trades there are: the ends of an interval are its extreme twentieths."""

CHUNK_CELLS = 500_000
"""Block starts drawn at once; another number would be another series of draws."""

GROUP_CELLS = 2_000_000
"""Block starts measured at once, 16 MB: long rows, since each row costs a few calls."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """95 % percentile interval of a difference: second policy less first.

    Both ends are None when the measure is undefined in too many of the resamples.
    """

    low: float | None
    high: float | None
    resamples: int


def paired_bootstrap(
    pnl: Floats,
    bad: Mask,
    keep_first: Mask,
    keep_second: Mask,
    *,
    session: Indices,
    block: int,
    resamples: int,
    seed: int,
    run_all: RunAll = map,
) -> dict[str, Interval]:
    """Intervals of the differences of the measures in `metrics.TradeMetrics`, by name.

    Rows in exit order: ``pnl`` float64[n] without NaN, the masks bool[n], ``session`` int[n] the
    number of the session in which each was decided, from 0 and without gaps. ``block`` is the
    length of a block in sessions; 1 is the ordinary bootstrap of sessions. The same
    arguments give the same intervals. Fewer than `MIN_TRADES` rows give an empty dict. Each
    interval says how many ``resamples`` it had: for expected shortfall fewer than asked for
    when rows are many. ``run_all`` is used where there is more than one group of resamples.
    """
    rows = len(pnl)
    if rows < MIN_TRADES:
        return {}
    sessions = int(session.max()) + 1
    circle = Circle(sessions, min(block, sessions))
    policies = [PolicyBlocks(pnl, bad, keep, session, circle) for keep in (keep_first, keep_second)]
    rng = np.random.default_rng(seed)
    sizes = in_chunks(resamples, circle.draws, GROUP_CELLS)
    measured = partial(_differences, circle=circle, policies=policies)
    if len(sizes) == 1:
        found = [measured((rng, in_chunks(resamples, circle.draws, CHUNK_CELLS)))]
    else:
        generators = rng.spawn(len(sizes))
        groups = [(generator, [size]) for generator, size in zip(generators, sizes, strict=True)]
        found = list(run_all(measured, groups))
    differences = {name: [group[name] for group in found] for name in found[0]}
    tails = differences["expected_shortfall_5"] = []
    tail_resamples = min(resamples, _affordable(DRAWN_TAIL_ROWS, rows))
    for size in in_chunks(tail_resamples, 2 * rows, CHUNK_CELLS):
        starts = rng.integers(0, sessions, (circle.draws, size))
        drawn = circle.counts(starts)
        first_tail, second_tail = (policy.tail_mean(starts, drawn) for policy in policies)
        tails.append(second_tail - first_tail)
    return {name: _interval(np.concatenate(parts)) for name, parts in differences.items()}


def _differences(
    group: tuple[np.random.Generator, list[int]], circle: "Circle", policies: list["PolicyBlocks"]
) -> dict[str, Floats]:
    """Each measure of the second policy less the first's, in a group of resamples.

    ``group`` is what draws them and how many at a time.
    """
    rng, sizes = group
    chunks = [rng.integers(0, circle.sessions, (circle.draws, size)) for size in sizes]
    starts = chunks[0] if len(chunks) == 1 else np.concatenate(chunks, axis=1)
    choice = choice_of(starts[:-1], circle.sessions)
    first, second = (policy.measures(starts, choice) for policy in policies)
    return {name: second[name] - first[name] for name in first}


def _interval(differences: Floats) -> Interval:
    defined = differences[np.isfinite(differences)]
    if len(defined) < MIN_DEFINED_SHARE * len(differences):
        return Interval(low=None, high=None, resamples=len(differences))
    low, high = np.percentile(defined, TAILS)
    return Interval(low=float(low), high=float(high), resamples=len(differences))


def _affordable(drawn_rows: int, rows: int) -> int:
    return max(FEWEST_RESAMPLES, drawn_rows // rows)
