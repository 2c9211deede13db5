"""`model_registry.json`: the registry's state for people and tools, and a check for us.

It is derived from the events and swapped in after each append. Nobody here believes what it
says about models; what counts is how far the events went when it was written. The events
alone would not show that their last lines are gone; this file, bound to them by the SHA-256
of the last line and to itself by its own, does. It holds that line too: should the log lose
the end of it, an event that was acknowledged is not taken for an interrupted write.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from afterclose.disk.files import sha256_bytes, write_atomic
from afterclose.errors import UNREADABLE, StorageError
from afterclose.registry.event_log import Chain
from afterclose.registry.events import encode_event
from afterclose.registry.state import RegistryState
from afterclose.scope_files import POINTER_FILE

POINTER_VERSION = 1
"""To raise it, let `_pointer_in` read the old number: it may be the one copy of the last event."""


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """How far the events went when the pointer file was written, and what was active then.

    ``last_event`` is the last event's line, empty in files of earlier versions.
    """

    schema_version: Annotated[int, Meta(ge=1, le=POINTER_VERSION)] = POINTER_VERSION
    events: int
    events_head: str
    active_model_id: str | None
    last_event: str = ""

    @property
    def position(self) -> tuple[int, str]:
        """Where in the chain it stood: the number of events and the last one's SHA-256."""
        return self.events, self.events_head

    def completed(self, chain: Chain) -> Chain:
        """The chain with its torn line as it was when this was written, if that is certain.

        It is when the torn line is the beginning of a line whose SHA-256 is on record here.
        """
        if not chain.torn or self.events != len(chain.links) + 1:
            return chain
        line = self.last_event.encode() or chain.torn
        return chain.completed(line) if sha256_bytes(line) == self.events_head else chain


def write_pointer(model_dir: Path, chain: Chain, state: RegistryState) -> None:
    """Swap in the pointer file for ``state``, the sum of ``chain``. Raises StorageError."""
    body = {
        "schema_version": POINTER_VERSION,
        "active_model_id": state.active_id,
        "active_model": state.active,
        "previous_active": state.previous_id,
        "lock": state.lock,
        "models": {model_id: record.as_dict() for model_id, record in state.models.items()},
        "events": len(chain.links),
        "events_bytes": chain.length_bytes,
        "events_head": chain.head,
        "last_event": encode_event(chain.links[-1].event).decode() if chain.links else "",
    }
    data = msgspec.json.encode(body | {"sha256": _digest(msgspec.to_builtins(body))})
    write_atomic(model_dir / POINTER_FILE, msgspec.json.format(data, indent=2) + b"\n")


def read_pointer(model_dir: Path) -> tuple[Pointer | None, str]:
    """What it says, or None and why: empty for an absent file, else what is wrong with it.

    Raises StorageError when the file cannot be read.
    """
    path = model_dir / POINTER_FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        raise StorageError(
            path, error.strerror or str(error), "Make the volume readable, then try again."
        ) from error
    return _pointer_in(data)


@lru_cache(maxsize=1)
def _pointer_in(data: bytes) -> tuple[Pointer | None, str]:
    """What the file's bytes say; loading a filter reads the same ones three times."""
    try:
        body = msgspec.json.decode(data, type=dict[str, Any])
        claimed = body.pop("sha256", None)
        pointer = msgspec.convert(body, Pointer)
    except UNREADABLE:
        return None, "not the file that was written"
    if claimed != _digest(body):
        return None, "changed since it was written"
    return pointer, ""


def _digest(body: object) -> str:
    return sha256_bytes(msgspec.json.encode(body, order="sorted"))
