"""Judges a published model on trades that it never saw, once, and writes down the answer.

What is measured is `afterclose.evaluating.evaluation`; here are the disk, the digests and the
active model. The model is scored with the very files that would trade, so a linear one by its
scorecard and not by the pipeline that it was folded from. The answer of the promotion gates stands
beside the figures, for people and for the automatic promotion to read. The same model, dataset,
registry and moment give the same bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

from msgspec import convert
from msgspec.structs import asdict, replace

from afterclose.clock import utc_now
from afterclose.dataset.columns import Dataset
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import InputError, IntegrityError
from afterclose.evaluating.evaluation import evaluate_model
from afterclose.evaluating.figures import (
    DatasetVersion,
    Evaluation,
    GateOptions,
    GatesAnswer,
    Head,
    Recipe,
)
from afterclose.evaluating.frozen_model import FrozenModel
from afterclose.evaluating.options import EvaluationOptions
from afterclose.evaluating.verdicts import linear_risks, scorer_risks
from afterclose.gating.alpha_spending import recipe_id, recipe_number
from afterclose.gating.promotion import ask_gates
from afterclose.gating.stored import read_evaluation, write_evaluation
from afterclose.gating.tried_recipes import tried_recipes
from afterclose.learning.artifacts import ModelStore, load_estimator
from afterclose.learning.features import FeatureStats
from afterclose.learning.models import one_core, predict_risks
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.splits import EmbargoCutoff
from afterclose.learning.training import TrainingOptions
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.market.embargo import embargo_cutoff
from afterclose.offline_trainer import DatasetSource
from afterclose.parallel import run_all
from afterclose.registry.reader import RegistryReader, RegistryView
from afterclose.scope_files import EVALUATION_FILE, METADATA_FILE, MODEL_FILE, SCORECARD_FILE
from afterclose.settings import Settings

REGISTRATIONS: Final = ("registered", "imported")


class Evaluated(NamedTuple):
    """An evaluation, and whether it was made now or (an evaluation is never overwritten) before."""

    evaluation: Evaluation
    status: Literal["evaluated", "unchanged"]
    reason: str = ""


class OfflineEvaluator:
    """Evaluates the models of ``model_dir`` on ``dataset_builder``'s data.

    ``registry`` (that of ``model_dir`` unless given) is only read: for digests to trust,
    the active model, and what was tried before. ``gates`` are the bounds of the promotion
    gates, whose answer is part of the evaluation. ``n_jobs``, ``joblib_backend`` and
    ``dask_scheduler`` say how to walk forward and to resample (`afterclose.parallel`); they do not
    change a figure. The other options are those of `EvaluationOptions`.
    """

    def __init__(
        self,
        model_dir: Path | str,
        dataset_builder: DatasetSource,
        registry: RegistryReader | None = None,
        options: EvaluationOptions | None = None,
        *,
        gates: GateOptions | None = None,
        n_jobs: int = 1,
        joblib_backend: str = "loky",
        dask_scheduler: str = "",
    ) -> None:
        self.model_dir = Path(model_dir)
        self.dataset_builder = dataset_builder
        self.registry = registry or RegistryReader(self.model_dir)
        self.options = options or EvaluationOptions()
        self.gates = gates or GateOptions()
        self._run_all = partial(
            run_all,
            n_jobs=n_jobs,
            backend=joblib_backend,
            dask_scheduler=dask_scheduler,
            title="Evaluating",
        )
        self._store = ModelStore(self.model_dir)
        self._answers: dict[str, GatesAnswer] = {}

    @classmethod
    def from_settings(
        cls, settings: Settings, dataset_builder: DatasetSource | None = None
    ) -> Self:
        """The evaluator of a scope, over the scope's own dataset unless another is given."""
        from afterclose.dataset_builder import DatasetBuilder

        return cls(
            settings.model_dir,
            dataset_builder or DatasetBuilder.from_settings(settings),
            RegistryReader(settings.model_dir, signing_key=settings.signing_key),
            EvaluationOptions.from_settings(settings),
            gates=GateOptions.from_settings(settings),
            n_jobs=settings.n_jobs,
            joblib_backend=settings.joblib_backend,
            dask_scheduler=settings.dask_scheduler,
        )

    def evaluate(self, model_id: str, now: datetime | None = None) -> Evaluated:
        """Evaluate a model and write its evaluation.json; one that is there is only read.

        Raises InputError for an unknown model or dataset version, IntegrityError for files
        that are not those recorded, CannotTell when the calendar cannot count the embargo,
        StorageError, ScopeBusy.
        """
        folder = self._store.folder(model_id)
        with scope_lock(self.model_dir.parent), one_core():
            if (folder / EVALUATION_FILE).is_file():
                reason = f"{model_id} was evaluated before"
                return Evaluated(read_evaluation(folder), "unchanged", reason)
            evaluation = self._evaluated(model_id, now or utc_now())
            write_evaluation(folder, evaluation)
        return Evaluated(evaluation, "evaluated")

    def gates_answer(self, model_id: str, now: datetime | None = None) -> GatesAnswer:
        """The gates' answer as this process found it, whatever a file says.

        From the evaluation that this object has just made, or else measured anew, which takes
        as long and writes nothing: whoever can write evaluation.json promotes nothing by it.
        Raises what `evaluate` raises.
        """
        if model_id not in self._answers:
            with one_core():
                self._evaluated(model_id, now or utc_now())
        return self._answers[model_id]

    def answered(self, model_id: str) -> GatesAnswer | None:
        """The gates' answer that this object has found out already, if it has."""
        return self._answers.get(model_id)

    def _evaluated(self, model_id: str, now: datetime) -> Evaluation:
        view = self.registry.view()
        digests = self._digests(view, model_id)
        model = self._frozen(model_id, digests)
        active, trouble = self._active_besides(view, model_id)
        version, dataset = self._dataset_of(model_id)
        recipe = recipe_id(
            model.options, self.options.ood_max_z, dataset.feature_names, self.options.sizes
        )
        head = Head(
            model_id=model_id,
            evaluated_at=now.isoformat(),
            dataset=version,
            settings={**asdict(model.options), **asdict(self.options)},
            active_model=view.active.model_id if view.active else None,
            artifacts=digests,
            recipe=Recipe(
                id=recipe, number=recipe_number(recipe, tried_recipes(view, self._store))
            ),
        )
        found = evaluate_model(
            dataset,
            model,
            _cutoff(dataset, model.options),
            self.options,
            head,
            active=active,
            candidates_tried=_candidates_tried(view, model_id),
            run_all=self._run_all,
        )
        evaluation = replace(found, notes=[*found.notes, *trouble])
        self._answers[model_id] = answer = ask_gates(evaluation, self.gates)
        return replace(evaluation, gates=answer)

    def _dataset_of(self, model_id: str) -> tuple[DatasetVersion, Dataset]:
        """The dataset that the model was trained on. Raises IntegrityError for another one."""
        described = self._store.read_metadata(model_id)["dataset"]
        version = convert(described, DatasetVersion)
        dataset = self.dataset_builder.load(version.version)
        if dataset.sha256 != version.sha256:
            raise IntegrityError(
                self._store.folder(model_id) / METADATA_FILE,
                f"dataset {dataset.version} is not the one that the model was trained on",
                "Restore the dataset from a backup, or train a new model.",
            )
        return version, dataset

    def frozen(self, model_id: str) -> FrozenModel:
        """The arithmetic of a published model, from files that are what they were.

        Raises InputError for an unknown model, IntegrityError for a damaged one.
        """
        return self._frozen(model_id, self._digests(self.registry.view(), model_id))

    def _digests(self, view: RegistryView, model_id: str) -> dict[str, str]:
        """The registry's, or for a model that is not registered yet those of its metadata."""
        if known := view.state.models.get(model_id):
            return known.registered.artifacts
        return self._store.verify_published(model_id, self.registry.signing_key)

    def _active_besides(
        self, view: RegistryView, model_id: str
    ) -> tuple[FrozenModel | None, list[str]]:
        """The active model unless it is ``model_id``; one that cannot be loaded is a note."""
        active = view.active
        if active is None or active.model_id == model_id:
            return None, []
        try:
            return self._frozen(active.model_id, active.artifacts), []
        except (InputError, IntegrityError) as error:
            return None, [f"The active model {active.model_id} was not compared: {error}"]

    def _frozen(self, model_id: str, digests: Mapping[str, str]) -> FrozenModel:
        """The model, from bytes that match ``digests``."""
        files = self._store.read_checked(model_id, digests)
        folder = self._store.folder(model_id)
        metadata = self._store.read_metadata(model_id)
        try:
            card = read_card(files[SCORECARD_FILE], folder / SCORECARD_FILE)
            if isinstance(card, Scorecard):
                risks = linear_risks(card)
                exact = None
            else:  # trees walked one trade at a time are exact, and a hundred times slower
                exact = scorer_risks(scorer_of(card))
                estimator = load_estimator(folder / MODEL_FILE, digests.get(MODEL_FILE))
                risks = partial(predict_risks, estimator)
            return FrozenModel(
                model_id=model_id,
                options=convert(metadata["settings"], TrainingOptions),
                last_train_exit=datetime.fromisoformat(metadata["split"]["last_train_exit"]),
                stats=convert(metadata["features"], list[FeatureStats]),
                risks=risks,
                tuned_threshold=card.threshold if card.threshold_mode != "fixed" else None,
                regularisation_c=metadata["metrics"].get("regularisation_c"),
                exact=exact,
            )
        except (KeyError, ValueError) as error:  # another version's metadata
            raise IntegrityError(
                folder / METADATA_FILE,
                f"does not say what an evaluation needs: {error}",
                "Train a new model.",
            ) from None


def _candidates_tried(view: RegistryView, model_id: str) -> int:
    """Models ever registered or imported here, this one included, pruned ones too."""
    tried = {event.subject for event in view.chain.events if event.event in REGISTRATIONS}
    return len(tried | {model_id})


def _cutoff(dataset: Dataset, made: TrainingOptions) -> EmbargoCutoff:
    """The embargo that the model was trained with."""
    overrides = Path(made.calendar_overrides) if made.calendar_overrides else None
    return embargo_cutoff(dataset, made.embargo_sessions, made.calendar, overrides)
