"""What a model must prove before it becomes active, in the order in which it is asked.

One function for promotion, rollback and import: a path of its own for any of them would be
the one that forgets a check. Nothing here writes.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from afterclose.disk.files import sha256_bytes
from afterclose.disk.signature import scope_of
from afterclose.errors import UNREADABLE, IntegrityError, PromotionRefused, SessionLocked
from afterclose.learning.artifacts import ModelStore
from afterclose.registry.events import NO_FIGURES, Figures, is_signed, read_figures, summary
from afterclose.registry.state import ModelRecord, RegistryState
from afterclose.scope_files import EVALUATION_FILE


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, for the event that makes the model active."""

    artifacts: dict[str, str]
    evaluation: Figures
    evaluation_sha256: str | None

    def read_files(self, store: ModelStore, model_id: str) -> dict[str, bytes]:
        """What was proved, as bytes that are checked once more. Raises IntegrityError."""
        digests = dict(self.artifacts)
        if self.evaluation_sha256:
            digests[EVALUATION_FILE] = self.evaluation_sha256
        return store.read_checked(model_id, digests)


def prove(state: RegistryState, store: ModelStore, model_id: str, signing_key: str) -> Proof:
    """Check that the model is known, whole, signed and evaluated, in this order.

    Raises PromotionRefused when it is unknown or not evaluated, IntegrityError when files
    or signatures are missing or not those on record.
    """
    record = state.models.get(model_id)
    if record is None:
        raise PromotionRefused(model_id, "it is not registered here; see `make candidates`")
    check_artifacts(record, store, model_id)
    check_signature(record, store, model_id, signing_key)
    evaluation, digest = check_evaluation(record, store, model_id)
    return Proof(
        artifacts=record.registered.artifacts, evaluation=evaluation, evaluation_sha256=digest
    )


def refuse_while_locked(state: RegistryState, action: str, now: datetime) -> None:
    """Raise SessionLocked while a trading session is pinned."""
    if lock := state.running_lock(now):
        raise SessionLocked(action, lock.session, lock.until.isoformat(), lock.model_id)


def evaluation_on_disk(folder: Path) -> tuple[Figures, str | None]:
    """The summary of a model's evaluation.json and its SHA-256, without one neither.

    Raises IntegrityError when the file is not a JSON object.
    """
    path = folder / EVALUATION_FILE
    try:
        data = path.read_bytes()
        return summary(msgspec.json.decode(data, type=dict[str, Any])), sha256_bytes(data)
    except FileNotFoundError:
        return NO_FIGURES, None
    except UNREADABLE as error:
        raise IntegrityError(path, f"is not an evaluation ({error})", _again(folder.name)) from None


def check_artifacts(record: ModelRecord, store: ModelStore, model_id: str) -> None:
    """Raise IntegrityError unless the files are there, as they were registered."""
    if not record.registered.artifacts or model_id not in store:
        raise IntegrityError(
            store.model_dir / model_id, "the model's files are missing", "Restore its folder."
        )
    store.verify(model_id, record.registered.artifacts)


def check_signature(
    record: ModelRecord, store: ModelStore, model_id: str, signing_key: str
) -> None:
    """Raise IntegrityError unless the key, if any, signed what is known of the model."""
    events = (record.registered, record.evaluated or record.registered)
    if not all(is_signed(event, signing_key, scope_of(store.model_dir)) for event in events):
        raise IntegrityError(
            store.model_dir / model_id,
            "its registration or evaluation is not signed with ML_SIGNING_KEY for this scope",
            f"If you trust these files, run `make register ID={model_id}` with the key set.",
        )


def check_evaluation(
    record: ModelRecord, store: ModelStore, model_id: str
) -> tuple[Figures, str | None]:
    """The evaluation's summary and the digest of its file.

    An evaluation.json that nobody recorded counts: the event of the promotion records it.
    Raises PromotionRefused without one, IntegrityError when it is not the one on record.
    """
    folder = store.model_dir / model_id
    on_disk, digest = evaluation_on_disk(folder)
    measured = (read_figures(on_disk) or {}).get("artifacts")
    if measured not in (None, record.registered.artifacts):
        raise IntegrityError(
            folder / EVALUATION_FILE, "measured other files than were registered", _again(model_id)
        )
    if known := record.evaluated:
        if known.evaluation_sha256 not in (None, digest):
            raise IntegrityError(
                folder / EVALUATION_FILE, "is not the evaluation on record", _again(model_id)
            )
        return known.evaluation, known.evaluation_sha256
    if digest is None:
        raise PromotionRefused(
            model_id, f"it has not been evaluated; run `make evaluate ID={model_id}`"
        )
    return on_disk, digest


def _again(model_id: str) -> str:
    return f"Move it away, then run `make evaluate ID={model_id}`."
