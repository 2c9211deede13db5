"""Do the gates keep their promise? Counted on made-up trades whose truth is known.

Noise, a planted edge, an edge that turns round, and a feature that knows volatility only go
through simulated cycles (`afterclose.study.gates.simulated_cycles`). Rates come with exact binomial
intervals (Clopper & Pearson, 1934). That the gates are too strict would be no success either, so
the study counts how often a real edge is found as well.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from scipy.special import betaincinv

from afterclose.errors import InputError
from afterclose.parallel import run_all
from afterclose.progress import showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.gates.planted_trades import (
    BREAK_EVEN_LOSS_PCT,
    planted_trades,
    volatile_trades,
)
from afterclose.study.gates.simulated_cycles import (
    NIGHTS,
    Recipe,
    Refusals,
    promoted_at_once,
    promoted_ever,
)

SEEDS: Final = 200
CHUNK_SEEDS: Final = 20

NOISE_TRADES: Final = (20, 40, 100, 300, 1000)
GROWN_TRADES: Final = 1200
"""More than `NIGHTS` nights of two to four trades need."""

EDGE_TRADES: Final = 900
"""Some 30 cohorts at three trades a day. Decision days limit the evidence, so 600 trades, with
which 0.1.0 was content, promote one edge in six."""

EDGE_ODDS_RATIO: Final = 3.0
FLIP_AT: Final = 600
FLIP_SHOWN_AFTER: Final = 100
"""Trades after which a turned edge must have been noticed: a sixth of those before."""

MOST_FALSE: Final = 0.05
LEAST_POWER: Final = 0.8


class Scenario(NamedTuple):
    """What is simulated, for a seed, and the bounds of the rate of promotions."""

    title: str
    run: Callable[[int], Refusals]
    least: float
    most: float


class Rate(NamedTuple):
    """How often a scenario ended in a promotion; ``low`` to ``high`` is a 95 % interval.

    ``refusals`` counts which gates refused, over all seeds.
    """

    title: str
    seeds: int
    promoted: int
    low: float
    high: float
    least: float
    most: float
    refusals: dict[str, int]

    @property
    def kept(self) -> bool:
        """Whether the rate is within its bounds."""
        return self.least <= self.promoted / self.seeds <= self.most


def calibrate_gates(settings: Settings, seeds: int = SEEDS, *, quiet: bool = False) -> Outcome:
    """Simulate every scenario with the settings' recipe; exit code 1 when a promise is broken.

    Raises InputError for no seeds at all.
    """
    if seeds < 1:
        raise InputError(f"{seeds} seeds simulate nothing; at least 1 is needed")
    rows = scenarios(Recipe.from_settings(settings))
    chunks = [range(seeds)[first : first + CHUNK_SEEDS] for first in range(0, seeds, CHUNK_SEEDS)]
    rates = []
    with showing_progress("Calibrating", len(rows) * len(chunks), quiet=quiet) as progress:
        for row in rows:
            refusals: list[Refusals] = []
            for chunk in chunks:
                refusals += run_all(
                    row.run,
                    chunk,
                    n_jobs=settings.n_jobs,
                    backend=settings.joblib_backend,
                    dask_scheduler=settings.dask_scheduler,
                )
                progress.advance()
            rates.append(_rate(row, refusals))
            progress.say(_line(rates[-1]))
    broken = sum(not rate.kept for rate in rates)
    return Outcome(
        job="calibrate_gates",
        status="done",
        reason=f"{broken} of {len(rates)} promises broken",
        details={"rates": [rate._asdict() | {"kept": rate.kept} for rate in rates]},
        text="\n".join(_text(rates)),
        exit_code=1 if broken else 0,
    )


def scenarios(recipe: Recipe) -> list[Scenario]:
    """All rows of the table."""
    once, ever = partial(promoted_at_once, recipe), partial(promoted_ever, recipe)
    # Half of the trades bad is hardest: at a threshold of 0.5 noise blocks every second one.
    noise = partial(planted_trades, odds_ratio=1.0, bad_log_odds=0.0)
    edge = partial(planted_trades, odds_ratio=EDGE_ODDS_RATIO, loss_pct=BREAK_EVEN_LOSS_PCT)
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
            f"edge, one cycle, {EDGE_TRADES} trades", partial(once, partial(edge, EDGE_TRADES))
        ),
        _useful(f"edge, {any_night}", partial(ever, partial(edge, GROWN_TRADES))),
    ]


def _useless(title: str, run: Callable[[int], Refusals]) -> Scenario:
    return Scenario(title, run, least=0.0, most=MOST_FALSE)


def _useful(title: str, run: Callable[[int], Refusals]) -> Scenario:
    return Scenario(title, run, least=LEAST_POWER, most=1.0)


def _rate(row: Scenario, refusals: list[Refusals]) -> Rate:
    seeds, promoted = len(refusals), sum(not refused for refused in refusals)
    low, high = binomial_interval(promoted, seeds)
    counts = Counter(name for refused in refusals for name in refused)
    return Rate(
        row.title, seeds, promoted, low, high, row.least, row.most, dict(counts.most_common())
    )


def binomial_interval(successes: int, tries: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate (Clopper & Pearson, 1934)."""
    failures = tries - successes
    low = float(betaincinv(successes, failures + 1, 0.025)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 0.975)) if failures else 1.0
    return low, high


def _text(rates: list[Rate]) -> Iterator[str]:
    yield f"Promotions on simulated trades, {rates[0].seeds} seeds each"
    yield ""
    yield from (_line(rate) for rate in rates)
    edge = next(rate for rate in rates if rate.least)
    yield ""
    yield f"What refused the {edge.title}:"
    yield from (f"  {name.replace('_', ' ')}: {count}" for name, count in edge.refusals.items())


def _line(rate: Rate) -> str:
    promise = f"at least {rate.least:.0%}" if rate.least else f"at most {rate.most:.0%}"
    sign = "[x]" if rate.kept else "[ ]"
    return (
        f"{sign} {rate.title:<48} | {rate.promoted:>4} of {rate.seeds} | "
        f"{rate.promoted / rate.seeds:>6.1%} ({rate.low:.1%} to {rate.high:.1%}) | {promise}"
    )
