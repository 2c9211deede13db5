"""What can happen to a registry: one frozen event each, its one line, and its signature.

Events are facts in the past tense; the state (`afterclose.registry.state`) is only ever their sum.
A table of rows that are overwritten could not say who replaced what, and a crash half way
through an update would lose both the old row and the new one.

The line of an event is its canonical JSON: fields in the order below, keys of mappings
sorted, defaults left out. A field added later with a default therefore leaves the bytes,
the hash chain and the signatures of old events as they were.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field
from msgspec.structs import replace

from afterclose.disk.signature import is_signature, signature_of

EVENT_VERSION = 1
"""Raise it when a field changes meaning, and let `decode_event` read the old number: events are
kept for ever, and their bytes are what the chain is made of."""

GENESIS = "0" * 64
"""``prev`` of the first event: there is no line before it."""

INTERVAL_LENGTH = 2
"""Low and high: the longest list that an evaluation's summary keeps."""

Moment = Annotated[datetime, Meta(tz=True)]
"""A moment with its offset, kept in UTC."""

Figures = msgspec.Raw
"""A JSON object as its bytes. All events are read at each start and the figures of few are
looked at; parsing them all would make ten years of events five times slower to read."""

NO_FIGURES = Figures()

Kind = Literal[
    "registered",
    "imported",
    "evaluated",
    "promoted",
    "rolled_back",
    "deactivated",
    "locked",
    "unlocked",
    "pruned",
    "repaired",
]
"""What happened. Each is a method of the fold in `afterclose.registry.state`."""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """A trading session pinned on a model until that session's close.

    ``digest`` stands for all artifacts of the model (`artifacts_digest`); both are None
    when the session was opened by the rules alone.
    """

    session: str
    until: Moment
    model_id: str | None
    digest: str | None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `registry_events.jsonl`: when, who, what, why, and what was active before.

    ``prev`` is the SHA-256 of the previous line without its newline; ``artifacts`` maps
    file names to SHA-256; undefined figures are null; ``signature`` is HMAC-SHA256 over the
    line without it, and ``scope`` the scope that it was signed for.
    """

    schema_version: Annotated[int, Meta(ge=1, le=EVENT_VERSION)]
    seq: int
    prev: str
    at: Moment
    by: str
    event: Kind
    model_id: str | None
    reason: str
    previous_active: str | None
    artifacts: dict[str, str] = {}
    metrics: Figures = NO_FIGURES
    evaluation: Figures = NO_FIGURES
    evaluation_sha256: str | None = None
    gates_answer: Figures = field(default=NO_FIGURES, name="verdict")
    origin: str | None = None
    lock: Lock | None = None
    pruned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    scope: str | None = None
    signature: str | None = None

    @property
    def subject(self) -> str:
        """The id of the model that this is about, empty for none."""
        return self.model_id or ""


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The event's line, without its newline."""
    return _ENCODER.encode(event)


def decode_event(line: bytes) -> Event:
    """The event in a line. Raises ValueError saying which field is wrong."""
    line.decode()  # figures are not parsed, so nothing else would find what is not UTF-8
    return _DECODER.decode(line)


def sign(event: Event, key: str, scope: str) -> Event:
    """The event with its scope and signature; an empty key signs nothing."""
    if not key:
        return replace(event, signature=None)
    event = replace(event, scope=scope)
    return replace(event, signature=signature_of(_unsigned(event), key))


def is_signed(event: Event, key: str, scope: str) -> bool:
    """Whether ``key`` wrote this event in ``scope``. Without a key nothing is asked of an event.

    Events of 0.1.0 name no scope; what the key signed then still counts, in whatever scope.
    """
    if not key:
        return True
    in_scope = event.scope in (None, scope)
    return in_scope and is_signature(event.signature or "", _unsigned(event), key)


def artifacts_digest(artifacts: Mapping[str, str]) -> str | None:
    """One SHA-256 for a model's artifacts, None for none: over their canonical JSON."""
    return hashlib.sha256(_ENCODER.encode(artifacts)).hexdigest() if artifacts else None


def figures(values: Mapping[str, Any] | None) -> Figures:
    """The values as an event keeps them: NaN is null, arrays are lists; None is no figures.

    Raises TypeError for a value that JSON cannot hold.
    """
    if values is None:
        return NO_FIGURES
    return Figures(_ENCODER.encode(_plain(values)))


def summary(evaluation: Mapping[str, Any] | None) -> Figures:
    """The figures without tables: a list longer than an interval stays in evaluation.json.

    Events are kept for ever, so they hold single figures and pairs, and the file's digest.
    """
    # Most of an evaluation is tables: they go before values are made plain, and those that only
    # then turn out to be tables after.
    return figures(evaluation and _without_tables(_plain(_without_tables(evaluation))))


def read_figures(kept: Figures) -> dict[str, Any] | None:
    """The values again, None for no figures."""
    if kept == NO_FIGURES:
        return None
    values: dict[str, Any] = msgspec.json.decode(kept)
    return values


def _unsigned(event: Event) -> bytes:
    return encode_event(replace(event, signature=None))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    encoded = msgspec.json.encode(dict(values), enc_hook=_unwrap)
    decoded: dict[str, Any] = msgspec.json.decode(encoded)
    return decoded


def _unwrap(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, without importing NumPy
        return value.tolist()
    raise TypeError(f"{value!r} of type {type(value).__name__} has no JSON form")


def _without_tables(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_tables(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if not isinstance(value, list) or len(value) <= INTERVAL_LENGTH
    }
