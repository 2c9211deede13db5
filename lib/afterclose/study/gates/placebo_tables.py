"""Placebos and planted edges through the gates, counted: what `make calibrate-gates` prints first.

Rates come with exact binomial intervals (Clopper & Pearson, 1934). A promise counts as broken
where the whole interval lies above it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.settings import Settings
from afterclose.study.gates.histories import made_up, real, thinned, with_edge
from afterclose.study.gates.looks import Passed, Power, looked_at, power_at
from afterclose.study.gates.placebos import (
    Placebo,
    as_fills,
    independent,
    market_wide,
    per_symbol,
    someone_elses,
)
from afterclose.study.gates.rates import Rate, rate_of
from afterclose.study.gates.simulated_cycles import Recipe

PLACEBOS: Final[dict[str, Placebo]] = {
    "own to each decision": independent,
    "market-wide, AR .9": partial(market_wide, persistence=0.9),
    "market-wide, AR .99": partial(market_wide, persistence=0.99),
    "constant per symbol": per_symbol,
    "volatility, beta: another's": someone_elses,
    "market-wide, ten fills each": as_fills,
}

AUCS: Final = (0.54, 0.57, 0.60)
SIZES: Final = (300, 1_000, 3_000)
WHOLE_SHARE: Final = 4
"""All gates are counted on every fourth history with an edge: a whole cycle costs a second."""

MOST_ALL_NIGHTS: Final = 0.025
MOST_ALL_GATES: Final = 0.01

MADE_UP: Final = {"made up, 2 a session": (1500, 2), "made up, 20 a session": (300, 20)}
"""Sessions, and decisions in each."""


class Source(NamedTuple):
    """Where histories come from: one for each seed."""

    title: str
    history: Callable[[int], Dataset]


class PlaceboRow(NamedTuple):
    """How often each gate let one kind of placebo through; ``mean_stake`` is at most 1 if fair."""

    source: str
    placebo: str
    rates: dict[str, Rate]
    mean_stake: float
    stake_error: float

    @property
    def kept(self) -> bool:
        """Whether no promise is surely broken."""
        bounds = {"luck_of_all_nights": MOST_ALL_NIGHTS, "all_gates": MOST_ALL_GATES}
        never = not self.rates["blocked_earned"].happened
        return never and all(self.rates[name].low <= bound for name, bound in bounds.items())


class PowerRow(NamedTuple):
    """How often an edge of ``auc`` was found within ``decisions``."""

    source: str
    auc: float
    decisions: int
    evidence: Rate
    all_gates: Rate
    blocked_earned: Rate

    @property
    def kept(self) -> bool:
        """Whether no filter was promoted whose blocked decisions had surely earned money."""
        return not self.blocked_earned.happened


def sources(settings: Settings, data: Path | None, decisions: int) -> list[Source]:
    """Made-up histories, and the real ones of ``data``: at most so many decisions of them."""
    history = real(settings, data)
    name = data.name if data else "the demo's prices"
    return [
        *(
            Source(title, partial(made_up, sessions=sessions, a_session=a_session))
            for title, (sessions, a_session) in MADE_UP.items()
        ),
        Source(f"{name}, {min(decisions, len(history)):,}", partial(_thinned, history, decisions)),
    ]


def placebo_task(recipe: Recipe, source: Source, placebo: Placebo, seed: int) -> Passed:
    """One placebo through the gates."""
    return looked_at(recipe, placebo(source.history(seed), np.random.default_rng([seed, 1])))


def power_task(recipe: Recipe, source: Source, auc: float, seed: int) -> list[Power]:
    """One planted edge through the gates."""
    history = with_edge(source.history(seed), auc, seed, recipe.training)
    return power_at(recipe, history, sizes_of(len(history)), whole=seed % WHOLE_SHARE == 0)


def sizes_of(decisions: int) -> tuple[int, ...]:
    """Numbers of decisions after which a history is asked: its own where it has fewer."""
    return tuple(sorted({min(size, decisions) for size in SIZES}))


def placebo_row(source: str, placebo: str, passed: list[Passed]) -> PlaceboRow:
    """The rates of one kind."""
    names = [name for name in Passed._fields if name != "stake"]
    stakes = np.array([one.stake for one in passed])
    return PlaceboRow(
        source,
        placebo,
        {name: rate_of(getattr(one, name) for one in passed) for name in names},
        float(stakes.mean()),
        float(stakes.std() / np.sqrt(len(stakes))),
    )


def power_rows(source: str, auc: float, found: list[list[Power]]) -> list[PowerRow]:
    """The rates of one edge at each number of decisions that was asked."""
    rows = []
    for powers in zip(*found, strict=True):
        whole = [power for power in powers if power.all_gates is not None]
        rows.append(
            PowerRow(
                source,
                auc,
                powers[0].decisions,
                rate_of(power.evidence for power in powers),
                rate_of(bool(power.all_gates) for power in whole),
                rate_of(power.blocked_earned for power in whole),
            )
        )
    return rows


def placebo_text(rows: list[PlaceboRow]) -> Iterator[str]:
    """The table of placebos."""
    yield "Placebos let through, % (95 % interval)"
    yield ""
    yield (
        "| trades | placebo | luck of all nights, any night | all gates, any month "
        "| luck of one look, asked once | each month | blocked lose money, once | each month "
        "| promoted though the blocked earned | mean stake |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        rates = row.rates
        yield (
            f"| {row.source} | {row.placebo} | {rates['luck_of_all_nights']} | "
            f"{rates['all_gates']} | {rates['one_look_once']} | {rates['one_look_ever']} | "
            f"{rates['blocked_lose_once']} | {rates['blocked_lose_ever']} | "
            f"{rates['blocked_earned'].happened} | "
            f"{row.mean_stake:.2f} ± {row.stake_error:.2f} |"
        )


def power_text(rows: list[PowerRow]) -> Iterator[str]:
    """The table of planted edges."""
    yield "Planted edges found, % (95 % interval)"
    yield ""
    yield (
        "| trades | AUC | within decisions | luck of all nights, any night | all gates, any month "
        "| promoted though the blocked earned |"
    )
    yield "|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row.source} | {row.auc:.2f} | {row.decisions:,} | {row.evidence} "
            f"| {row.all_gates} | {row.blocked_earned.happened} |"
        )


def _thinned(history: Dataset, decisions: int, seed: int) -> Dataset:
    return thinned(history, decisions, seed)
