"""How a change to the registry is committed: lock, read, check, append, swap.

The order is the promise. The event is durable before the pointer moves, so a crash between
the two leaves a stale pointer, which nobody believes; the other order would leave a pointer
that nothing explains. When the swap itself fails the event is taken back, so a job that
reports a full disk has changed nothing.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterclose.disk.scope_lock import scope_lock
from afterclose.disk.sealed_json import as_text
from afterclose.disk.signature import scope_of
from afterclose.errors import StorageError
from afterclose.registry.event_log import Chain, EventLog
from afterclose.registry.events import EVENT_VERSION, Event, Kind, sign
from afterclose.registry.pointer import read_pointer, write_pointer
from afterclose.registry.reader import RegistryView, read_registry, state_after
from afterclose.scope_files import EVENTS_FILE


def whoami() -> str:
    """``user@host`` of this process; the user's number where it has no name (containers)."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return f"{user}@{os.uname().nodename}"


class RegistryWriter:
    """Writes the registry in ``model_dir``, in the name of ``by``."""

    def __init__(self, model_dir: Path, *, signing_key: str, by: str) -> None:
        self.model_dir, self.signing_key, self.by = model_dir, signing_key, by
        self.log = EventLog(model_dir / EVENTS_FILE)

    @contextmanager
    def opened(self, wait_s: float) -> Iterator[RegistryView]:
        """Hold the scope's lock and give the registry as it is now.

        Raises ScopeBusy when another job holds the lock for longer than ``wait_s``
        seconds, IntegrityError when the registry is broken.
        """
        with scope_lock(self.model_dir.parent, wait_s=wait_s):
            view = read_registry(self.model_dir, self.signing_key)
            view.require_sound(self.model_dir)
            yield view

    def commit(
        self,
        view: RegistryView,
        kind: Kind,
        at: datetime,
        model_id: str | None = None,
        reason: str = "",
        **facts: Any,
    ) -> None:
        """Append one event to the registry that was opened, then swap the pointer.

        ``facts`` are further fields of the event. Raises StorageError; then the registry
        is as it was.
        """
        event = self.compose(
            view.chain, kind, at, model_id, reason, previous_active=view.state.active_id, **facts
        )
        chain = view.chain.followed_by(event)
        try:
            self.log.append(view.chain, event)
            write_pointer(self.model_dir, chain, state_after(chain))
        except StorageError:
            pointer, _ = read_pointer(self.model_dir)
            if pointer and pointer.events_head == chain.head:
                return  # only the folder was not synced: at worst the pointer is stale one day
            with suppress(StorageError):  # the first error says what is wrong with the disk
                self.log.cut_back(view.chain)
            raise

    def compose(
        self,
        chain: Chain,
        kind: Kind,
        at: datetime,
        model_id: str | None = None,
        reason: str = "",
        **facts: Any,
    ) -> Event:
        """The event that may follow ``chain``, signed where a key is set."""
        event = Event(
            schema_version=EVENT_VERSION,
            seq=len(chain.links) + 1,
            prev=chain.head,
            at=at.astimezone(UTC),
            by=as_text(self.by),
            event=kind,
            model_id=model_id,
            reason=as_text(reason),
            **facts,
        )
        return sign(event, self.signing_key, scope_of(self.model_dir))
