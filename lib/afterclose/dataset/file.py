"""The dataset on disk: append-only rows, of which the metadata says how many are committed.

Behind the committed bytes there may be a torn tail, left by a build that was killed. It is
cut off, kept beside, and added again from the ledger. Different bytes *inside* the committed
part mean that the past has changed, and nothing is learned from it until a person has had
it repaired.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from afterclose.dataset.metadata import DatasetMetadata, empty_metadata, version_name
from afterclose.disk.files import (
    move_durable,
    read_chunks,
    sha256_bytes,
    sha256_file,
    storage_error,
    truncate_durable,
    write_atomic,
)
from afterclose.disk.sealed_json import decode_sealed, write_sealed
from afterclose.errors import UNREADABLE, InputError, IntegrityError
from afterclose.records import TradeDataRow
from afterclose.scope_files import DATASET_FILE, ROWS_FILE

REMEDY = "`make verify` says more; `make verify REPAIR=1` rebuilds it from the ledger."
VERSION_PATTERN = re.compile(r"v(\d{8,18})-([0-9a-f]{12})")


class DatasetFile:
    """The rows and their metadata in the folder of one scope."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ROWS_FILE
        self.metadata_path = folder / DATASET_FILE

    def metadata(self) -> DatasetMetadata | None:
        """What is committed; None before the first build.

        Raises IntegrityError when it cannot be read, or is missing beside rows: without it
        nobody knows how many of them count.
        """
        try:
            data = self.metadata_path.read_bytes()
        except FileNotFoundError:
            if self.size_bytes():
                raise IntegrityError(self.metadata_path, "missing beside rows", REMEDY) from None
            return None
        except OSError as error:
            raise storage_error(self.metadata_path, error) from error
        try:
            return decode_sealed(data, DatasetMetadata)
        except UNREADABLE as error:
            raise IntegrityError(self.metadata_path, f"unreadable: {error}", REMEDY) from None

    def begin(self, updated_at: str) -> DatasetMetadata:
        """What is committed; commits the empty dataset where there is none yet.

        So a build that is killed before its first commit leaves a torn tail like any other.
        """
        metadata = self.metadata()
        if metadata is None:
            metadata = empty_metadata(updated_at)
            self.commit(metadata)
        return metadata

    def commit(self, metadata: DatasetMetadata) -> None:
        """Make the rows that ``metadata`` names count."""
        write_sealed(self.metadata_path, metadata, indent=1)

    def check(self, metadata: DatasetMetadata) -> "hashlib._Hash":
        """The running SHA-256 of the committed rows. Raises IntegrityError if it is not theirs."""
        size = self.size_bytes()
        if size < metadata.bytes:
            problem = f"{metadata.bytes} bytes were committed and {size} are there"
            raise IntegrityError(self.path, problem, REMEDY)
        digest = hashlib.sha256()
        if metadata.bytes:
            for chunk in read_chunks(self.path, metadata.bytes):
                digest.update(chunk)
        if digest.hexdigest() != metadata.sha256:
            problem = f"the first {metadata.bytes} bytes are not those that were committed"
            raise IntegrityError(self.path, problem, REMEDY)
        return digest

    def cut_torn_tail(self, metadata: DatasetMetadata) -> int:
        """Cut off what no build committed and keep it beside; return how many bytes."""
        torn_bytes = self.size_bytes() - metadata.bytes
        if torn_bytes > 0 and metadata.bytes == 0:
            self.set_aside("torn")
        elif torn_bytes > 0:
            with self.path.open("rb") as file:
                file.seek(metadata.bytes)
                tail = file.read()
            write_atomic(self._beside("torn", sha256_bytes(tail)), tail)
            truncate_durable(self.path, metadata.bytes)
        return torn_bytes

    def set_aside(self, kind: str) -> Path:
        """Rename the rows file to ``<name>.<kind>-<digest>``, and return that path."""
        beside = self._beside(kind, sha256_file(self.path))
        move_durable(self.path, beside)
        return beside

    def rows(self, metadata: DatasetMetadata) -> Iterator[TradeDataRow]:
        """The first ``metadata.rows`` rows, in the order in which they were added."""
        if metadata.rows:
            decode = msgspec.json.Decoder(TradeDataRow).decode
            with self.path.open("rb") as file:
                yield from map(decode, islice(file, metadata.rows))

    def earlier(self, metadata: DatasetMetadata, version: str) -> DatasetMetadata:
        """The metadata of an earlier version: append-only means that it is a prefix.

        Raises InputError for a version that this dataset never had.
        """
        if version == metadata.version:
            return metadata
        match = VERSION_PATTERN.fullmatch(version)
        if match is None:
            raise InputError(
                f"{version!r} is no dataset version; they look like {metadata.version}"
            )
        rows, size, digest = int(match[1]), 0, hashlib.sha256()
        if rows <= metadata.rows:
            with self.path.open("rb") as file:
                for line in islice(file, rows):
                    digest.update(line)
                    size += len(line)
        if version_name(rows, digest.hexdigest()) != version:
            raise InputError(f"there is no dataset version {version}; now is {metadata.version}")
        return msgspec.structs.replace(
            metadata, version=version, rows=rows, bytes=size, sha256=digest.hexdigest()
        )

    def size_bytes(self) -> int:
        """Bytes of the rows file, torn tail included; 0 when there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _beside(self, kind: str, sha256: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{kind}-{sha256[:12]}")
