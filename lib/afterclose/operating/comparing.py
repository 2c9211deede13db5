"""Two models of a scope side by side, as a page: `make compare A=… B=…`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from afterclose.dataset.columns import Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import InputError
from afterclose.evaluating.figures import ListedTrades
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.side_by_side import FIRST, Judged, SideBySide, judged_by, side_by_side
from afterclose.gating.stored import read_evaluation
from afterclose.learning.artifacts import ModelStore, check_model_id
from afterclose.learning.blocking import blocking_of
from afterclose.learning.training import label
from afterclose.nightly.work import Workplace
from afterclose.offline_evaluator import OfflineEvaluator
from afterclose.records import Outcome
from afterclose.registry.reader import read_registry
from afterclose.report.compare_writer import write_compare_page
from afterclose.scope_files import EVALUATION_FILE
from afterclose.settings import Settings
from afterclose.wording.money import more_or_less, signed

MOST_NAMED: Final = 5
"""Models in a message that asks for two."""


def compare(
    settings: Settings, now: datetime, first: str | None = None, second: str | None = None
) -> Outcome:
    """Draw the page of ``second`` (the newest candidate) against ``first`` (the active model).

    Raises InputError for a model that is not there or was not evaluated, and when no
    decision was judged by both.
    """
    one, other = _chosen(settings, first, second)
    with Workplace.from_settings(settings).run("compare", now) as end:
        found = _found(settings, one, other)
        path = write_compare_page(settings, found, one, other)
        change = found.account.differences[FIRST]["net_pnl"]
        sure = (
            f" (95 %: {signed(change.low)} to {signed(change.high)})"
            if change.low is not None and change.high is not None
            else ""
        )
        said = (
            f"On the same {found.decisions:,} decisions {other} would have earned "
            f"{more_or_less(change.value)} than {one}{sure}."
        )
        return end(
            Outcome(
                job="compare",
                status="done",
                reason=said,
                details={
                    "first": one,
                    "second": other,
                    "decisions": found.decisions,
                    "net_pnl_difference": change.value,
                    "low": change.low,
                    "high": change.high,
                    "page": str(path.absolute()),
                },
                text="\n".join(
                    [
                        said,
                        *_thresholds(settings, one, other),
                        "Open in a browser:",
                        f"  {path.absolute()}",
                    ]
                ),
            )
        )


def _thresholds(settings: Settings, *names: str) -> Iterator[str]:
    """Where each of the models blocks."""
    store = ModelStore(settings.model_dir)
    for name in names:
        metrics = store.read_metadata(name)["metrics"]
        yield f"Threshold of {name}: {blocking_of(metrics, settings.risk_threshold).words()}"


def _chosen(settings: Settings, first: str | None, second: str | None) -> tuple[str, str]:
    """The two ids, the active model and the newest candidate where none is named."""
    state = read_registry(settings.model_dir, settings.signing_key)
    waiting = [name for name, record in state.state.models.items() if record.state == "candidate"]
    one = first or (state.active.model_id if state.active else "")
    other = second or max(waiting, default="")
    known = ModelStore(settings.model_dir).model_ids()
    if not one or not other:
        lacking = "no candidate waits" if one else "no model is active"
        have = ", ".join(known[:MOST_NAMED]) or "none; `make cycle` makes one"
        raise InputError(
            f"{lacking}: name two models, make compare A=… B=…; the newest here: {have}"
        )
    if one == other:
        raise InputError(f"{one} against itself says nothing; name two: make compare A=… B=…")
    for name in map(check_model_id, (one, other)):
        if name not in known:
            raise InputError(f"there is no model {name} in {settings.model_dir}")
        if not (settings.model_dir / name / EVALUATION_FILE).is_file():
            raise InputError(f"{name} has not been evaluated: make evaluate ID={name}")
    return one, other


def _found(settings: Settings, first: str, second: str) -> SideBySide:
    builder = DatasetBuilder.from_settings(settings)
    evaluator = OfflineEvaluator.from_settings(settings, builder)
    dataset = builder.load()
    models = [evaluator.frozen(name) for name in (first, second)]
    found = side_by_side(
        dataset,
        label(dataset, models[1].options),
        *(_judged(settings, evaluator, model, dataset) for model in models),
        capital=settings.capital,
        resamples=settings.bootstrap_resamples,
        seed=settings.seed,
    )
    if found is None:
        raise InputError(
            f"{first} and {second} judged no decision in common: evaluate a newer model"
        )
    return found


def _judged(
    settings: Settings, evaluator: OfflineEvaluator, model: FrozenModel, dataset: Dataset
) -> Judged:
    evaluation = read_evaluation(settings.model_dir / model.model_id)
    said = model.judge(
        dataset,
        risk_threshold=model.options.risk_threshold,
        max_abs_z=evaluator.options.ood_max_z,
        sizing=evaluator.options.sizes,
    )
    walked = evaluation.trades.get("walk_forward")
    listed = walked or ListedTrades(
        trades=0, listed=0, trade_id=[], score=[], pnl=[], bad=[], allowed=[]
    )
    return judged_by(model, listed, dataset, said)
