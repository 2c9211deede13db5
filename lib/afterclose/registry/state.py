"""The registry's state as the sum of its events: a pure fold, no disk, no clock.

There is no second way to compute it. Promotion, the trading process, repair and the tests
all fold the same events, so the pointer file can be lost, stale or wrong without anybody
disagreeing on which model is active.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from afterclose.registry.events import NO_FIGURES, Event, Lock, read_figures

CLOCKS_DIFFER = timedelta(hours=1)
"""How far a moment may lie ahead and still be believed: hosts of one volume differ a little,
and a change to summer time that one of them missed is an hour."""

ModelState = Literal["candidate", "active", "retired"]
"""One model is active at most. A retired one may be promoted again."""


class ModelRecord(msgspec.Struct, frozen=True):
    """A model whose artifacts are kept: the events that describe it, and its state."""

    registered: Event
    evaluated: Event | None
    state: ModelState

    def as_dict(self) -> dict[str, Any]:
        """Plain values for people, JSON and `list_models`."""
        evaluated = self.evaluated
        return {
            "model_id": self.registered.model_id,
            "state": self.state,
            "registered_at": self.registered.at.isoformat(),
            "registered_by": self.registered.by,
            "origin": self.registered.origin,
            "metrics": read_figures(self.registered.metrics) or {},
            "evaluation": read_figures(evaluated.evaluation) if evaluated else None,
            "evaluation_sha256": evaluated.evaluation_sha256 if evaluated else None,
            "artifacts": self.registered.artifacts,
        }


class ActiveModel(msgspec.Struct, frozen=True, kw_only=True):
    """The active model and who made it so; ``artifacts`` are the SHA-256 to load it by."""

    model_id: str
    since: datetime
    promoted_by: str
    reason: str
    artifacts: dict[str, str]


class RegistryState(msgspec.Struct, frozen=True, kw_only=True):
    """What the events add up to.

    ``models`` is in order of registration; ``activation`` is the event that made the active
    model active; ``history`` holds the models that were active before it, the latest last;
    ``lock`` is the last one taken, at ``locked_at``, running or over.
    """

    models: dict[str, ModelRecord] = {}
    activation: Event | None = None
    history: tuple[str, ...] = ()
    lock: Lock | None = None
    locked_at: datetime | None = None

    @property
    def active_id(self) -> str | None:
        """The active model's id."""
        return self.activation.model_id if self.activation else None

    @property
    def active(self) -> ActiveModel | None:
        """The active model as the events have it, whether or not they can be trusted."""
        if self.activation is None:
            return None
        return ActiveModel(
            model_id=self.activation.subject,
            since=self.activation.at,
            promoted_by=self.activation.by,
            reason=self.activation.reason,
            artifacts=self.activation.artifacts,
        )

    @property
    def previous_id(self) -> str | None:
        """The model that a rollback returns to."""
        return self.history[-1] if self.history else None

    def running_lock(self, now: datetime) -> Lock | None:
        """The lock in force at ``now``; a lock ends by itself at ``until``."""
        ends_later = self.lock and now < self.lock.until
        return self.lock if ends_later and self.lock is not self.lock_from_ahead(now) else None

    def lock_from_ahead(self, now: datetime) -> Lock | None:
        """The last lock, where the clock of its moment was ahead of ``now``: it is not believed.

        One hour with a clock a year ahead would otherwise keep every promotion out for a year.
        """
        ahead = self.locked_at is not None and self.locked_at - now > CLOCKS_DIFFER
        return self.lock if ahead else None

    def pinned(self, session: str, model_id: str | None, now: datetime) -> Lock | None:
        """The lock in force, if it is the one of this session on this model."""
        running = self.running_lock(now)
        same = running and (running.session, running.model_id) == (session, model_id)
        return running if same else None

    def protected(self, now: datetime) -> frozenset[str]:
        """Models whose artifacts may not be pruned: active, previous and locked."""
        lock = self.running_lock(now)
        named = (self.active_id, self.previous_id, lock.model_id if lock else None)
        return frozenset(model_id for model_id in named if model_id)


def fold(events: Iterable[Event]) -> RegistryState:
    """The state after ``events``, oldest first. Any valid chain has one."""
    folding = _Folding()
    for event in events:
        getattr(folding, event.event)(event)
    return RegistryState(
        models=folding.models,
        activation=folding.activation,
        history=tuple(folding.history),
        lock=folding.lock,
        locked_at=folding.locked_at,
    )


class _Folding:
    """The state while it is added up; each method is one kind of event."""

    def __init__(self) -> None:
        self.models: dict[str, ModelRecord] = {}
        self.activation: Event | None = None
        self.history: list[str] = []
        self.lock: Lock | None = None
        self.locked_at: datetime | None = None

    def registered(self, event: Event) -> None:
        known = self.models.get(event.subject)
        record = known or ModelRecord(event, evaluated=None, state="candidate")
        evaluated = record.evaluated if event.evaluation == NO_FIGURES else event
        self.models[event.subject] = ModelRecord(event, evaluated, record.state)

    imported = registered

    def evaluated(self, event: Event) -> None:
        if known := self.models.get(event.subject):
            self.models[event.subject] = replace(known, evaluated=event)

    def promoted(self, event: Event) -> None:
        if self.activation is None or self.activation.subject != event.subject:
            self._retire_active()
        if self.history and self.history[-1] == event.subject:
            self.history.pop()  # back after a deactivation: no model is its own predecessor
        self._activate(event)

    def rolled_back(self, event: Event) -> None:
        # What a rollback leaves was a mistake: it does not become "previous", so a second
        # rollback goes further back instead of returning to it.
        returned_to = max(len(self.history) - 1, 0)
        self._retire_active()
        del self.history[returned_to:]
        self._activate(event)

    def deactivated(self, _: Event) -> None:
        self._retire_active()
        # A filter that starts again would else find its model in the lock.
        self.lock = self.locked_at = None

    def locked(self, event: Event) -> None:
        self.lock, self.locked_at = event.lock, event.at

    def unlocked(self, _: Event) -> None:
        self.lock = self.locked_at = None

    def pruned(self, event: Event) -> None:
        for model_id in event.pruned:
            self.models.pop(model_id, None)

    def repaired(self, event: Event) -> None:
        if event.model_id is None:  # the repair could not tell which model was active
            self._retire_active()

    def _activate(self, event: Event) -> None:
        self.activation = event
        self._set_state(event.subject, "active")

    def _retire_active(self) -> None:
        if self.activation:
            self.history.append(self.activation.subject)
            self._set_state(self.activation.subject, "retired")
        self.activation = None

    def _set_state(self, model_id: str, state: ModelState) -> None:
        if known := self.models.get(model_id):
            self.models[model_id] = replace(known, state=state)
