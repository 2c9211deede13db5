"""Trains a model on the dataset and publishes it; loads one and scores with it.

What is learned, and from which rows, is `afterclose.learning.training`; here are the disk, the lock
and the lineage. Nothing here knows whether the market is open or the scope is live: the
orchestrator asks that first. Equal dataset bytes and options give equal model bytes, so what was
trained already is not trained again.
"""

import io
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, Self

import joblib
import msgspec

from afterclose.clock import utc_now
from afterclose.dataset.columns import EPOCH, MICROSECOND, Dataset
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import sha256_bytes
from afterclose.disk.scope_lock import scope_lock
from afterclose.disk.signature import scope_of
from afterclose.errors import CannotTell, InputError, IntegrityError
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.models import one_core
from afterclose.learning.provenance import git_commit, library_versions
from afterclose.learning.scorer import MAX_MISSING_SHARE, Scorer
from afterclose.learning.training import (
    Learned,
    PreparedData,
    TrainingMetrics,
    TrainingOptions,
    learn,
    prepare,
    too_small,
)
from afterclose.market.embargo import embargo_cutoff
from afterclose.market.overrides import read_overrides
from afterclose.registry.events import is_signed
from afterclose.registry.reader import RegistryReader
from afterclose.scope_files import MODEL_FILE, SCORECARD_FILE
from afterclose.settings import Settings

TRAINING_CODE: Final = 2
"""Raise it when equal data and options would now give another model."""


class DatasetSource(Protocol):
    """Where the data comes from: a `DatasetBuilder`, or a stand-in."""

    def load(self, version: str | None = None) -> Dataset:
        """The dataset, or an earlier version of it, checked against its digest."""


class OfflineTrainer:
    """Trains into ``model_dir`` from ``dataset_builder``, by default as `TrainingOptions` says.

    One trainer holds one loaded model. ``signing_key`` is only used to check signatures.
    """

    def __init__(
        self,
        model_dir: Path | str,
        dataset_builder: DatasetSource,
        options: TrainingOptions | None = None,
        *,
        signing_key: str = "",
    ) -> None:
        self.model_dir = Path(model_dir)
        self.dataset_builder = dataset_builder
        self.options = options or TrainingOptions()
        self._signing_key = signing_key
        self._store = ModelStore(self.model_dir)
        self._scorer: Scorer | None = None

    @classmethod
    def from_settings(
        cls, settings: Settings, dataset_builder: DatasetSource | None = None
    ) -> Self:
        """The trainer of a scope, over the scope's own dataset unless another is given."""
        return cls(
            settings.model_dir,
            dataset_builder or DatasetBuilder.from_settings(settings),
            TrainingOptions.from_settings(settings),
            signing_key=settings.signing_key,
        )

    def train(
        self,
        mae_threshold: float | None = None,
        force: bool = False,
        *,
        now: datetime | None = None,
        dataset_version: str | None = None,
    ) -> dict[str, Any]:
        """Train and publish a model, or say why not; returns `TrainingMetrics` as a dict.

        ``metrics["status"]`` is "trained" or "skipped". What was trained before from the
        same bytes with the same options is skipped as unchanged, and ``model_id`` names
        that model; ``force`` trains nevertheless, and so does naming a ``dataset_version``,
        which retrains on that earlier prefix exactly. ``mae_threshold`` is a fraction and
        beats the option of that name.

        Raises ConfigError for an option out of range, IntegrityError for a damaged dataset,
        StorageError, ScopeBusy.
        """
        options = self.options
        if mae_threshold is not None:
            options = msgspec.structs.replace(options, mae_threshold=mae_threshold)
        options.check()
        with scope_lock(self.model_dir.parent), one_core():
            metrics = self._train(options, force, now or utc_now(), dataset_version)
        return msgspec.structs.asdict(metrics)

    def load_model(self, model_id: str) -> None:
        """Load a model for `predict_risk`, after its digests were checked.

        They are those of the registry; a model that is not registered yet is held to its
        own metadata. Raises InputError for an unknown id, IntegrityError for a mismatch or
        a missing signature.
        """
        digests = self._trusted_digests(model_id)
        self._scorer = self._store.load_scorer(model_id, digests, max_abs_z=math.inf)

    def predict_risk(self, features: Mapping[str, Any]) -> float:
        """Probability that an entry with ``features`` becomes a bad trade.

        Some missing features are imputed as in training. Raises InputError when too many
        are missing (a wrong case is missing too), when one is no number, or when no model
        is loaded.
        """
        if self._scorer is None:
            raise InputError("no model is loaded; call load_model(model_id) first")
        assessment = self._scorer.assess(features)
        if assessment.missing_share > MAX_MISSING_SHARE:
            raise InputError(
                f"too many features are missing: {', '.join(assessment.missing)} "
                f"(allowed: {MAX_MISSING_SHARE:.0%} of {len(self._scorer.feature_names)})"
            )
        if assessment.needed_missing:
            needed = ", ".join(sorted(self._scorer.needed.intersection(assessment.missing)))
            raise InputError(f"the model has no answer without {needed}")
        return self._scorer.predict_risk(features)

    def _train(
        self, options: TrainingOptions, force: bool, now: datetime, dataset_version: str | None
    ) -> TrainingMetrics:
        dataset = self.dataset_builder.load(dataset_version)
        if reason := too_small(dataset, options):
            return _skipped(dataset, options, reason)
        overrides_path = Path(options.calendar_overrides) if options.calendar_overrides else None
        key = _training_key(dataset, options, read_overrides(overrides_path).sha256)
        if not force and dataset_version is None and (known := self._trained_as(key)):
            reason = f"unchanged: dataset {dataset.version} was trained as {known}"
            return _skipped(dataset, options, reason, known)
        cutoff = embargo_cutoff(dataset, options.embargo_sessions, options.calendar, overrides_path)
        try:
            prepared = prepare(dataset, options, cutoff)
            if isinstance(prepared, str):
                return _skipped(dataset, options, prepared)
            learned = learn(prepared, options, cutoff)
        except CannotTell as error:
            return _skipped(dataset, options, f"cannot tell the embargo's sessions: {error}")
        return self._publish(prepared, options, learned, key, now, rows=len(dataset))

    def _publish(
        self,
        prepared: PreparedData,
        options: TrainingOptions,
        learned: Learned,
        key: str,
        now: datetime,
        *,
        rows: int,
    ) -> TrainingMetrics:
        model_id = self._store.free_id(now)
        metrics = msgspec.structs.replace(learned.metrics, model_id=model_id)
        dataset, _, (train, test, _), _ = prepared
        description = {
            "created_at": now.astimezone(UTC).isoformat(),
            "training_key": key,
            "dataset": {
                "version": dataset.version,
                "rows": rows,
                "sha256": dataset.sha256,
            },
            "settings": options,
            "split": {
                "last_train_exit": _moment(dataset.exit_us[train].max()),
                "first_test_decision": _moment(dataset.decision_us[test].min()),
            },
            "features": learned.stats,
            "metrics": metrics,
            "libraries": library_versions(options.model),
            "git_commit": git_commit(),
        }
        self._store.create(model_id, _files(learned), description, self._signing_key)
        return metrics

    def _trusted_digests(self, model_id: str) -> dict[str, str]:
        registry = RegistryReader(self.model_dir, signing_key=self._signing_key)
        known = registry.view().state.models.get(model_id)
        if known is None:
            return self._store.verify_published(model_id, self._signing_key)
        if not is_signed(known.registered, self._signing_key, scope_of(self.model_dir)):
            raise IntegrityError(
                self._store.folder(model_id),
                "its registration is not signed with ML_SIGNING_KEY",
                "Register it again with the key, or load another model.",
            )
        return known.registered.artifacts

    def _trained_as(self, key: str) -> str | None:
        """The newest sound model with this training key."""
        for model_id in self._store.model_ids():
            with suppress(IntegrityError):  # damaged: then it is as if it had not been trained
                metadata = self._store.read_metadata(model_id)
                if metadata.get("training_key") == key:
                    self._store.verify(model_id, metadata["artifacts"])
                    return model_id
        return None


def _skipped(
    dataset: Dataset, options: TrainingOptions, reason: str, model_id: str | None = None
) -> TrainingMetrics:
    return TrainingMetrics(
        status="skipped",
        reason=reason,
        model_id=model_id,
        model=options.model,
        dataset_version=dataset.version,
        n_rows=len(dataset),
        mae_threshold=options.mae_threshold,
        mae_unit=options.mae_unit,
        target=options.target,
        risk_threshold=options.risk_threshold,
        threshold_mode=options.threshold_mode,
        block_share=options.block_share if options.threshold_mode == "share" else None,
        sample_weights=options.sample_weights,
    )


def _training_key(dataset: Dataset, options: TrainingOptions, overrides_sha256: str) -> str:
    """Equal exactly when training would give an equal model."""
    decisive = [TRAINING_CODE, dataset.sha256, options.decisive(), overrides_sha256]
    return sha256_bytes(msgspec.json.encode(decisive))


def _files(learned: Learned) -> dict[str, bytes]:
    pickled = io.BytesIO()
    joblib.dump(learned.pipeline, pickled)
    learned.card.validate()  # nothing is published that the trading process would refuse
    return {MODEL_FILE: pickled.getvalue(), SCORECARD_FILE: learned.card.to_bytes()}


def _moment(since_epoch_us: int) -> str:
    return (EPOCH + int(since_epoch_us) * MICROSECOND).isoformat()
