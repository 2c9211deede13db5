"""Which models there are and which one is active: the rules for changing either.

Every change is one event (`afterclose.registry.events`), committed under the scope's lock
(`afterclose.registry.writer`), and every answer is the sum of the events
(`afterclose.registry.reader`). This module holds what may become an event. A promotion first proves
its target and only then touches anything, so the incumbent is never archived for a candidate that
cannot load.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from afterclose.clock import utc_now
from afterclose.disk.signature import scope_of
from afterclose.errors import InputError, IntegrityError, PromotionRefused, RefusedError
from afterclose.learning.artifacts import ModelStore, check_model_id
from afterclose.records import Problem, Repair
from afterclose.registry.checks import evaluation_on_disk, prove, refuse_while_locked
from afterclose.registry.events import Event, Lock, artifacts_digest, figures, is_signed, summary
from afterclose.registry.reader import RegistryReader, RegistryView, read_registry
from afterclose.registry.repair import repair_registry, verify_registry
from afterclose.registry.writer import RegistryWriter, whoami
from afterclose.settings import Settings

Consent = Callable[[RegistryView], None]
"""Asked when every check of a promotion has passed; what it raises refuses it."""

SESSION_LOCK_WAIT_S = 2.0
"""How long `lock` waits for a job that is writing: the market is about to open."""


class ModelRegistry(RegistryReader):
    """The models of one scope, in ``model_dir``; reading is as in `RegistryReader`.

    Methods that write raise ScopeBusy when another job writes for longer than ``wait_s``
    seconds, IntegrityError for a broken registry, StorageError, and what they name.
    Whenever they raise, the registry has not changed. ``now`` stands in for the wall clock,
    ``by`` for ``user@host``.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        signing_key: str = "",
        by: str | None = None,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(model_dir, signing_key=signing_key)
        self._wait_s = wait_s
        self._store = ModelStore(self.model_dir)
        self._writer = RegistryWriter(self.model_dir, signing_key=signing_key, by=by or whoami())

    @classmethod
    def from_settings(cls, settings: Settings, by: str | None = None) -> "ModelRegistry":
        """The registry of the settings' scope."""
        return cls(settings.model_dir, signing_key=settings.signing_key, by=by)

    def register_candidate(
        self,
        model_id: str,
        metrics: Mapping[str, Any],
        evaluation: Mapping[str, Any] | None = None,
        *,
        now: datetime | None = None,
    ) -> bool:
        """Make a trained model known, with the digests of its files as they are now.

        ``evaluation`` defaults to the model's evaluation.json where there is one. False
        when all of that is known already. A model without files can be registered, never
        promoted. Raises InputError for a malformed id, IntegrityError when the files are
        not those that the trainer published, or that were registered under this id.
        """
        check_model_id(model_id)
        with self._writer.opened(self._wait_s) as view:
            artifacts = self._artifacts(model_id)
            known = view.state.models.get(model_id)
            if artifacts and not (known and known.registered.artifacts):
                self._store.verify_published(model_id, self._key)
            if known and known.registered.artifacts not in ({}, artifacts):
                raise IntegrityError(
                    self.model_dir / model_id,
                    "its files are not those that were registered under this id",
                    "Restore them, or train again: a new model gets an id of its own.",
                )
            on_disk, digest = evaluation_on_disk(self.model_dir / model_id)
            facts: dict[str, Any] = {
                "metrics": figures(metrics),
                "artifacts": artifacts,
                "evaluation": on_disk if evaluation is None else summary(evaluation),
                "evaluation_sha256": digest,
            }
            if known and self._says(known.registered, facts):
                return False
            self._writer.commit(view, "registered", now or utc_now(), model_id, **facts)
            return True

    def record_evaluation(self, model_id: str, *, now: datetime | None = None) -> bool:
        """Keep the figures of the model's new evaluation.json, and the file's digest.

        False when they are on record, or the model is not registered yet: registering it
        will read the file.
        """
        check_model_id(model_id)
        with self._writer.opened(self._wait_s) as view:
            known = view.state.models.get(model_id)
            on_disk, digest = evaluation_on_disk(self.model_dir / model_id)
            facts: dict[str, Any] = {"evaluation": on_disk, "evaluation_sha256": digest}
            if known is None or (known.evaluated and self._says(known.evaluated, facts)):
                return False
            self._writer.commit(view, "evaluated", now or utc_now(), model_id, **facts)
            return True

    def promote_candidate(
        self,
        model_id: str,
        reason: str = "",
        *,
        gates_answer: Mapping[str, Any] | None = None,
        consent: Consent | None = None,
        now: datetime | None = None,
    ) -> bool:
        """Make a registered model the active one; False when it is active already.

        Checks, in this order: known, artifacts, signature, evaluated, no session lock
        (docs/design.md, section 8), then ``consent``. Without one this call is the decision of
        whoever writes it, and asks no gate: the job ``promote`` and automatic promotion do.
        ``gates_answer`` is, kept in the event. Raises InputError for a malformed
        id, PromotionRefused, IntegrityError, SessionLocked.
        """
        moment = now or utc_now()
        check_model_id(model_id)
        with self._writer.opened(self._wait_s) as view:
            proof = prove(view.state, self._store, model_id, self._key)
            refuse_while_locked(view.state, "promote", moment)
            if view.active and view.active.model_id == model_id:
                return False
            if consent:
                consent(view)
            facts = asdict(proof) | {"gates_answer": figures(gates_answer)}
            self._writer.commit(view, "promoted", moment, model_id, reason, **facts)
            return True

    def rollback(self, reason: str = "", *, now: datetime | None = None) -> str:
        """Return to the previous active model, by the same checks; return its id.

        A second rollback goes one further back, not forward again. Raises RefusedError
        when nothing was active before, and what `promote_candidate` raises.
        """
        moment = now or utc_now()
        with self._writer.opened(self._wait_s) as view:
            refuse_while_locked(view.state, "rollback", moment)
            target = view.state.previous_id
            if target is None:
                raise RefusedError("rollback refused: no model was active before the present one")
            proof = prove(view.state, self._store, target, self._key)
            self._writer.commit(view, "rolled_back", moment, target, reason, **asdict(proof))
            return target

    def deactivate(self, reason: str = "", *, now: datetime | None = None) -> str | None:
        """Leave the scope without an active model; return the one that was, None for none.

        It is the safe direction, so a session lock does not forbid it, but ends: whoever
        loads from now on trades by the rules alone. A rollback returns to the model.
        """
        with self._writer.opened(max(self._wait_s, SESSION_LOCK_WAIT_S)) as view:
            left = view.state.active_id
            if left:
                self._writer.commit(view, "deactivated", now or utc_now(), left, reason)
            return left

    def import_model(
        self,
        source: Path,
        model_id: str,
        *,
        consent: Consent | None = None,
        now: datetime | None = None,
    ) -> bool:
        """Copy a model from another scope's ``model_dir`` and register it here.

        It must pass there what a promotion demands, and no session may be locked here:
        an import is the first half of a promotion, and ``consent`` is asked of the registry
        there. False when it was imported before.
        Raises what `promote_candidate` raises, IntegrityError too for a broken registry
        at the source, and PromotionRefused when this scope has another model of that id.
        """
        moment = now or utc_now()
        check_model_id(model_id)
        there = read_registry(source, self._key)
        there.require_sound(source)
        proof = prove(there.state, ModelStore(source), model_id, self._key)
        with self._writer.opened(self._wait_s) as view:
            refuse_while_locked(view.state, "import", moment)
            if consent:
                consent(there)
            here = self._artifacts(model_id)
            if here not in ({}, proof.artifacts):
                raise PromotionRefused(model_id, "this scope has another model of that id")
            if here and model_id in view.state.models:
                return False
            if not here:
                self._store.publish(model_id, proof.read_files(ModelStore(source), model_id))
            metrics = there.state.models[model_id].registered.metrics
            facts = asdict(proof) | {"metrics": metrics, "origin": scope_of(source)}
            self._writer.commit(view, "imported", moment, model_id, **facts)
            return True

    def lock(
        self, session: str, until: datetime, model_id: str | None, *, now: datetime | None = None
    ) -> Lock:
        """Pin ``model_id``, the active model, until the close of ``session``.

        None pins a session that trades by the rules alone. The same session and model
        again change nothing, and need no writable disk. Raises InputError unless ``until``
        is to come, SessionLocked when another session or model is pinned, RefusedError
        when ``model_id`` is not the active one.
        """
        moment = now or utc_now()
        if until <= moment:
            raise InputError(f"a lock until {until.isoformat()} would be over already")
        if pinned := self.view().state.pinned(session, model_id, moment):
            return pinned
        with self._writer.opened(max(self._wait_s, SESSION_LOCK_WAIT_S)) as view:
            if pinned := view.state.pinned(session, model_id, moment):
                return pinned  # by another process, while this one waited
            refuse_while_locked(view.state, "lock", moment)
            active = view.active.model_id if view.active else None
            if model_id != active:
                raise RefusedError(f"lock refused: {model_id} is not active, {active} is")
            digest = artifacts_digest(view.active.artifacts) if view.active else None
            lock = Lock(
                session=session, until=until.astimezone(UTC), model_id=model_id, digest=digest
            )
            self._writer.commit(view, "locked", moment, model_id, lock=lock)
            return lock

    def unlock(self, reason: str = "", *, now: datetime | None = None) -> Lock | None:
        """End the running session lock by hand; return it, None when there was none.

        One that a clock took which was ahead is in nobody's way, and ended too.
        """
        moment = now or utc_now()
        with self._writer.opened(self._wait_s) as view:
            ended = view.state.running_lock(moment) or view.state.lock_from_ahead(moment)
            if ended:
                self._writer.commit(view, "unlocked", moment, ended.model_id, reason, lock=ended)
            return ended

    def prune(self, keep: int, *, now: datetime | None = None) -> list[str]:
        """Remove the folders of all but the newest ``keep`` models; return their ids.

        The active, the previous and a locked model always stay. The event comes first: a
        crash leaves folders that the next call removes, never a candidate without files.
        """
        moment = now or utc_now()
        with self._writer.opened(self._wait_s) as view:
            protected = view.state.protected(moment)
            doomed = [m for m in self._store.model_ids()[keep:] if m not in protected]
            if doomed:
                self._writer.commit(view, "pruned", moment, pruned=tuple(doomed))
                self._store.prune(keep, protected)
            return doomed

    def verify(self) -> list[Problem]:
        """All that is wrong with the registry and the models it names."""
        return verify_registry(self.view(), self._store, self._key)

    def repair(self, *, now: datetime | None = None) -> Repair:
        """Make the registry writable again; see `afterclose.registry.repair`."""
        return repair_registry(self._writer, self._store, now or utc_now(), self._wait_s)

    def _artifacts(self, model_id: str) -> dict[str, str]:
        return self._store.digests(model_id) if model_id in self._store else {}

    def _says(self, event: Event, facts: Mapping[str, Any]) -> bool:
        return is_signed(event, self._key, scope_of(self.model_dir)) and all(
            getattr(event, name) == value for name, value in facts.items()
        )
