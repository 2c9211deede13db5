"""The parts of an evaluation: the same figures for each way of testing the same model.

Each part is a list of decisions with a verdict on each. What differs is who judged them: this
very model on the newest ones, or its recipe trained again before each window of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from msgspec.structs import asdict

from afterclose.arrays import Indices, Mask
from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.evaluating.account import FILTERED, RULES, Account, taken_away_from
from afterclose.evaluating.baselines import account_beside_baselines
from afterclose.evaluating.comparison import Outcomes, compare, compare_with_active
from afterclose.evaluating.figures import (
    NEWEST_WINDOWS,
    ActivePart,
    ListedTrades,
    Part,
    WalkForwardPart,
    Window,
)
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.listed_trades import listed_trades
from afterclose.evaluating.money_record import MoneyRecord, money_record
from afterclose.evaluating.options import EvaluationOptions
from afterclose.evaluating.reasons import Reasons, reasons_for
from afterclose.evaluating.track_record import TrackRecord, track_record
from afterclose.evaluating.verdicts import Policy, Verdicts
from afterclose.evaluating.walk_forward import walk_forward
from afterclose.learning.splits import EmbargoCutoff, chronological_split
from afterclose.learning.training import TrainingOptions, held_out_fraction
from afterclose.measures.metrics import RunAll

MAX_LISTED_TRADES = 20_000
"""Trades listed with their scores in each part: what a page can show, five megabytes of JSON."""

ACTIVE = "rules_active"
"""The active model's name among the policies."""


class Tested(NamedTuple):
    """Decisions that were judged without having been seen: ``rows`` ascending, and the verdicts.

    ``windows`` numbers the stretches of which each had a model of its own; None for one model.
    """

    rows: Indices
    verdicts: Verdicts
    windows: Indices | None = None


class HeldOut(NamedTuple):
    """This very model on the newest decisions, which its training left out."""

    tested: Tested
    part: Part
    trades: ListedTrades
    record: TrackRecord
    money: MoneyRecord | None


class Walked(NamedTuple):
    """The recipe, trained anew before each window."""

    part: WalkForwardPart
    trades: ListedTrades
    record: TrackRecord
    money: MoneyRecord | None


class VersusActive(NamedTuple):
    """The model beside the active one, on decisions that neither has learned from."""

    part: ActivePart
    record: TrackRecord
    money: MoneyRecord | None


@dataclass(frozen=True)
class Trial:
    """One model before its decisions: what each part is made from, and how it is measured.

    ``decisions`` has one row a decision, ``bad`` their labels; ``candidates_tried`` counts
    this model too, and ``run_all`` may work in parallel.
    """

    decisions: Dataset
    bad: Mask
    model: FrozenModel
    cutoff: EmbargoCutoff
    options: EvaluationOptions
    candidates_tried: int
    run_all: RunAll = map

    @cached_property
    def numbers(self) -> Dataset:
        """The decisions without their texts, which are slow to hand to another process."""
        return self.decisions.without_texts()

    @cached_property
    def outcomes(self) -> Outcomes:
        """How the decisions ended."""
        them = self.decisions
        return Outcomes(them.realized_pnl_pct, self.bad, them.exit_us, them.decision_us)

    @property
    def threshold(self) -> float:
        """The risk that the model blocks above."""
        return self.model.threshold(self.model.options.risk_threshold)

    @property
    def only_train(self) -> int:
        """How many of the first decisions are judged in no window: backtests, beside real ones."""
        backtests = self.decisions.backtests
        return backtests if backtests < len(self.decisions) else 0

    def judged(self, model: FrozenModel, rows: Indices) -> Verdicts:
        """What ``model`` says of the decisions at ``rows``, at this model's setting."""
        return model.judge(
            self.decisions.take(rows),
            risk_threshold=self.model.options.risk_threshold,
            max_abs_z=self.options.ood_max_z,
            sizing=self.options.sizes,
        )

    def part(self, tested: Tested) -> Part:
        """What came of the tested decisions, each counted alike and in money."""
        comparison = compare(
            self.outcomes.take(tested.rows),
            tested.verdicts,
            threshold=self.threshold,
            candidates_tried=self.candidates_tried,
            resamples=self.options.bootstrap_resamples,
            seed=self.model.options.seed,
            run_all=self.run_all,
        )
        first, last = _ends(self.decisions, tested.rows)
        return Part(
            **asdict(comparison),
            first_decision=first,
            last_decision=last,
            account=self.account(tested),
        )

    def account(self, tested: Tested, active: Policy | None = None) -> Account | None:
        """The account of the tested decisions, beside policies that need no model."""
        return account_beside_baselines(
            self.numbers,
            tested.rows,
            tested.verdicts.size,
            capital=self.options.capital,
            resamples=self.options.bootstrap_resamples,
            seed=self.model.options.seed,
            active=active,
            windows=tested.windows,
        )

    def listed(self, tested: Tested, reasons: Reasons) -> ListedTrades:
        """The tested decisions one by one, and why each was judged as it was."""
        return listed_trades(
            self.decisions,
            self.bad,
            tested.rows,
            tested.verdicts,
            reasons,
            most=MAX_LISTED_TRADES,
            windows=tested.windows,
        )

    def record(self, tested: Tested, **others: Mask) -> TrackRecord:
        """The track record of trading by the rules alone, by ``others``, and filtered."""
        rows, verdicts = tested.rows, tested.verdicts
        policies = {RULES: np.ones(len(rows), dtype=bool), **others, FILTERED: verdicts.keep}
        return track_record(self.decisions.take(rows), self.bad[rows], verdicts.score, policies)

    def money(
        self, tested: Tested, account: Account | None, **others: Policy
    ) -> MoneyRecord | None:
        """The ``account`` as a page draws it, under the rules, ``others`` and the filter."""
        if account is None:
            return None
        rows = tested.rows
        policies = {RULES: np.ones(len(rows)), **others, FILTERED: tested.verdicts.size}
        return money_record(self.decisions.take(rows), self.bad[rows], policies, account.capital)


def on_held_out(trial: Trial) -> HeldOut:
    """Judge the newest decisions by this very model."""
    model = trial.model
    rows = held_out_rows(trial.decisions, model.options)
    tested = Tested(rows, trial.judged(model, rows))
    part = trial.part(tested)
    reasons = reasons_for(trial.decisions, rows, model.stats, model.risks, tested.verdicts.score)
    return HeldOut(
        tested=tested,
        part=part,
        trades=trial.listed(tested, reasons),
        record=trial.record(tested),
        money=trial.money(tested, part.account),
    )


def walking_forward(trial: Trial) -> Walked:
    """Judge all but the oldest decisions by the model's recipe, which knew only their past."""
    walked = walk_forward(
        trial.numbers,
        trial.bad,
        trial.model.options,
        trial.cutoff,
        max_abs_z=trial.options.ood_max_z,
        sizing=trial.options.sizes,
        only_train=trial.only_train,
        run_all=trial.run_all,
    )
    windows = _window_of(walked.windows)
    tested = Tested(walked.rows, walked.verdicts, windows)
    newest = np.flatnonzero(windows >= len(walked.windows) - NEWEST_WINDOWS)
    lately = taken_away_from(
        trial.numbers.take(walked.rows[newest]),
        walked.verdicts.size[newest],
        resamples=trial.options.bootstrap_resamples,
        seed=trial.model.options.seed,
    )
    part = trial.part(tested)
    return Walked(
        part=WalkForwardPart(**asdict(part), windows=walked.windows, lately=lately),
        trades=trial.listed(tested, walked.reasons),
        record=trial.record(tested),
        money=trial.money(tested, part.account),
    )


def against_active(trial: Trial, held_out: Tested, active: FrozenModel) -> VersusActive:
    """Judge by both models what was decided after the ``active`` one's training data ended."""
    since = (active.last_train_exit - EPOCH) // MICROSECOND
    unseen = np.flatnonzero(trial.decisions.decision_us[held_out.rows] > since)
    both = Tested(held_out.rows[unseen], held_out.verdicts.take(unseen))
    theirs = trial.judged(active, both.rows)
    comparison = compare_with_active(
        active.model_id,
        len(held_out.rows),
        trial.outcomes.take(both.rows),
        both.verdicts,
        theirs,
        resamples=trial.options.bootstrap_resamples,
        seed=trial.model.options.seed,
        run_all=trial.run_all,
    )
    account = trial.account(both, active=theirs.size)
    return VersusActive(
        part=ActivePart(**asdict(comparison), account=account),
        record=trial.record(both, **{ACTIVE: theirs.keep}),
        money=trial.money(both, account, **{ACTIVE: theirs.size}),
    )


def held_out_rows(dataset: Dataset, options: TrainingOptions) -> Indices:
    """The newest rows, which training left out; purging never touches them."""
    fraction = held_out_fraction(dataset, options)
    return chronological_split(dataset.decision_us, dataset.exit_us, fraction).test


def _window_of(windows: Sequence[Window]) -> Indices:
    """The number of the window of each decision that walking forward tested."""
    return np.repeat(np.arange(len(windows)), [window.n_test for window in windows])


def _ends(dataset: Dataset, rows: Indices) -> tuple[str | None, str | None]:
    """When the first and the last of the decisions were made."""
    if not len(rows):
        return None, None
    first, last = (EPOCH + int(dataset.decision_us[rows[end]]) * MICROSECOND for end in (0, -1))
    return first.isoformat(), last.isoformat()
