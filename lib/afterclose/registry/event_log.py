"""The registry's events on disk: append-only lines, each carrying its predecessor's SHA-256.

A line that was changed, removed, inserted or reordered breaks every link after it, so
damage is found where it is, by anybody, without a key. Rewriting one JSON file instead would
lose the past with every write, and a truncated one reads like an empty registry.

Two kinds of harm are told apart. A *torn* last line has no newline: a crash in an append
that was never acknowledged. Readers pass over it; the next writer keeps it beside and cuts
it off. (One that was acknowledged is whole in the pointer file: `Chain.completed`.) *Damage*
is a whole line that does not fit: nothing is appended behind it, until `verify --repair`.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from afterclose.disk.files import append_durable, keep_beside, sha256_bytes, truncate_durable
from afterclose.errors import UNREADABLE, IntegrityError, StorageError
from afterclose.records import Problem
from afterclose.registry.events import GENESIS, Event, decode_event, encode_event

REMEDY = "Nothing is changed until `make verify REPAIR=1` has been run"


class Link(msgspec.Struct, frozen=True):
    """A valid line: its event, its SHA-256, and the file's length in bytes up to its end."""

    event: Event
    digest: str
    end_bytes: int


class Chain(msgspec.Struct, frozen=True):
    """The longest valid prefix of an event log, and what follows it.

    ``torn`` is an unfinished last line; ``rest`` what the file lacks of the last link, which
    was completed from elsewhere; ``damage`` says where and why the chain ends before the
    file does, None when it does not.
    """

    links: tuple[Link, ...] = ()
    torn: bytes = b""
    rest: bytes = b""
    damage: Problem | None = None

    @property
    def events(self) -> list[Event]:
        """The valid events, oldest first."""
        return [link.event for link in self.links]

    @property
    def head(self) -> str:
        """SHA-256 of the last valid line: what the next event carries as ``prev``."""
        return self.links[-1].digest if self.links else GENESIS

    @property
    def length_bytes(self) -> int:
        """Length of the valid prefix."""
        return self.links[-1].end_bytes if self.links else 0

    def completed(self, line: bytes) -> "Chain":
        """This chain with its torn line completed to ``line``; itself where that does not fit."""
        if self.damage or not self.torn or not line.startswith(self.torn):
            return self
        _, event = _audit(line, len(self.links) + 1)
        if event is None or event.prev != self.head:
            return self
        link = Link(event, sha256_bytes(line), self.length_bytes + len(line) + 1)
        return Chain((*self.links, link), rest=line[len(self.torn) :] + b"\n")

    def followed_by(self, event: Event) -> "Chain":
        """This chain with one more event, as it will be read once that is written."""
        line = encode_event(event)
        link = Link(decode_event(line), sha256_bytes(line), self.length_bytes + len(line) + 1)
        return Chain((*self.links, link))

    def has(self, count: int, head: str) -> bool:
        """Whether its first ``count`` events end in the line whose SHA-256 is ``head``."""
        if count == 0:
            return head == GENESIS
        return count <= len(self.links) and self.links[count - 1].digest == head


class _Audited(NamedTuple):
    """Whole lines that were found to be a valid chain, and that chain."""

    data: bytes
    links: tuple[Link, ...]


_audited: dict[Path, _Audited] = {}
"""What this process has read, by file. Of a log that still begins with the same bytes only
the lines behind them are audited: a replay of ten years reads it three times a session."""


class EventLog:
    """The file at ``path``. Reading needs no lock, appending the scope's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Chain:
        """The valid prefix and what is wrong after it; an absent file is an empty chain.

        Raises StorageError when the file cannot be read, never for what is in it.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return Chain()
        except OSError as error:
            raise StorageError(
                self.path, error.strerror or str(error), "Make the volume readable, then try again."
            ) from error
        whole, torn = data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :]
        known = _audited.get(self.path)
        if known is None or not whole.startswith(known.data):
            known = _Audited(b"", ())
        links = list(known.links)
        for line in whole[len(known.data) :].split(b"\n")[:-1]:
            fault, event = _audit(line, len(links) + 1)
            if event is None:
                return self._damaged(links, torn, fault)
            before = links[-1] if links else None
            if event.prev != (before.digest if before else GENESIS):
                # this line or the one before was changed: believe neither
                fault = "the next line was written after another one"
                return self._damaged(links[:-1], torn, fault)
            end_bytes = (before.end_bytes if before else 0) + len(line) + 1
            links.append(Link(event, sha256_bytes(line), end_bytes))
        _audited[self.path] = _Audited(whole, tuple(links))
        return Chain(tuple(links), torn)

    def append(self, chain: Chain, event: Event) -> None:
        """Append one event that follows ``chain``, the file as it was read under the lock.

        A torn tail is cut off first and kept in `<name>.torn-<digest>`, or completed where the
        chain knows how. Raises IntegrityError when the chain is damaged, StorageError when the
        disk refuses; then the valid lines are as before.
        """
        if chain.damage:
            raise IntegrityError(
                self.path, f"{chain.damage.where}: {chain.damage.what}", f"{REMEDY}."
            )
        if chain.torn:
            self.cut_torn_line(chain)
        self.complete(chain)
        append_durable(self.path, encode_event(event) + b"\n")

    def cut_torn_line(self, chain: Chain) -> Path:
        """Cut off the torn line and return the file beside that keeps it."""
        kept = keep_beside(self.path, "torn", chain.torn)
        truncate_durable(self.path, chain.length_bytes)
        return kept

    def complete(self, chain: Chain) -> None:
        """Write the end of the last line, where the file lacks it. Raises StorageError."""
        if chain.rest:
            append_durable(self.path, chain.rest)

    def cut_back(self, chain: Chain) -> None:
        """Take back what was appended after ``chain``. Raises StorageError."""
        if self.path.stat().st_size > chain.length_bytes:  # shorter: its last line lacks its end
            truncate_durable(self.path, chain.length_bytes)

    def _damaged(self, links: list[Link], torn: bytes, fault: str) -> Chain:
        valid = Chain(tuple(links), torn)
        where = f"line {len(links) + 1}, byte {valid.length_bytes}"
        return replace(valid, damage=Problem(file=self.path.name, where=where, what=fault))


def _audit(line: bytes, number: int) -> tuple[str, Event | None]:
    """Why a line cannot stand in its place, or the event in it."""
    try:
        event = decode_event(line)
    except UNREADABLE as error:
        return f"not an event ({error})", None
    if event.seq != number:
        return f"event {event.seq} stands where event {number} belongs", None
    return "", event
