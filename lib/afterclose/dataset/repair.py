"""Finding what is wrong with a dataset, and clearing the way for it to be built anew.

Rows are never mended one by one: a file in which one byte has changed may have others that
still read as numbers. It is kept beside as a whole, and the ledgers tell it all again.
"""

import hashlib
from pathlib import Path

import msgspec

from afterclose.dataset.file import DatasetFile
from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset.metadata import DatasetMetadata, empty_metadata, version_name
from afterclose.dataset.rejects import RejectsFile
from afterclose.disk.files import keep_beside
from afterclose.disk.seal import is_sealed
from afterclose.errors import UNREADABLE, IntegrityError
from afterclose.records import Problem, TradeDataRow
from afterclose.scope_files import DATASET_FILE, REJECTS_FILE, ROWS_FILE


def verify_dataset(file: DatasetFile, rejects: RejectsFile) -> list[Problem]:
    """All that is wrong, the worst first. Raises StorageError."""
    try:
        metadata = file.metadata()
    except IntegrityError as error:
        return [Problem(file=DATASET_FILE, what=error.problem)]
    if metadata is None:
        return []
    try:
        file.check(metadata)
    except IntegrityError as error:
        return [Problem(file=ROWS_FILE, where=_first_bad_line(file), what=error.problem)]
    problems = []
    if not is_sealed(file.metadata_path.read_bytes()):
        problems.append(Problem(file=DATASET_FILE, what="its seal is damaged or missing"))
    if conflicts := metadata.trades.get("conflicts", 0):
        what = f"{conflicts} rows were written before their ledger record changed"
        problems.append(Problem(file=ROWS_FILE, what=what))
    if torn_bytes := file.size_bytes() - metadata.bytes:
        what = f"{torn_bytes} bytes that no build committed; the next one cuts them off"
        problems.append(Problem(file=ROWS_FILE, where=f"byte {metadata.bytes}", what=what))
    if not rejects.is_intact(metadata.rejects):
        what = "not as the last build wrote it; the next one writes it again"
        problems.append(Problem(file=REJECTS_FILE, what=what))
    return problems


def keep_damaged(file: DatasetFile, rejects: RejectsFile) -> list[str]:
    """Keep the metadata or the rejects beside where they are damaged: a repair rewrites them."""
    try:
        metadata = file.metadata()
    except IntegrityError:
        damaged = file.metadata_path
    else:
        if metadata is None or rejects.is_intact(metadata.rejects):
            return []
        damaged = rejects.path
    if not damaged.exists():
        return []
    return [
        f"kept the damaged file as {keep_beside(damaged, 'damaged', damaged.read_bytes()).name}"
    ]


def clear_the_way(
    file: DatasetFile, updated_at: str, *, can_rebuild: bool
) -> tuple[list[str], Path | None]:
    """Bring the files into a state that a build can go on from, whatever is wrong with them.

    Returns what was done, in sentences, and where the old rows are kept if they were
    unusable. Raises IntegrityError when that is so and there is no ledger to rebuild them
    from. Interrupted anywhere, it can be run again.
    """
    try:
        metadata = file.metadata()
        if metadata is None or _is_usable(file, metadata):
            return _sealed_again(file, metadata), None
    except IntegrityError:
        metadata = _from_rows(file, updated_at)
        if metadata is not None:
            file.commit(metadata)
            return [f"made the metadata of {metadata.rows} rows anew"], None
    if not can_rebuild:
        remedy = "Restore the ledger, then repair again."
        raise IntegrityError(file.path, "unusable, and there is no ledger to rebuild from", remedy)
    aside = file.set_aside("damaged") if file.size_bytes() else None
    file.commit(empty_metadata(updated_at))
    return [f"kept the old rows as {aside.name}"] if aside else [], aside


def _sealed_again(file: DatasetFile, metadata: DatasetMetadata | None) -> list[str]:
    if metadata is None or is_sealed(file.metadata_path.read_bytes()):
        return []
    file.commit(metadata)
    return ["sealed the metadata anew"]


def count_lost(aside: Path, known: KnownRows) -> int:
    """How many trades have a readable row in a file set aside, and none in ``known``."""
    with aside.open("rb") as rows:
        ids = {row.trade_id for line in rows if (row := _readable(line))}
    return sum(trade_id not in known for trade_id in ids)


def _is_usable(file: DatasetFile, metadata: DatasetMetadata) -> bool:
    try:
        file.check(metadata)
    except IntegrityError:
        return False
    return not metadata.trades.get("conflicts", 0)


def _from_rows(file: DatasetFile, updated_at: str) -> DatasetMetadata | None:
    """The metadata of all whole lines; None unless each is a row of a trade of its own."""
    if not file.path.exists():
        return None
    digest, size, ids = hashlib.sha256(), 0, set[str]()
    with file.path.open("rb") as rows:
        for line in rows:
            if not line.endswith(b"\n"):
                break
            row = _readable(line)
            if row is None or row.trade_id in ids:
                return None
            ids.add(row.trade_id)
            digest.update(line)
            size += len(line)
    return msgspec.structs.replace(
        empty_metadata(updated_at),
        version=version_name(len(ids), digest.hexdigest()),
        rows=len(ids),
        bytes=size,
        sha256=digest.hexdigest(),
    )


def _first_bad_line(file: DatasetFile) -> str:
    if not file.path.exists():
        return ""
    with file.path.open("rb") as rows:
        bad = (number for number, line in enumerate(rows, 1) if _readable(line) is None)
        return f"line {number}" if (number := next(bad, 0)) else ""


def _readable(line: bytes) -> TradeDataRow | None:
    try:
        return msgspec.json.decode(line, type=TradeDataRow)
    except UNREADABLE:
        return None
