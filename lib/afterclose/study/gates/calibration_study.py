"""Do the gates keep their promise? Counted on histories whose truth is known.

Placebos and planted edges, on made-up and on real PnL, are asked of each gate
(`afterclose.study.gates.placebo_tables`). Beside them noise, a planted edge, an edge that turns
round, and a feature that knows volatility only go through simulated cycles
(`afterclose.study.gates.simulated_cycles`). Rates come with exact binomial intervals. That the
gates are too strict would be no success either, so how often a real edge is found is counted too.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from afterclose.dataset.columns import Dataset
from afterclose.errors import InputError
from afterclose.parallel import run_all
from afterclose.progress import Progress, showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.gates.looks import promoted_any_month
from afterclose.study.gates.placebo_tables import (
    AUCS,
    PLACEBOS,
    WHOLE_SHARE,
    PlaceboRow,
    PowerRow,
    placebo_row,
    placebo_task,
    placebo_text,
    power_rows,
    power_task,
    power_text,
    sources,
)
from afterclose.study.gates.planted_trades import (
    break_even_loss_pct,
    planted_trades,
    volatile_trades,
)
from afterclose.study.gates.rates import Rate, binomial_interval
from afterclose.study.gates.simulated_cycles import (
    NIGHTS,
    Cycle,
    Recipe,
    promoted_at_once,
    promoted_ever,
)

SEEDS: Final = 200
DECISIONS: Final = 3_000
"""The most that are taken of real trades, at random over the whole time."""

CHUNK_SEEDS: Final = 100
"""Between two steps of the progress bar, at whose end all workers wait for the slowest."""

RESAMPLES: Final = 1_000
"""Enough to say yes or no; a page that people read rests on more."""

NOISE_TRADES: Final = (20, 40, 100, 300, 1000)
GROWN_TRADES: Final = 1200
"""More than `NIGHTS` nights of two to four trades need."""

EDGE_TRADES: Final = 900
"""Some 30 cohorts at three trades a day. Decision days limit the evidence, so 600 trades, with
which 0.1.0 was content, promote one edge in six."""

EDGE_ODDS_RATIO: Final = 3.0
SMALL_EDGES: Final = ((0.60, 1.437, 2_000), (0.57, 1.285, 4_000))
"""AUC, the odds ratio of `planted_trades` that has it, and the trades within which it is found."""

FLIP_AT: Final = 600
FLIP_SHOWN_AFTER: Final = 100
"""Trades after which a turned edge must have been noticed: a sixth of those before."""

MOST_FALSE: Final = 0.05
LEAST_POWER: Final = 0.8


class Scenario(NamedTuple):
    """What is simulated, for a seed, and the bounds of the rate of promotions.

    Every so many seeds only, where it takes long.
    """

    title: str
    run: Callable[[int], Cycle]
    least: float
    most: float
    every: int = 1


class ScenarioRate(NamedTuple):
    """How often a scenario ended in a promotion; ``low`` to ``high`` is a 95 % interval.

    ``refusals`` counts which gates refused, over all seeds, and ``blocked_earned`` the promotions
    of filters whose blocked decisions had surely earned money.
    """

    title: str
    seeds: int
    promoted: int
    low: float
    high: float
    least: float
    most: float
    refusals: dict[str, int]
    blocked_earned: int = 0
    few: bool = False

    @property
    def kept(self) -> bool:
        """Whether the rate is within its bounds, and nothing that earns was taken away.

        Of few seeds, whether it may be: a rate that is surely outside breaks the promise.
        """
        if self.blocked_earned:
            return False
        if self.few:
            return self.low <= self.most and self.least <= self.high
        return self.least <= self.promoted / self.seeds <= self.most


def calibrate_gates(
    settings: Settings,
    seeds: int = SEEDS,
    *,
    data: Path | None = None,
    decisions: int = DECISIONS,
    first_seed: int = 0,
    only: str = "",
    quiet: bool = False,
) -> Outcome:
    """Count everything with the settings' recipe; exit code 1 when a promise is broken.

    ``data`` is a file of daily prices, None for the demo's; ``decisions`` are the most that are
    taken of its trades. Seeds count from ``first_seed``. Of all trades and simulations only those
    are asked whose title has the text ``only``, in whatever case. Raises InputError for no seeds
    at all, a negative one, a file that is none, or a text that no title has.
    """
    if seeds < 1:
        raise InputError(f"{seeds} seeds simulate nothing; at least 1 is needed")
    if first_seed < 0:
        raise InputError(f"seed {first_seed} is none; seeds count from 0")
    resamples = min(settings.bootstrap_resamples, RESAMPLES)
    recipe = Recipe.from_settings(replace(settings, bootstrap_resamples=resamples))
    found = [one for one in sources(settings, data, decisions) if _is_asked(one.title, only)]
    rows = [row for row in scenarios(recipe) if _is_asked(row.title, only)]
    if not (found or rows):
        raise InputError(f"no trades and no simulation have {only!r} in their title")
    steps = len(found) * (len(PLACEBOS) + len(AUCS)) + len(rows)
    with showing_progress("Calibrating", steps * _chunks(seeds), quiet=quiet) as progress:
        counted = partial(_counted, settings, range(first_seed, first_seed + seeds), progress)
        placebo_rates = [
            placebo_row(source.title, name, counted(partial(placebo_task, recipe, source, made)))
            for source in found
            for name, made in PLACEBOS.items()
        ]
        powers = [
            row
            for source in found
            for auc in AUCS
            for row in power_rows(
                source.title, auc, counted(partial(power_task, recipe, source, auc))
            )
        ]
        rates = [_rate(row, counted(row.run, row.every)) for row in rows]
    kept = [*(row.kept for row in rates), *(row.kept for row in placebo_rates)]
    kept += [row.kept for row in powers]
    broken = len(kept) - sum(kept)
    return Outcome(
        job="calibrate_gates",
        status="done",
        reason=f"{broken} of {len(kept)} promises broken",
        details={
            "rates": [rate._asdict() | {"kept": rate.kept} for rate in rates],
            "placebos": [_plain(row) | {"kept": row.kept} for row in placebo_rates],
            "edges": [_plain(row) | {"kept": row.kept} for row in powers],
        },
        text="\n\n".join(
            "\n".join(lines)
            for rows, lines in (
                (placebo_rates, placebo_text(placebo_rates)),
                (powers, power_text(powers)),
                (rates, _text(rates)),
            )
            if rows
        ),
        exit_code=1 if broken else 0,
    )


def _is_asked(title: str, only: str) -> bool:
    return only.casefold() in title.casefold()


def _counted(
    settings: Settings, seeds: range, progress: Progress, run: Callable[[int], Any], every: int = 1
) -> list[Any]:
    """What ``run`` finds for each seed, or every so many, in order."""
    results: list[Any] = []
    for first in range(0, len(seeds), CHUNK_SEEDS):
        results += run_all(
            run,
            [seed for seed in seeds[first : first + CHUNK_SEEDS] if seed % every == 0],
            n_jobs=settings.n_jobs,
            backend=settings.joblib_backend,
            dask_scheduler=settings.dask_scheduler,
        )
        progress.advance()
    return results


def _chunks(seeds: int) -> int:
    return -(-seeds // CHUNK_SEEDS)


def _plain(row: PlaceboRow | PowerRow) -> dict[str, Any]:
    """A row as JSON values: rates by their fields."""
    plain = row._asdict()
    for name, value in plain.items():
        if isinstance(value, Rate):
            plain[name] = value._asdict()
        elif isinstance(value, dict):
            plain[name] = {gate: rate._asdict() for gate, rate in value.items()}
    return plain


def scenarios(recipe: Recipe) -> list[Scenario]:
    """All rows of the table."""
    once, ever = partial(promoted_at_once, recipe), partial(promoted_ever, recipe)
    # Half of the trades bad is hardest: at a threshold of 0.5 noise blocks every second one.
    noise = partial(planted_trades, odds_ratio=1.0, bad_log_odds=0.0)
    edge = _breaking_even(EDGE_ODDS_RATIO)
    turned = partial(edge, EDGE_TRADES, flip_at=FLIP_AT)
    shown = partial(ever, turned, first_night_trades=FLIP_AT + FLIP_SHOWN_AFTER)
    any_night = f"any of {NIGHTS} nights"
    return [
        *(
            _useless(f"noise, one cycle, {count} trades", partial(once, partial(noise, count)))
            for count in NOISE_TRADES
        ),
        _useless(f"noise, {any_night}", partial(ever, partial(noise, GROWN_TRADES))),
        _useless(
            f"volatility only, one cycle, {EDGE_TRADES} trades",
            partial(once, partial(volatile_trades, EDGE_TRADES)),
        ),
        _useless(
            f"volatility only, {any_night}",
            partial(ever, partial(volatile_trades, GROWN_TRADES)),
        ),
        _useless(f"edge turned {FLIP_SHOWN_AFTER} trades ago, any later night", shown),
        _useful(
            f"edge, one cycle, {EDGE_TRADES} trades",
            partial(once, partial(edge, EDGE_TRADES)),
            every=WHOLE_SHARE,
        ),
        _useful(
            f"edge, {any_night}", partial(ever, partial(edge, GROWN_TRADES)), every=WHOLE_SHARE
        ),
        *(
            _useful(
                f"AUC {auc:.2f}, any month, {count:,} trades",
                partial(promoted_any_month, recipe, partial(_breaking_even(odds), count)),
                every=WHOLE_SHARE,
            )
            for auc, odds, count in SMALL_EDGES
        ),
    ]


def _breaking_even(odds_ratio: float) -> Callable[..., Dataset]:
    loss_pct = break_even_loss_pct(odds_ratio)
    return partial(planted_trades, odds_ratio=odds_ratio, loss_pct=loss_pct)


def _useless(title: str, run: Callable[[int], Cycle]) -> Scenario:
    return Scenario(title, run, least=0.0, most=MOST_FALSE)


def _useful(title: str, run: Callable[[int], Cycle], every: int = 1) -> Scenario:
    return Scenario(title, run, least=LEAST_POWER, most=1.0, every=every)


def _rate(row: Scenario, cycles: list[Cycle]) -> ScenarioRate:
    seeds, promoted = len(cycles), sum(not cycle.refused for cycle in cycles)
    low, high = binomial_interval(promoted, seeds)
    counts = Counter(name for cycle in cycles for name in cycle.refused)
    return ScenarioRate(
        row.title,
        seeds,
        promoted,
        low,
        high,
        row.least,
        row.most,
        dict(counts.most_common()),
        sum(cycle.blocked_earned for cycle in cycles),
        few=row.every > 1,
    )


def _text(rates: list[ScenarioRate]) -> Iterator[str]:
    yield "Promotions on simulated trades"
    yield ""
    yield from (_line(rate) for rate in rates)
    for edge in [rate for rate in rates if rate.least][:1]:
        yield ""
        yield f"What refused the {edge.title}:"
        yield from (f"  {name.replace('_', ' ')}: {count}" for name, count in edge.refusals.items())


def _line(rate: ScenarioRate) -> str:
    promise = f"at least {rate.least:.0%}" if rate.least else f"at most {rate.most:.0%}"
    sign = "[x]" if rate.kept else "[ ]"
    return (
        f"{sign} {rate.title:<48} | {rate.promoted:>4} of {rate.seeds} | "
        f"{rate.promoted / rate.seeds:>6.1%} ({rate.low:.1%} to {rate.high:.1%}) | {promise} | "
        f"though the blocked earned: {rate.blocked_earned}"
    )
