"""The user's own history with features that know nothing, through the gates of production.

Each placebo gives every trade the features of another symbol at another time: as clustered and
as persistent as the real ones, and about other trades (`placebos.someone_elses`). What a gate
lets through is luck. Nothing is written: the dataset is read, and all else stays in memory.
"""

from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import InputError
from afterclose.learning.training import too_small
from afterclose.parallel import run_all
from afterclose.progress import showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.gates.looks import looked_at
from afterclose.study.gates.placebos import someone_elses
from afterclose.study.gates.rates import Rate, rate_of
from afterclose.study.gates.simulated_cycles import Recipe, full_cycle

PLACEBOS: Final = 50
AT_ONCE: Final = 10
ANY_NIGHT: Final = "luck_of_all_nights on any night"
ALL_GATES: Final = "all gates together, tonight"
ALL_MONTHS: Final = "all gates together, any month"


class Answers(NamedTuple):
    """Which gates let a placebo through, by name; ``reason`` says why there was no model."""

    passed: dict[str, bool]
    reason: str = ""


def placebo(settings: Settings, count: int = PLACEBOS, *, quiet: bool = False) -> Outcome:
    """Send ``count`` placebos of the scope's dataset through the gates.

    Raises InputError for no placebos at all, or a dataset that is too small or has no features.
    """
    if count < 1:
        raise InputError(f"{count} placebos show nothing; at least 1 is needed")
    history = DatasetBuilder.from_settings(settings).load()
    recipe = _recipe(settings)
    if reason := too_small(history, recipe.training):
        raise InputError(f"{reason} Run make build first, if there are more trades.")
    if not history.feature_names:
        raise InputError("the dataset has no features to replace")
    answers: list[Answers] = []
    with showing_progress("Placebos", count, quiet=quiet) as progress:
        for first in range(0, count, AT_ONCE):
            answers += run_all(
                partial(answered, recipe, history),
                range(first, min(first + AT_ONCE, count)),
                n_jobs=settings.n_jobs,
                backend=settings.joblib_backend,
                dask_scheduler=settings.dask_scheduler,
            )
            for _ in range(first, min(first + AT_ONCE, count)):
                progress.advance()
    names = list(dict.fromkeys(name for one in answers for name in one.passed))
    rates = {name: rate_of(one.passed.get(name, False) for one in answers) for name in names}
    through = rates[ALL_MONTHS].happened
    return Outcome(
        job="placebo",
        status="done",
        reason=f"{through} of {count} placebos passed all gates",
        details={"rates": {name: rate._asdict() for name, rate in rates.items()}},
        text=placebo_page(len(history), rates, answers),
    )


def answered(recipe: Recipe, history: Dataset, seed: int) -> Answers:
    """One placebo: every gate tonight, and those that luck is meant to fail on any night."""
    placebo_history = someone_elses(history, np.random.default_rng([recipe.training.seed, seed]))
    looks = looked_at(recipe, placebo_history)
    ever = {ANY_NIGHT: looks.luck_of_all_nights, ALL_MONTHS: looks.all_gates}
    answer = full_cycle(recipe, placebo_history)
    if isinstance(answer, str):
        return Answers({ALL_GATES: False, **ever}, answer)
    tonight = {gate.name: gate.passed for gate in answer.gates}
    return Answers(tonight | {ALL_GATES: answer.passed} | ever)


def placebo_page(trades: int, rates: dict[str, Rate], answers: list[Answers]) -> str:
    """The answer for people, on one page."""
    width = max(len(name) for name in rates)
    lines = [
        f"Your {trades:,} trades with features that know nothing, {len(answers)} times: how often",
        "each gate let one through. Gates that ask for something else than knowledge let luck",
        "through and are meant to; the last three lines are the promise (docs/evidence.md).",
        "",
        *(
            f"  {name.replace('_', ' '):<{width}} | {rate.happened:>3} of {rate.tries} | {rate} %"
            for name, rate in rates.items()
        ),
    ]
    without = [one.reason for one in answers if one.reason]
    if without:
        lines += ["", f"{len(without)} had no model: {without[0]}"]
    return "\n".join(lines)


def _recipe(settings: Settings) -> Recipe:
    """The scope's recipe for features of other names: without what needs the trade's own ATR."""
    recipe = Recipe.from_settings(settings)
    usual = Settings()
    training = msgspec.structs.replace(
        recipe.training,
        model="logistic" if recipe.training.model == "volatility" else recipe.training.model,
        target=usual.target,
        mae_unit=usual.mae_unit,
    )
    return recipe._replace(training=training)
