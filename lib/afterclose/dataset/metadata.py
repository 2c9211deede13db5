"""What is known about the committed dataset: the contents of `ml_dataset_metadata.json`.

Replacing that one small file is the commit: rows count once it names their length and
digest. A second file with a checksum, or a marker line among the rows, would have to be
kept in step with it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

METADATA_VERSION = 1
"""Raise it when a field changes meaning or goes away, and upgrade what the older numbers say in
`afterclose.dataset.file`; a new field with a default does not need it."""

EMPTY_SHA256 = hashlib.sha256().hexdigest()

ROW_RULES = 3
"""Raise it when the same ledger would now give other rows or other rejects: the next build
then reads everything again instead of trusting what was read under the old rules."""


ID_OF_ANOTHER_TRADE = "id of another trade"
"""The kind of a reject: a later record has the same id and another symbol, side or entry."""


class Tally(msgspec.Struct, kw_only=True):
    """Counts over the closed trades of a ledger or of its first lines.

    ``conflicts`` have a row that differs from their record now; ``superseded`` are closed
    records whose trade has a later one, ``id_conflicts`` those whose later one is of another
    trade; ``nonfinite_features`` are values, the others trades.
    """

    closed: int = 0
    conflicts: int = 0
    superseded: int = 0
    id_conflicts: int = 0
    nonfinite_features: int = 0
    mae_unknown: int = 0
    mae_sign_flipped: int = 0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a ledger was read for good, and what was in there.

    Its first ``bytes`` bytes (``lines`` lines, digest ``sha256``) hold no trade that was
    still open, so they need not be read again while they stay the same.
    """

    ledger: str
    bytes: int = 0
    lines: int = 0
    sha256: str = EMPTY_SHA256
    tally: Tally = msgspec.field(default_factory=Tally)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One length that the dataset was committed at."""

    version: str
    rows: int
    bytes: int
    sha256: str
    built_at: str


class Digested(msgspec.Struct, frozen=True, kw_only=True):
    """Size and digest of a file of lines."""

    lines: int = 0
    bytes: int = 0
    sha256: str = EMPTY_SHA256


class DatasetMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The committed state: ``versions`` are all lengths so far, oldest first.

    ``ledgers`` and ``rejects`` let the next build go on where this one stopped, as long as
    ``rules`` are the same; ``closed_behind`` is a digest of the ids of the closed trades that
    it will then meet again. At ``recheck_at`` a rejected timestamp will have stopped lying in
    the future. `afterclose.dataset.file` reads it.
    """

    schema_version: Annotated[int, Meta(ge=1, le=METADATA_VERSION)] = METADATA_VERSION
    updated_at: str
    version: str
    rows: int
    bytes: int
    sha256: str
    trades: Mapping[str, int] = {}
    rules: Mapping[str, str] = {}
    recheck_at: str | None = None
    rejects: Digested = Digested()
    ledgers: tuple[Checkpoint, ...] = ()
    closed_behind: str = ""
    versions: tuple[Version, ...] = ()


def digest_of_ids(trade_ids: Iterable[str]) -> str:
    """SHA-256 of a set of trade ids, in whatever order they come."""
    return hashlib.sha256(msgspec.json.encode(sorted(trade_ids))).hexdigest()


def version_name(rows: int, sha256: str) -> str:
    """``v00000245-0123456789ab``: how many rows, and the start of their digest."""
    return f"v{rows:08d}-{sha256[:12]}"


def empty_metadata(updated_at: str) -> DatasetMetadata:
    """The state before the first row."""
    return DatasetMetadata(
        updated_at=updated_at,
        version=version_name(0, EMPTY_SHA256),
        rows=0,
        bytes=0,
        sha256=EMPTY_SHA256,
    )
