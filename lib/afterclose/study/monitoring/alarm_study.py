"""Do the alarms keep their promise? Counted on made-up years whose truth is known.

An alarm that never sounds would keep the first half of it, so each truth that is wrong is counted
too: how often it is found, and after how many weeks and decisions at the median.
"""

from collections.abc import Iterator
from functools import partial
from statistics import median_high
from typing import Final, NamedTuple, get_args

from afterclose.errors import InputError
from afterclose.monitoring.betting import ALARM_LOG_STAKE
from afterclose.monitoring.calibration import calibration_path
from afterclose.monitoring.drift import drift_path
from afterclose.monitoring.pairs import harm_path
from afterclose.monitoring.weeks import Settled, Week
from afterclose.parallel import run_all
from afterclose.progress import showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.gates.rates import binomial_interval
from afterclose.study.monitoring.made_up_weeks import HARM, WEEKS, Truth, World, years
from afterclose.wording.tables import table_lines

SEEDS: Final = 200
A_WEEK: Final = (5, 10, 20)
MOST_FALSE: Final = 0.05
LEAST_FOUND: Final = 0.9
FOUND_WITHIN_WEEKS: Final = 26

HARM_WEEKS: Final = 208
"""How long a filter that harms is watched, for the median: a little harm takes over a year."""

NEVER: Final = 10_000
KINDS: Final = ("drift", "calibration", "harm")
ASKED: Final[dict[Truth, str]] = {
    "features moved": "drift",
    "scores wrong": "calibration",
    "blocking harms": "harm",
    "blocking harms a little": "harm",
}
"""Which alarm is to find what is wrong."""


class Cell(NamedTuple):
    """One world, truth and number of decisions; shares of seeds, each with its alarm.

    ``low`` and ``high`` bound, at 95 %, the share of the alarm that is asked for; where nothing
    is wrong, of any. ``found_weeks`` is the median of all seeds, None where half found nothing.
    """

    world: World
    truth: Truth
    a_week: int
    shares: dict[str, float]
    any_share: float
    low: float
    high: float
    found_weeks: int | None

    @property
    def kept(self) -> bool | None:
        """Whether the promise of section 19 is kept; None where none is given."""
        if self.truth == "unchanged":
            kinds = ("calibration", "harm") if self.world == "regime" else KINDS
            return all(self.shares[kind] <= MOST_FALSE for kind in kinds)
        if self.truth == "features moved" and self.world != "regime":
            return self.shares["drift"] >= LEAST_FOUND
        return None


def calibrate_monitor(
    settings: Settings, seeds: int = SEEDS, first_seed: int = 0, *, quiet: bool = False
) -> Outcome:
    """Simulate every cell; exit code 1 when a promise is broken. Raises InputError for no seeds."""
    if seeds < 1:
        raise InputError(f"{seeds} seeds simulate nothing; at least 1 is needed")
    asked = [
        (world, truth, a_week)
        for truth in get_args(Truth)
        for world in get_args(World)
        for a_week in A_WEEK
    ]
    cells = []
    with showing_progress("Calibrating", len(asked), quiet=quiet) as progress:
        for world, truth, a_week in asked:
            found = run_all(
                partial(first_alarms, a_week=a_week, world=world, truth=truth),
                range(first_seed, first_seed + seeds),
                n_jobs=settings.n_jobs,
                backend=settings.joblib_backend,
                dask_scheduler=settings.dask_scheduler,
            )
            cells.append(_cell(world, truth, a_week, found))
            progress.advance()
    broken = sum(cell.kept is False for cell in cells)
    return Outcome(
        job="calibrate_monitor",
        status="done",
        reason=f"{broken} promises broken",
        details={
            "seeds": seeds,
            "first_seed": first_seed,
            "cells": [c._asdict() | {"kept": c.kept} for c in cells],
        },
        text="\n".join(_text(cells, seeds)),
        exit_code=1 if broken else 0,
    )


def first_alarms(seed: int, *, a_week: int, world: World, truth: Truth) -> dict[str, int]:
    """The week, from 1, in which each alarm began; `NEVER` where none did within the year."""
    weeks = HARM_WEEKS if truth in HARM else WEEKS
    before, since = years(seed, a_week, world, truth, weeks)
    settled: list[Settled] = [week.settled for week in since if week.settled is not None]
    paths = {
        "drift": _drift(before, since) if truth in {"unchanged", "features moved"} else [],
        "calibration": calibration_path(settled),
        "harm": harm_path(settled),
    }
    return {kind: _first(path) for kind, path in paths.items()}


def _drift(before: list[Week], since: list[Week]) -> list[float]:
    return drift_path(before, since)[0]


def _first(path: list[float]) -> int:
    return next((week for week, log in enumerate(path, 1) if log >= ALARM_LOG_STAKE), NEVER)


def _cell(world: World, truth: Truth, a_week: int, found: list[dict[str, int]]) -> Cell:
    limit = FOUND_WITHIN_WEEKS if truth == "features moved" else WEEKS
    shares = {kind: sum(one[kind] <= limit for one in found) / len(found) for kind in KINDS}
    any_share = sum(min(one.values()) <= limit for one in found) / len(found)
    asked = ASKED.get(truth)
    happened = round((shares[asked] if asked else any_share) * len(found))
    low, high = binomial_interval(happened, len(found))
    weeks = median_high(one[asked] for one in found) if asked else NEVER
    found_weeks = weeks if weeks < NEVER else None
    return Cell(world, truth, a_week, shares, any_share, low, high, found_weeks)


def _text(cells: list[Cell], seeds: int) -> Iterator[str]:
    yield f"How often each alarm sounds within a year ({seeds} seeds)."
    yield f"Moved features: one standard deviation in 3 of 12, within {FOUND_WITHIN_WEEKS} weeks."
    yield "95 %: of the alarm that is asked for; where nothing is wrong, of any."
    yield "Weeks, decisions: until that alarm, at the median."
    yield ""
    header = ("Truth", "World", "A week", "drift", "calibration", "harm", "any", "95 %", "Weeks",
              "Decisions", "Promise")  # fmt: skip
    yield from table_lines(header, [_row(cell) for cell in cells])


def _row(cell: Cell) -> tuple[str, ...]:
    is_asked = cell.truth in {"unchanged", "features moved"}
    shares = [f"{100 * cell.shares[kind]:.1f} %" for kind in KINDS]
    weeks = cell.found_weeks
    kept = {True: "kept", False: "BROKEN", None: "-"}[cell.kept]
    return (
        cell.truth,
        cell.world,
        str(cell.a_week),
        shares[0] if is_asked else "-",
        *shares[1:],
        f"{100 * cell.any_share:.1f} %",
        f"{100 * cell.low:.1f} to {100 * cell.high:.1f}",
        "-" if weeks is None else str(weeks),
        "-" if weeks is None else str(weeks * cell.a_week),
        kept,
    )
