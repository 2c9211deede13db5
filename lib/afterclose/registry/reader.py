"""The registry for everybody who only asks: the trading process and the operator's pages.

The events are the truth and the pointer file a check on them (`afterclose.registry.pointer`). Which
model is active, when something is wrong:

- pointer file lost, stale or damaged: the events say;
- torn last event: the events before it say; but where the pointer file has seen the whole
  of it, it was acknowledged, and stands as the pointer file has it;
- events damaged, or fewer or others than the pointer file has seen: the registry is
  *broken*. A model is active only if the pointer file proves that nothing was committed
  behind the valid events; otherwise none is, and trading goes on by the rules alone;
- a signing key is set and the promotion is not signed with it: none is.

Falling back to an older promotion instead would trade on a model that somebody had replaced.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from afterclose.clock import utc_now
from afterclose.disk.signature import scope_of
from afterclose.errors import IntegrityError
from afterclose.records import Problem
from afterclose.registry.event_log import REMEDY, Chain, EventLog
from afterclose.registry.events import Lock, is_signed
from afterclose.registry.pointer import Pointer, read_pointer
from afterclose.registry.state import ActiveModel, RegistryState, fold
from afterclose.scope_files import EVENTS_FILE, POINTER_FILE


class RegistryView(msgspec.Struct, frozen=True, kw_only=True):
    """One consistent reading of the registry.

    ``state`` is the sum of the valid events whatever is wrong; ``active`` is the model
    that may be traded on. ``broken`` is why nothing may be written; ``notes`` are the
    problems that cost no more than a message.
    """

    chain: Chain
    state: RegistryState
    active: ActiveModel | None
    pointer: Pointer | None
    broken: Problem | None
    notes: tuple[Problem, ...]

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong, the worst first."""
        return [*([self.broken] if self.broken else []), *self.notes]

    def require_sound(self, model_dir: Path) -> None:
        """Raise IntegrityError when the registry is broken."""
        if self.broken:
            where = f"{self.broken.where}: " if self.broken.where else ""
            raise IntegrityError(
                model_dir / self.broken.file, f"{where}{self.broken.what}", f"{REMEDY}."
            )


def read_registry(model_dir: Path, signing_key: str = "") -> RegistryView:
    """Read the registry in ``model_dir``; an empty folder is an empty registry.

    Takes no lock and never raises for what is in the files, only StorageError when they
    cannot be read.
    """
    # The pointer first: a writer appends before it swaps, so a pointer read before the
    # events can never have seen more of them than we do.
    pointer, pointer_fault = read_pointer(model_dir)
    chain = EventLog(model_dir / EVENTS_FILE).read()
    chain = pointer.completed(chain) if pointer else chain
    state = state_after(chain)
    broken = chain.damage or _contradiction(chain, pointer)
    notes = []
    if pointer_fault:
        notes.append(Problem(file=POINTER_FILE, what=f"{pointer_fault}; the events count"))
    if chain.torn:
        notes.append(_at_end(chain, "an unfinished line, left by an interrupted write"))
    if chain.rest:
        what = f"lost the end of its last line, which {POINTER_FILE} still has"
        notes.append(Problem(file=EVENTS_FILE, where=f"event {len(chain.links)}", what=what))
    active = state.active
    if broken and not (pointer and chain.has(*pointer.position)):
        active = None
    scope = scope_of(model_dir)
    if active and state.activation and not is_signed(state.activation, signing_key, scope):
        what = (
            f"the promotion of {active.model_id} is not signed with ML_SIGNING_KEY "
            f"for the scope {scope}"
        )
        notes.append(Problem(file=EVENTS_FILE, where=f"event {state.activation.seq}", what=what))
        active = None
    return RegistryView(
        chain=chain, state=state, active=active, pointer=pointer, broken=broken, notes=tuple(notes)
    )


_states: dict[str, RegistryState] = {}
"""The state at the head that this process saw last."""


def state_after(chain: Chain) -> RegistryState:
    """The sum of the chain's events, added up once a head: its SHA-256 stands for them all."""
    if chain.head not in _states:
        state = fold(chain.events)
        _states.clear()
        _states[chain.head] = state
    return _states[chain.head]


class RegistryReader:
    """The registry in ``model_dir``, signed with ``signing_key`` unless that is empty.

    Each method reads the files anew, so an answer is never older than its question; `view`
    answers several from one reading. Raises StorageError as `read_registry` does.
    """

    def __init__(self, model_dir: Path, *, signing_key: str = "") -> None:
        self.model_dir = Path(model_dir)
        self._key = signing_key

    @property
    def signing_key(self) -> str:
        """What signs the registry's events; empty for none."""
        return self._key

    def view(self) -> RegistryView:
        """One consistent reading."""
        return read_registry(self.model_dir, self._key)

    def list_models(self) -> dict[str, dict[str, Any]]:
        """Every registered model whose files are kept, by id, in order of registration.

        A record holds ``state`` (candidate, active, retired), ``metrics``, ``evaluation``
        (None before it was evaluated), ``artifacts`` and who registered it when.
        """
        models = self.view().state.models
        return {model_id: record.as_dict() for model_id, record in models.items()}

    def list_candidates(self) -> dict[str, dict[str, Any]]:
        """What waits for a promotion: `list_models` without the active and the retired ones."""
        models = self.list_models()
        return {name: record for name, record in models.items() if record["state"] == "candidate"}

    def get_active_model(self) -> str | None:
        """The id of the model that may be traded on."""
        active = self.active_record()
        return active.model_id if active else None

    def active_record(self) -> ActiveModel | None:
        """The active model with the digests to load it by, and who promoted it when."""
        return self.view().active

    def previous_active(self) -> str | None:
        """The model that a rollback returns to."""
        return self.view().state.previous_id

    def current_lock(self, now: datetime | None = None) -> Lock | None:
        """The session lock in force at ``now``."""
        return self.view().state.running_lock(now or utc_now())


def _contradiction(chain: Chain, pointer: Pointer | None) -> Problem | None:
    if pointer is None or chain.has(*pointer.position):
        return None
    found = len(chain.links)
    if found < pointer.events:
        what = f"{found} events where {POINTER_FILE} has seen {pointer.events}"
        return _at_end(chain, what)
    what = f"event {pointer.events} is not the one that {POINTER_FILE} was derived from"
    return Problem(file=EVENTS_FILE, where=f"event {pointer.events}", what=what)


def _at_end(chain: Chain, what: str) -> Problem:
    return Problem(file=EVENTS_FILE, where=f"byte {chain.length_bytes}", what=what)
