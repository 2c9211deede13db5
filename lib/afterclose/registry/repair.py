"""Finding what is wrong with a registry, and making it writable again.

Repair never promotes. It keeps what is proved (the longest valid prefix of the events), keeps
the damaged files beside, and registers the model folders it finds as candidates again; the
model that was active stays so only where the events and the pointer file name the same one.
Guessing it from anything less would put a model on money that nobody chose.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from afterclose.disk.files import keep_beside, write_atomic
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import IntegrityError, PromotionRefused
from afterclose.learning.artifacts import ModelStore
from afterclose.records import Problem, Repair
from afterclose.registry.checks import (
    check_artifacts,
    check_evaluation,
    check_signature,
    evaluation_on_disk,
)
from afterclose.registry.event_log import Chain
from afterclose.registry.events import encode_event, figures
from afterclose.registry.pointer import write_pointer
from afterclose.registry.reader import RegistryView, read_registry
from afterclose.registry.state import ModelRecord, RegistryState, fold
from afterclose.registry.writer import RegistryWriter
from afterclose.scope_files import POINTER_FILE


def verify_registry(view: RegistryView, store: ModelStore, signing_key: str) -> list[Problem]:
    """All that is wrong, the worst first: events, pointer, then each model's files."""
    problems = view.problems
    if not view.broken and not _pointer_is_current(view):
        problems.append(Problem(file=POINTER_FILE, what="missing, or behind the events"))
    models = view.state.models.items()
    found = (_model_problem(record, store, name, signing_key) for name, record in models)
    return problems + [problem for problem in found if problem]


def repair_registry(
    writer: RegistryWriter, store: ModelStore, now: datetime, wait_s: float
) -> Repair:
    """Mend what can be mended without guessing; a sound registry stays as it is.

    Raises ScopeBusy and StorageError. Interrupted, it can be run again.
    """
    with scope_lock(writer.model_dir.parent, wait_s=wait_s):
        view = read_registry(writer.model_dir, writer.signing_key)
        if view.broken:
            return _rebuild(writer, store, view, now)
        return _mend(writer, view)


def _mend(writer: RegistryWriter, view: RegistryView) -> Repair:
    done = []
    if view.chain.torn:
        kept = writer.log.cut_torn_line(view.chain)
        done.append(f"cut off an unfinished event, kept as {kept.name}")
    if view.chain.rest:
        writer.log.complete(view.chain)
        done.append(f"completed the last event from {POINTER_FILE}")
    if not _pointer_is_current(view):
        pointer = writer.model_dir / POINTER_FILE
        if pointer.exists() and view.pointer is None:
            kept = keep_beside(pointer, "damaged", pointer.read_bytes())
            done.append(f"kept the damaged file as {kept.name}")
        write_pointer(writer.model_dir, Chain(view.chain.links), view.state)
        done.append(f"derived {POINTER_FILE} from the events")
    return Repair(done=tuple(done), left=())


def _rebuild(
    writer: RegistryWriter, store: ModelStore, view: RegistryView, now: datetime
) -> Repair:
    chain = _vouched_for(view)
    state = fold(chain.events)
    active = _surely_active(view, state)
    found, left = _unknown_models(store, state, writer.signing_key)
    left += _doubts(view, state, active)
    done = [
        f"kept the first {len(chain.links)} events, which are valid",
        *(f"kept the damaged file as {path.name}" for path in _keep_files(writer)),
        *(f"registered {model_id} again, from its folder" for model_id in found),
    ]
    event = writer.compose(
        chain, "repaired", now, active, previous_active=state.active_id, notes=(*done, *left)
    )
    chain = chain.followed_by(event)
    for model_id, facts in found.items():
        event = writer.compose(
            chain, "registered", now, model_id, "repair", previous_active=active, **facts
        )
        chain = chain.followed_by(event)
    lines = [encode_event(event) + b"\n" for event in chain.events]
    write_atomic(writer.log.path, b"".join(lines))
    write_pointer(writer.model_dir, chain, fold(chain.events))
    return Repair(done=tuple(done), left=tuple(left))


def _vouched_for(view: RegistryView) -> Chain:
    """The valid events, but for one that the pointer file contradicts and all after it."""
    links, pointer = view.chain.links, view.pointer
    if pointer and pointer.events <= len(links) and not view.chain.has(*pointer.position):
        links = links[: pointer.events - 1]
    return Chain(links)


def _surely_active(view: RegistryView, state: RegistryState) -> str | None:
    """The active model, where the events and the pointer file agree on it."""
    if view.active:
        return view.active.model_id
    claimed = view.pointer.active_model_id if view.pointer else None
    return claimed if claimed == state.active_id else None


def _doubts(view: RegistryView, state: RegistryState, active: str | None) -> list[str]:
    claimed = view.pointer.active_model_id if view.pointer else state.active_id
    if claimed in (None, active):
        return []
    return [f"{claimed} may have been active; if it should be: make promote ID={claimed}"]


def _keep_files(writer: RegistryWriter) -> list[Path]:
    damaged = (writer.log.path, writer.model_dir / POINTER_FILE)
    return [keep_beside(path, "damaged", path.read_bytes()) for path in damaged if path.exists()]


def _unknown_models(
    store: ModelStore, state: RegistryState, signing_key: str
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Models on disk that the valid events do not know, oldest first, and what is wrong."""
    found: dict[str, dict[str, Any]] = {}
    faults = []
    for model_id in reversed(store.model_ids()):
        if model_id in state.models:
            continue
        try:
            metadata = store.read_metadata(model_id)
            store.verify_published(model_id, signing_key)
            evaluation, digest = evaluation_on_disk(store.folder(model_id))
        except IntegrityError as error:
            faults.append(f"{model_id} was not registered again: {error}")
            continue
        found[model_id] = {
            "artifacts": store.digests(model_id),
            "metrics": figures(metadata.get("metrics")),
            "evaluation": evaluation,
            "evaluation_sha256": digest,
        }
    return found, faults


def _pointer_is_current(view: RegistryView) -> bool:
    return view.pointer.events == len(view.chain.links) if view.pointer else not view.chain.links


def _model_problem(
    record: ModelRecord, store: ModelStore, model_id: str, signing_key: str
) -> Problem | None:
    try:
        check_artifacts(record, store, model_id)
        check_signature(record, store, model_id, signing_key)
        check_evaluation(record, store, model_id)
    except PromotionRefused:
        return None  # not evaluated yet: nothing is wrong with it
    except IntegrityError as error:
        file = Path(error.path).relative_to(store.model_dir)
        return Problem(file=str(file), what=error.problem)
    return None
