"""The nightly work as a sequence of steps that share nothing but files.

Each step (build, train, evaluate, register) is a job of its own and finds its input on disk,
so a cycle that was killed half way is continued by the next one, and running the four by
hand leaves the same files. The cycle is those same steps in one process; a pipeline object
passing results along in memory would be a second path that only the cycle tests.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from msgspec import to_builtins
from msgspec.structs import asdict

from afterclose.clock import utc_now
from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import AftercloseError, CannotTell, InputError, MarketOpen
from afterclose.gating.auto_promotion import AutoPromotion, promote_if_passed
from afterclose.learning.artifacts import ModelStore, check_model_id
from afterclose.learning.blocking import blocking_of
from afterclose.market.clock import MarketClock
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.due import refuse_live_training
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.report.drawn import review_page, scope_page
from afterclose.scope_files import DECISIONS_FILE, EVALUATION_FILE
from afterclose.settings import Settings
from afterclose.wording.build import build_text
from afterclose.wording.cycle import cycle_text, promote_command, registration
from afterclose.wording.evaluation import evaluation_text
from afterclose.wording.money import refusal
from afterclose.wording.training import training_text

if TYPE_CHECKING:
    from afterclose.offline_evaluator import OfflineEvaluator
    from afterclose.offline_trainer import OfflineTrainer

_logger = logging.getLogger(__name__)

DRAWN_ONLY = ("trades", "track_record", "money")
"""Parts of an evaluation that only pages read: a job's answer is for people and scripts."""


class OfflineMLOrchestrator:
    """The steps of one scope. ``now`` of every method stands in for the wall clock.

    Put together by hand it works whenever it is called; `from_settings` adds the rules of
    the scope: no training while the market is open, and none in a live scope. A trainer or
    evaluator that is None is made from the settings when it is first needed: they import
    scikit-learn, which takes longer than most builds.
    """

    def __init__(
        self,
        dataset_builder: DatasetBuilder,
        trainer: "OfflineTrainer | None",
        evaluator: "OfflineEvaluator | None",
        registry: ModelRegistry,
        *,
        settings: Settings | None = None,
        clock: MarketClock | None = None,
    ) -> None:
        self.dataset_builder = dataset_builder
        self._given_trainer, self._given_evaluator = trainer, evaluator
        self.registry = registry
        self._settings, self._has_scope = settings or Settings(), settings is not None
        self._clock = clock
        self._work = Workplace(Path(dataset_builder.dataset_dir), settings)
        self._store = ModelStore(registry.model_dir)

    @classmethod
    def from_settings(cls, settings: Settings, *, clock: MarketClock | None = None) -> Self:
        """The orchestrator of the settings' scope."""
        return cls(
            DatasetBuilder.from_settings(settings),
            None,
            None,
            ModelRegistry.from_settings(settings),
            settings=settings,
            clock=clock or MarketClock.from_settings(settings, may_build=True),
        )

    @cached_property
    def trainer(self) -> "OfflineTrainer":
        """What `train` trains with."""
        from afterclose.offline_trainer import OfflineTrainer

        return self._given_trainer or OfflineTrainer.from_settings(
            self._settings, self.dataset_builder
        )

    @cached_property
    def evaluator(self) -> "OfflineEvaluator":
        """What `evaluate` evaluates with."""
        from afterclose.offline_evaluator import OfflineEvaluator

        return self._given_evaluator or OfflineEvaluator.from_settings(
            self._settings, self.dataset_builder
        )

    # --- the steps ----------------------------------------------------------------------

    def build(self, now: datetime | None = None) -> Outcome:
        """Add newly closed trades to the dataset. Raises IntegrityError for a damaged one."""
        moment = now or utc_now()
        with self._work.run("build", moment) as end:
            report = self.dataset_builder.build(moment)
            status = "done" if report.rows_added else "unchanged"
            reason = f"{report.rows_added} rows added, {report.rows_total} in all"
            details = report.as_dict()
            return end(
                Outcome(
                    job="build",
                    status=status,
                    reason=reason,
                    details=details,
                    text=build_text(report),
                )
            )

    def train(
        self,
        now: datetime | None = None,
        *,
        force: bool = False,
        dataset_version: str | None = None,
    ) -> Outcome:
        """Train a model, or say why not.

        Raises MarketOpen and LiveScopeRefused; a calendar that cannot tell is an outcome.
        """
        moment = now or utc_now()
        with self._work.run("train", moment) as end:
            if reason := self._cannot_train(moment):
                return end(Outcome(job="train", status="skipped", reason=reason))
            metrics = self.trainer.train(force=force, now=moment, dataset_version=dataset_version)
            status = {"trained": "done", "skipped": "skipped"}[metrics["status"]]
            return end(
                Outcome(
                    job="train",
                    status=status,
                    reason=metrics["reason"],
                    details=_without(metrics, "status", "reason"),
                    text=training_text(metrics),
                )
            )

    def evaluate(self, now: datetime | None = None, model_id: str | None = None) -> Outcome:
        """Evaluate a model, by default the newest that was not evaluated."""
        moment = now or utc_now()
        model_id = self._known(model_id)
        with self._work.run("evaluate", moment, model_id=model_id) as end:
            chosen = model_id or self._newest_without(self._is_evaluated)
            if chosen is None:
                return end(_nothing("evaluate", "every model has been evaluated"))
            evaluation, status, reason = self.evaluator.evaluate(chosen, now=moment)
            self.registry.record_evaluation(chosen, now=moment)
            page = review_page(self.registry.model_dir, chosen, self._settings)
            return end(
                Outcome(
                    job="evaluate",
                    status="done" if status == "evaluated" else "unchanged",
                    reason=reason,
                    details=to_builtins(_without(asdict(evaluation), *DRAWN_ONLY))
                    | {"report": page},
                    text=evaluation_text(evaluation),
                )
            )

    def register(self, now: datetime | None = None, model_id: str | None = None) -> Outcome:
        """Register a model as a candidate, by default the newest that is not registered.

        With ML_AUTO_PROMOTE a new candidate that passed every gate becomes active.
        """
        moment = now or utc_now()
        model_id = self._known(model_id)
        with self._work.run("register", moment, model_id=model_id) as end:
            known = self.registry.list_models()
            chosen = model_id or self._newest_without(known.__contains__)
            if chosen is None:
                return end(_nothing("register", "every model has been registered"))
            metrics = self._store.read_metadata(chosen)["metrics"]
            new = self.registry.register_candidate(chosen, metrics, now=moment)
            promotion = self._promote_if_passed(chosen, moment) if new else None
            self.registry.prune(self._settings.keep_models, now=moment)
            command = self._promote_command(chosen)
            outcome = registration(
                chosen,
                command,
                promotion,
                self._advice(chosen),
                threshold=self._threshold(chosen),
                new=new,
                evaluated=self._is_evaluated(chosen),
            )
            return end(outcome)

    # --- the cycle ----------------------------------------------------------------------

    def run_offline_ml_cycle(
        self,
        force_train: bool = False,
        now: datetime | None = None,
        *,
        session: str | None = None,
        attempt: int | None = None,
    ) -> Outcome:
        """Build, train, evaluate and register; ``session`` and ``attempt`` go to the journal.

        Steps that an earlier, interrupted cycle left open are finished too. Raises
        LiveScopeRefused, and what the steps raise; an open market is an outcome.
        """
        moment = now or utc_now()
        run = self._work.run("cycle", moment, session=session, attempt=attempt)
        with self._scope_page_after(moment), run as end:
            if reason := self._closed_or_reason(moment):
                return end(Outcome(job="cycle", status="skipped", reason=reason))
            shadows = self._follow_blocked(moment)
            built = self.build(moment)
            trained = self.train(moment, force=force_train)
            evaluated = self.evaluate(moment)
            previous_active = self.registry.get_active_model()
            registered = self.register(moment)
            watched = self._watch(moment)
            steps = [built, trained, evaluated, registered]
            model_id = registered.details.get("model_id")
            done = registered.status == "done"
            return end(
                Outcome(
                    job="cycle",
                    status="done" if done else "skipped",
                    reason=registered.reason if done else trained.reason,
                    details={
                        "session": session,
                        "model_id": model_id if done else None,
                        "auto_promotion": registered.details.get("auto_promotion"),
                        "steps": {step.job: step.status for step in steps},
                        "monitor": watched and {"status": watched.status, "reason": watched.reason},
                        "shadow": shadows and shadows.details | {"reason": shadows.reason},
                        "rows_added": built.details["rows_added"],
                        "rows_total": built.details["rows_total"],
                    },
                    text=self._cycle_text(
                        steps, shadows, watched, model_id if done else None, previous_active
                    ),
                )
            )

    def maybe_load_active_model(self) -> str | None:
        """Load the active model into the trainer; its id, or None when there is none to load.

        Never raises: what is missing, damaged or unreadable (a file, the registry, the volume)
        is said as a warning, and trading goes by the rules.
        """
        try:
            active = self.registry.get_active_model()
            if active is not None:
                self.trainer.load_model(active)
        except Exception as error:  # noqa: BLE001 - a damaged file may raise anything in a library
            _logger.warning("the active model was not loaded: %s", error)
            return None
        return active

    # --- the scope's rules --------------------------------------------------------------

    def _follow_blocked(self, now: datetime) -> Outcome | None:
        """The outcomes of blocked entries, where there are bars to follow them by.

        Bars that cannot be read cost the shadows of a night, and not the night: it is said.
        """
        if not self._has_scope or not self._settings.bars_file:
            return None
        from afterclose.history.shadow import follow_blocked

        try:
            return follow_blocked(self._settings, now, self._settings.bars_file)
        except AftercloseError as error:
            return Outcome(job="shadow", status="skipped", reason=f"nothing followed: {error}")

    def _watch(self, now: datetime) -> Outcome | None:
        """The monitor's step, where a filter has been asked; what fails in it is said."""
        if not self._has_scope or not (self._settings.root / DECISIONS_FILE).exists():
            return None
        from afterclose.monitoring.monitor import watch

        clock = self._clock or MarketClock.from_settings(self._settings, may_build=True)
        try:
            return watch(self._settings, now, clock)
        except AftercloseError as error:
            return Outcome(job="monitor", status="skipped", reason=f"nothing watched: {error}")

    def _cannot_train(self, now: datetime) -> str:
        """Why the calendar forbids training without an error. Raises where a rule refuses."""
        refuse_live_training(self._settings)
        try:
            if self._clock and self._clock.market_open_for_training(now):
                raise MarketOpen(
                    f"training refused: the market is open at {now.isoformat()}; "
                    "run again after its close"
                )
        except CannotTell as error:
            return f"cannot tell whether the market is closed: {error}"
        return ""

    def _closed_or_reason(self, now: datetime) -> str:
        try:
            return self._cannot_train(now)
        except MarketOpen as error:
            return str(error)

    def _known(self, model_id: str | None) -> str | None:
        if model_id is not None and check_model_id(model_id) not in self._store.model_ids():
            raise InputError(f"there is no model {model_id} in {self._store.model_dir}")
        return model_id

    def _newest_without(self, has_it: Callable[[str], bool]) -> str | None:
        return next((name for name in self._store.model_ids() if not has_it(name)), None)

    def _is_evaluated(self, model_id: str) -> bool:
        return (self._store.folder(model_id) / EVALUATION_FILE).is_file()

    @contextmanager
    def _scope_page_after(self, now: datetime) -> Iterator[None]:
        """Draw the scope's page once the body has ended well; a failed job changes no page."""
        yield
        if self._has_scope:
            scope_page(self._settings, now)

    def _promote_command(self, model_id: str) -> str:
        return promote_command(model_id, self._settings)

    def _threshold(self, model_id: str) -> str:
        """Where a model blocks, in words."""
        metrics = self._store.read_metadata(model_id)["metrics"]
        return blocking_of(metrics, self._settings.risk_threshold).words()

    def _promote_if_passed(self, model_id: str, now: datetime) -> AutoPromotion | None:
        """What came of the automatic promotion; None where it is not set."""
        if not self._settings.auto_promote:
            return None
        if not self._is_evaluated(model_id):
            return AutoPromotion(False, "it has not been evaluated")
        answer = self.evaluator.gates_answer(model_id, now=now)
        return promote_if_passed(self.registry, model_id, answer, now)

    def _advice(self, model_id: str) -> tuple[str, ...]:
        """What the gates say against a model, and what it means in money; empty if nothing.

        What this process has found out itself counts, and not what the file says of it.
        """
        from afterclose.gating.stored import read_evaluation  # NumPy: not for an idle tick

        if not self._is_evaluated(model_id):
            return ()
        evaluation = read_evaluation(self._store.folder(model_id))
        answer = self.evaluator.answered(model_id) or evaluation.gates
        return tuple(line for line in refusal(answer, evaluation.walk_forward.account) if line)

    def _cycle_text(
        self,
        steps: list[Outcome],
        shadows: Outcome | None,
        watched: Outcome | None,
        model_id: str | None,
        previous_active: str | None,
    ) -> str:
        promotion = steps[3].details.get("auto_promotion")
        sections = [shadows.text or shadows.reason] if shadows else []
        sections += [step.text for step in steps[:3] if step.text]
        sections += [watched.text or watched.reason] if watched else []
        sections.append(
            cycle_text(
                model_id,
                reason=steps[1].reason,
                previous_active=previous_active,
                command=self._promote_command(model_id) if model_id else "",
                threshold=self._threshold(model_id) if model_id else "",
                page=steps[2].details.get("report"),
                promotion=AutoPromotion(**promotion) if promotion else None,
                advice=self._advice(model_id) if model_id else (),
            )
        )
        return "\n\n".join(section.rstrip("\n") for section in sections)


def _nothing(job: str, reason: str) -> Outcome:
    return Outcome(job=job, status="nothing_due", reason=reason)


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
