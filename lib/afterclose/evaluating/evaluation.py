"""One evaluation, as pure arithmetic: from a dataset and a frozen model to all the figures.

All out of sample. The held-out part judges this model, on the newest trades, which its
training never saw. Walking forward judges the recipe on many more, and combinatorial
cross-validation on other orders of the same history. Scores on training rows are not
computed at all, so nobody can mistake them for evidence.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Indices, Mask
from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.dataset.decisions import one_row_a_decision
from afterclose.evaluating.account import FILTERED, RULES, Account, taken_away_from
from afterclose.evaluating.baselines import account_beside_baselines
from afterclose.evaluating.comparison import Outcomes, compare, compare_with_active
from afterclose.evaluating.cross_validation import cross_validate
from afterclose.evaluating.evidence import evidence
from afterclose.evaluating.figures import NEWEST_WINDOWS, Window
from afterclose.evaluating.importance import permutation_importance
from afterclose.evaluating.leaks import leaks_of
from afterclose.evaluating.listed_trades import listed_trades
from afterclose.evaluating.money_record import MoneyRecord, money_record
from afterclose.evaluating.notes import (
    active_notes,
    backtest_notes,
    cross_validation_notes,
    leak_notes,
    part_notes,
    walk_forward_notes,
)
from afterclose.evaluating.prequential import judge_once, track_of
from afterclose.evaluating.reasons import reasons_for
from afterclose.evaluating.track_record import TrackRecord, track_record
from afterclose.evaluating.verdicts import (
    WHOLE_OR_NOTHING,
    Policy,
    Risks,
    Sizing,
    Verdicts,
    feature_values,
    judge,
)
from afterclose.evaluating.walk_forward import walk_forward
from afterclose.learning.features import FeatureStats
from afterclose.learning.splits import EmbargoCutoff, chronological_split
from afterclose.learning.training import TrainingOptions, held_out_fraction, label
from afterclose.measures.metrics import RunAll
from afterclose.settings import Settings

MAX_LISTED_TRADES: Final = 20_000
"""Trades listed with their scores in each part: what a page can show, five megabytes of JSON."""


class FrozenModel(NamedTuple):
    """A model as published: how it was trained and until when, and its arithmetic.

    ``last_train_exit`` is when the last outcome that it learned from became known,
    ``tuned_threshold`` None for a model that is used with the setting's, and
    ``regularisation_c`` what was chosen for the logistic regression in it, if there is one.
    ``exact`` is the filter's own arithmetic where ``risks`` only comes near to it.
    """

    model_id: str
    options: TrainingOptions
    last_train_exit: datetime
    stats: list[FeatureStats]
    risks: Risks
    tuned_threshold: float | None = None
    regularisation_c: float | None = None
    exact: Risks | None = None

    def threshold(self, risk_threshold: float) -> float:
        """The risk it blocks above where ML_RISK_THRESHOLD is ``risk_threshold``."""
        return risk_threshold if self.tuned_threshold is None else self.tuned_threshold

    def judge(
        self,
        dataset: Dataset,
        *,
        risk_threshold: float,
        max_abs_z: float,
        sizing: Sizing = WHOLE_OR_NOTHING,
    ) -> Verdicts:
        """The verdict on every trade of ``dataset`` (`verdicts.judge`)."""
        return judge(
            dataset,
            self.stats,
            self.exact or self.risks,
            threshold=self.threshold(risk_threshold),
            max_abs_z=max_abs_z,
            sizing=sizing,
        )


class EvaluationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to evaluate; names and meanings are those of `Settings`.

    What made the model (label, threshold, split, seed) is not an option: the model says it.
    """

    ood_max_z: float = 8.0
    bootstrap_resamples: int = 10_000
    sizing: str = "off"
    min_size: float = 0.25
    capital: float = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> "EvaluationOptions":
        """The options of a scope."""
        return settings.options(cls)

    @property
    def sizes(self) -> Sizing:
        """How a risk becomes a size."""
        return Sizing(self.sizing, self.min_size)


def evaluate_model(
    dataset: Dataset,
    model: FrozenModel,
    cutoff: EmbargoCutoff,
    options: EvaluationOptions,
    *,
    active: FrozenModel | None,
    candidates_tried: int,
    run_all: RunAll = map,
) -> dict[str, Any]:
    """All figures of ``model`` on the dataset that it was trained on, as JSON values.

    What is counted is decisions: rows of one decision are put together first.

    ``active`` is the model to replace, if any; ``candidates_tried`` counts this one too;
    ``run_all`` may walk forward and resample in parallel. Nothing is NaN: what has no value
    is None, and a sentence in ``notes`` says why.
    """
    dataset = one_row_a_decision(dataset)
    risk_threshold, seed = model.options.risk_threshold, model.options.seed
    threshold = model.threshold(risk_threshold)
    tuned = model.tuned_threshold is not None
    resamples = options.bootstrap_resamples
    bad = label(dataset, model.options)
    outcomes = Outcomes(dataset.realized_pnl_pct, bad, dataset.exit_us, dataset.decision_us)
    sizing, seen_z = options.sizes, options.ood_max_z
    judged = partial(
        FrozenModel.judge, risk_threshold=risk_threshold, max_abs_z=seen_z, sizing=sizing
    )
    counted = partial(
        account_beside_baselines, capital=options.capital, resamples=resamples, seed=seed
    )
    compared = partial(
        compare,
        threshold=threshold,
        candidates_tried=candidates_tried,
        resamples=resamples,
        seed=seed,
        run_all=run_all,
    )
    rows = held_out_rows(dataset, model.options)
    verdicts = judged(model, dataset.take(rows))
    held_out = compared(outcomes.take(rows), verdicts)
    numbers = dataset.without_texts()
    backtests = dataset.backtests
    only_train = backtests if backtests < len(dataset) else 0
    walked = walk_forward(
        numbers,
        bad,
        model.options,
        cutoff,
        max_abs_z=seen_z,
        sizing=sizing,
        only_train=only_train,
        run_all=run_all,
    )
    walk = compared(outcomes.take(walked.rows), walked.verdicts)
    crossed = cross_validate(
        numbers,
        bad,
        model.options,
        cutoff,
        regularisation_c=model.regularisation_c,
        max_abs_z=seen_z,
        sizing=sizing,
        run_all=run_all,
    )
    once = judge_once(numbers, model.options, cutoff, max_abs_z=seen_z, run_all=run_all)
    track = track_of(numbers, once, backtests=only_train)
    replayed = once.only(once.rows < only_train)
    records = {
        "held_out": _record(dataset, bad, rows, verdicts),
        "walk_forward": _record(dataset, bad, walked.rows, walked.verdicts),
    }
    windows = _window_of(walked.windows)
    accounts = {
        "held_out": counted(numbers, rows, verdicts.size),
        "walk_forward": counted(numbers, walked.rows, walked.verdicts.size, windows=windows),
    }
    in_money = partial(_money, dataset, bad)
    money = {
        "held_out": in_money(rows, accounts["held_out"], {FILTERED: verdicts.size}),
        "walk_forward": in_money(
            walked.rows, accounts["walk_forward"], {FILTERED: walked.verdicts.size}
        ),
    }
    versus_active = compared_active = None
    if active:
        unseen = dataset.decision_us[rows] > _microseconds(active.last_train_exit)
        both, both_verdicts = rows[unseen], verdicts.take(np.flatnonzero(unseen))
        active_verdicts = judged(active, dataset.take(both))
        compared_active = compare_with_active(
            active.model_id,
            len(rows),
            outcomes.take(both),
            both_verdicts,
            active_verdicts,
            resamples=resamples,
            seed=seed,
            run_all=run_all,
        )
        sizes = {"rules_active": active_verdicts.size, FILTERED: both_verdicts.size}
        accounts["versus_active"] = counted(
            numbers, both, both_verdicts.size, active=active_verdicts.size
        )
        versus_active = msgspec.structs.asdict(compared_active) | {
            "account": accounts["versus_active"]
        }
        money["versus_active"] = in_money(both, accounts["versus_active"], sizes)
        records["versus_active"] = _record(
            dataset, bad, both, both_verdicts, rules_active=active_verdicts.keep
        )
    leaks, known_together = leaks_of(numbers, bad)
    newest = np.flatnonzero(windows >= len(walked.windows) - NEWEST_WINDOWS)
    lately = taken_away_from(
        numbers.take(walked.rows[newest]),
        walked.verdicts.size[newest],
        resamples=resamples,
        seed=seed,
    )
    figures = {
        "threshold": threshold,
        "threshold_mode": model.options.threshold_mode if tuned else "fixed",
        "held_out": _period(dataset, rows)
        | msgspec.structs.asdict(held_out)
        | {"account": accounts["held_out"]},
        "walk_forward": _period(dataset, walked.rows)
        | {"windows": walked.windows, "lately": lately}
        | msgspec.structs.asdict(walk)
        | {"account": accounts["walk_forward"]},
        "cpcv": crossed,
        "real_decisions": len(dataset) - backtests,
        "backtest": counted(numbers, replayed.rows, replayed.verdicts.size) if only_train else None,
        "versus_active": versus_active,
        "evidence": evidence(track),
        "leaks": leaks,
        "known_together": known_together,
        "importance": permutation_importance(
            [feature.name for feature in model.stats],
            feature_values(dataset.take(rows), model.stats),
            bad[rows],
            model.risks,
            seed=seed,
        ),
        "track_record": records,
        "money": money,
        "notes": [
            *part_notes("held-out", held_out, tuned=tuned),
            *part_notes("walk-forward", walk, tuned=tuned),
            *walk_forward_notes(walked.windows, len(dataset)),
            *cross_validation_notes(crossed, len(dataset)),
            *(active_notes(compared_active) if compared_active else ()),
            *leak_notes(leaks),
            *backtest_notes(backtests, len(dataset) - backtests),
        ],
        "trades": {
            "held_out": listed_trades(
                dataset,
                bad,
                rows,
                verdicts,
                reasons_for(dataset, rows, model.stats, model.risks, verdicts.score),
                most=MAX_LISTED_TRADES,
            ),
            "walk_forward": listed_trades(
                dataset,
                bad,
                walked.rows,
                walked.verdicts,
                walked.reasons,
                most=MAX_LISTED_TRADES,
                windows=windows,
            ),
        },
    }
    plain: dict[str, Any] = msgspec.to_builtins(figures)
    return plain


def _window_of(windows: Sequence[Window]) -> Indices:
    """The number of the window of each decision that walking forward tested."""
    return np.repeat(np.arange(len(windows)), [window.n_test for window in windows])


def held_out_rows(dataset: Dataset, options: TrainingOptions) -> Indices:
    """The newest rows, which training left out; purging never touches them."""
    fraction = held_out_fraction(dataset, options)
    return chronological_split(dataset.decision_us, dataset.exit_us, fraction).test


def _period(dataset: Dataset, rows: Indices) -> dict[str, str | None]:
    ends = [_moment(dataset.decision_us[rows[end]]) for end in (0, -1)] if len(rows) else [None] * 2
    return dict(zip(("first_decision", "last_decision"), ends, strict=True))


def _record(
    dataset: Dataset, bad: Mask, rows: Indices, verdicts: Verdicts, **others: Mask
) -> TrackRecord:
    """The track record of trading ``rows`` by the rules alone, by ``others``, and filtered."""
    policies = {"rules_only": np.ones(len(rows), dtype=bool), **others, "rules_ml": verdicts.keep}
    return track_record(dataset.take(rows), bad[rows], verdicts.score, policies)


def _money(
    dataset: Dataset,
    bad: Mask,
    rows: Indices,
    account: Account | None,
    sizes: Mapping[str, Policy],
) -> MoneyRecord | None:
    """The account of ``rows`` as a page draws it, under the rules and ``sizes``."""
    if account is None:
        return None
    policies = {RULES: np.ones(len(rows)), **sizes}
    return money_record(dataset.take(rows), bad[rows], policies, account.capital)


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(since_epoch_us: int) -> str:
    return (EPOCH + int(since_epoch_us) * MICROSECOND).isoformat()
