"""What the filter would have been worth on a history: a file of daily prices, or one's own trades.

History is lived through night by night (`afterclose.study.lived`): the trades that have ended go
into a ledger, the nightly cycle builds, trains, evaluates and registers as it does in production,
and each rule of promotion decides what becomes active: every gate, and, beside it, what it would
have cost without them. From the next open on, each entry is asked of the risk filter. So every
number is of trades that no model, and no promotion, had seen.

Recipes that are compared are tries: the gates are told how many came before, and the page says it.
The scopes live in temporary folders and are removed; no page of theirs is kept.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from afterclose.config import with_changes
from afterclose.dataset.columns import Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import write_atomic
from afterclose.errors import InputError
from afterclose.evaluating.figures import GateOptions
from afterclose.gating.alpha_spending import alpha_of_recipe
from afterclose.learning.blocking import blocking_asked
from afterclose.progress import Progress, showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.books import Book
from afterclose.study.lived import LivedHistory
from afterclose.study.nights import Stride, nights_between
from afterclose.study.promotion_rules import NAIVE, NEWEST, every_gate
from afterclose.study.results import Beside, Study
from afterclose.study.sources import Source, ledger_source, prices_source
from afterclose.study.text import comparison_text, page_with, study_text, title_of
from afterclose.study.worth import beside, expectancy_change, sizes_of, worths_of

KEEP_ALL_MODELS: Final = 100_000

RECIPE: Final = (
    *("model", "target", "mae_threshold", "mae_unit", "risk_threshold", "threshold_mode"),
    *("block_share", "sizing", "min_size"),
    *("sample_weights", "calibration", "min_dataset_size", "test_fraction", "embargo_sessions"),
    *("seed", "ood_max_z", "objective", "capital"),
    *("gate_alpha", "gate_min_trades", "gate_min_kept_share", "gate_min_window_share"),
    *("gate_blocked_confidence", "bar_features"),
)
"""Settings that may change what a study finds."""


class StudyRequest(NamedTuple):
    """What to study: files of ``prices``, or a ``ledger``; and how.

    ``recipes`` are compared with the settings' own, each written as ``ML_TARGET=r``, several
    settings with a comma between. ``every`` is how often the nightly work is done: each night
    for a ledger, each month for prices, where it is None.
    """

    prices: Sequence[str] = ()
    ledger: str | None = None
    recipes: Sequence[str] = ()
    every: Stride | None = None
    out: str | None = None


class _Lived(NamedTuple):
    """A study, and the decisions and sizes that it rests on."""

    study: Study
    dataset: Dataset
    newest: dict[str, float]


def run_study(
    settings: Settings, now: datetime, asked: StudyRequest, *, quiet: bool = False
) -> Outcome:
    """Study what is asked; print its sections, and put them into the page ``out`` if named.

    ``settings`` are the user's but for the scope, and for prices the calendar and the costs.
    Raises InputError for a file that cannot be used, ConfigError for a recipe, StorageError.
    """
    recipes = [settings, *(with_changes(settings, changes) for changes in asked.recipes)]
    studies: list[Study] = []
    sections: dict[str, str] = {}
    details: dict[str, object] = {}
    every = asked.every or ("night" if asked.ledger else "month")
    for sources in _histories(recipes, now, asked):
        source = sources[settings.bar_features]
        lived = [
            _live(sources[recipe.bar_features], recipe, every, number, len(recipes), quiet=quiet)
            for number, recipe in enumerate(recipes, 1)
        ]
        studies += [one.study for one in lived]
        sections |= {_title(one.study): study_text(one.study) for one in lived}
        if len(lived) > 1:
            found = _besides(lived, settings)
            title = f"{source.name}, recipes compared"
            sections[title] = comparison_text(title, lived[0].study, found)
            details["compared"] = msgspec.to_builtins(found)
    if asked.out:
        for title, section in sections.items():
            _put_into(Path(asked.out), title, section)
    decisions = sum(study.worths.decisions for study in studies if study.number == 1)
    promoted = sum(len(study.worths.books[0].promotions) for study in studies)
    return Outcome(
        job="study",
        status="done",
        reason=f"{decisions} trades, {promoted} promotions",
        details=details | {"studies": msgspec.to_builtins(studies)},
        text="\n\n".join(sections.values()),
    )


def recipe_of(settings: Settings) -> list[str]:
    """The settings of `RECIPE` that are not the defaults, as ``ML_NAME=value``."""
    usual = Settings()
    return [
        f"ML_{name.upper()}={getattr(settings, name)}"
        for name in RECIPE
        if getattr(settings, name) != getattr(usual, name)
    ]


def study_source(
    source: Source,
    settings: Settings,
    every: Stride,
    books: Sequence[Book],
    progress: Progress,
) -> LivedHistory:
    """Live ``source`` through in the scope of ``settings``."""
    nights = nights_between(settings, source.first, source.last, every)
    lived = LivedHistory(settings, source.trades, books, progress)
    lived.live_through(nights)
    return lived


def _histories(
    recipes: Sequence[Settings], now: datetime, asked: StudyRequest
) -> Iterator[dict[str, Source]]:
    """Each history by the recipes' ML_BAR_FEATURES: the same trades, with other features."""
    if bool(asked.ledger) == bool(asked.prices):
        raise InputError("name prices or a ledger: make study DATA=prices.csv, or LEDGER=...")
    computed = {recipe.bar_features: recipe for recipe in reversed(recipes)}
    if asked.ledger:
        if len(computed) > 1:
            raise InputError(
                "ML_BAR_FEATURES changes nothing in a ledger, which has its features already; "
                "import it anew with BARS=, or compare by DATA="
            )
        yield {recipes[0].bar_features: ledger_source(recipes[0], asked.ledger, now)}
    for path in asked.prices:
        yield {chosen: prices_source(one, Path(path)) for chosen, one in computed.items()}


def _live(
    source: Source, recipe: Settings, every: Stride, number: int, recipes: int, *, quiet: bool
) -> _Lived:
    """One recipe on one history, in a scope of its own that is removed."""
    with TemporaryDirectory(prefix="afterclose-study-") as folder:
        settings = _study_settings(recipe, source.settings, folder)
        gates = every_gate(GateOptions.from_settings(settings), tries_before=number - 1)
        books = [Book(rule, settings) for rule in (gates, NAIVE, NEWEST)]
        nights = len(nights_between(settings, source.first, source.last, every))
        title = _words(source.name, recipe)
        with showing_progress(title, nights, quiet=quiet) as progress:
            progress.say(f"{title}: {len(source.trades)} trades, {nights} stops, one a {every}")
            lived = study_source(source, settings, every, books, progress)
        dataset = DatasetBuilder.from_settings(settings).load()
        return _Lived(
            Study(
                data=source.name,
                of=source.of,
                recipe=recipe_of(recipe),
                number=number,
                recipes=recipes,
                alpha_left=alpha_of_recipe(settings.gate_alpha, number),
                threshold=blocking_asked(settings).words(),
                calendar=settings.calendar_name,
                first_session=source.first.isoformat(),
                last_session=source.last.isoformat(),
                left_out=dict(source.left_out),
                every=every,
                cycles=lived.cycles,
                candidates=lived.candidates,
                refused=dict(lived.refused.most_common()),
                what_next=lived.what_next,
                worths=worths_of(dataset, books, settings),
            ),
            dataset,
            books[-1].sizes,
        )


def _besides(lived: Sequence[_Lived], settings: Settings) -> list[Beside]:
    """Each further recipe less the first, on the decisions that both judged."""
    first = lived[0]
    found = []
    for other in lived[1:]:
        both = [name in first.newest and name in other.newest for name in first.dataset.trade_id]
        trades = first.dataset.take(np.flatnonzero(both))
        sizes = sizes_of(trades, first.newest), sizes_of(trades, other.newest)
        found.append(
            Beside(
                recipe=other.study.recipe,
                decisions=len(trades),
                account=beside(trades, *sizes, settings),
                per_trade=expectancy_change(trades, *sizes, settings),
            )
        )
    return found


def _study_settings(recipe: Settings, source: Settings, folder: str) -> Settings:
    return replace(
        recipe,
        logs_dir=folder,
        env="paper",
        calendar=source.calendar,
        fees_bps=source.fees_bps,
        slippage_bps=source.slippage_bps,
        ledger_file="",
        bars_file="",
        shadow_blocked=True,
        auto_promote=False,
        keep_models=KEEP_ALL_MODELS,
    )


def _title(study: Study) -> str:
    return title_of(study.data, study.recipe)


def _words(name: str, recipe: Settings) -> str:
    return title_of(name, recipe_of(recipe))


def _put_into(page: Path, title: str, section: str) -> None:
    """Replace the section of that title in the page, or add it at its end."""
    try:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
    except (OSError, ValueError) as error:
        raise InputError(f"{page}: not a page of text: {error}") from None
    write_atomic(page, page_with(before, title, section).encode())
