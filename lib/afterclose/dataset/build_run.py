"""One build of the dataset in progress: scan the ledgers, write rows and rejects, commit.

A night's build reads what is new. A ledger is read again from its start when anything in
the part already read has changed, which its digest says; a trade that closes in place, or a
record that is mended, is found that way. Remembering the last id or time would miss both.

The order on disk is rows, rejects, metadata: only the last one commits.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Thread

import msgspec

from afterclose.dataset.build_report import BuildReport
from afterclose.dataset.file import DatasetFile
from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset.ledger_scan import LedgerScan, scan_ledgers
from afterclose.dataset.ledger_source import LedgerSource
from afterclose.dataset.line_writer import LineWriter
from afterclose.dataset.metadata import (
    Checkpoint,
    DatasetMetadata,
    Digested,
    Version,
    digest_of_ids,
    version_name,
)
from afterclose.dataset.rejects import RejectsFile, RejectsWriter
from afterclose.dataset.reread import can_resume, rejected_ids
from afterclose.errors import AftercloseError


class BuildRun:
    """One build over opened ``sources``, by whoever holds the scope's lock; `run` does it.

    ``rules`` are what decides about rows besides the ledgers; under other rules than those
    of the last build everything is read again. Making one raises IntegrityError when the
    committed rows are damaged, and cuts off a torn tail.
    """

    def __init__(
        self,
        file: DatasetFile,
        rejects: RejectsFile,
        sources: Sequence[LedgerSource],
        rules: Mapping[str, str],
        now: datetime,
    ) -> None:
        self._file, self._old_rejects = file, rejects
        self._sources, self._rules, self._now = sources, dict(rules), now.astimezone(UTC)
        self._committed = file.begin(self._now.isoformat())
        with self._ledgers_hashed_beside():
            digest = file.check(self._committed)
        self._torn_tail_bytes = file.cut_torn_tail(self._committed)
        self._rows = LineWriter(file.path, self._committed.bytes, digest)
        self._rejects = RejectsWriter(rejects)

    def run(self) -> BuildReport:
        """Do it. Whatever is raised, what was committed before still is, and nothing else."""
        try:
            last = self._committed
            with KnownRows(self._file.path, last.bytes) as known:
                scan, resumed = self._scan(known)
                self._rows.finish()
                metadata = self._metadata(scan, self._rejects.publish(), resumed=resumed)
            changed = metadata != last
            if changed:
                updated_at = self._now.isoformat()
                self._file.commit(msgspec.structs.replace(metadata, updated_at=updated_at))
        except BaseException:  # a kill by Ctrl-C too: taken back, then raised
            self._take_back()
            raise
        return self._report(scan, metadata, changed=changed, resumed=resumed)

    @contextmanager
    def _ledgers_hashed_beside(self) -> Iterator[None]:
        """Hash what was read of the ledgers on another core, while the rows are hashed on this.

        A night on a million trades takes a quarter less. What fails here fails again, and is
        told, where the digest is asked for.
        """

        def hash_all() -> None:
            for source, done in zip(self._sources, self._committed.ledgers, strict=False):
                with suppress(OSError):
                    source.sha256(min(done.bytes, source.size_bytes))

        beside = Thread(target=hash_all, daemon=True)
        beside.start()
        try:
            yield
        finally:
            beside.join()

    def _scan(self, known: KnownRows) -> tuple[LedgerScan, bool]:
        """Read from the checkpoints on where that is enough, else all; say which it was."""
        if self._can_resume():
            done = self._committed.ledgers
            before = rejected_ids(self._old_rejects)
            scan = scan_ledgers(
                self._sources, done, known, self._rows, self._rejects, rejected_before=before
            )
            # Others: a trade of the part that was not read again has got another record.
            if digest_of_ids(scan.seen_before) == self._committed.closed_behind:
                return scan, True
            self._rows.roll_back()
            self._rejects.roll_back()
        starts = [Checkpoint(ledger=source.name) for source in self._sources]
        return scan_ledgers(self._sources, starts, known, self._rows, self._rejects), False

    def _can_resume(self) -> bool:
        pairs = zip(self._sources, self._committed.ledgers, strict=False)
        return can_resume(
            self._committed, self._sources, self._rules, self._old_rejects, self._now
        ) and all(source.begins_with(done) for source, done in pairs)

    def _metadata(self, scan: LedgerScan, rejects: Digested, *, resumed: bool) -> DatasetMetadata:
        """What to commit, still with the old time of the last update."""
        last, rows = self._committed, self._rows
        total, sha256 = last.rows + rows.lines, rows.sha256()
        version = Version(
            version=version_name(total, sha256),
            rows=total,
            bytes=rows.bytes,
            sha256=sha256,
            built_at=self._now.isoformat(),
        )
        borders = scan.borders()
        recheck = [scan.recheck_at.isoformat()] if scan.recheck_at else []
        if resumed and last.recheck_at:
            recheck.append(last.recheck_at)
        return DatasetMetadata(
            updated_at=last.updated_at,
            version=version.version,
            rows=version.rows,
            bytes=version.bytes,
            sha256=version.sha256,
            trades={
                "closed": scan.total("closed"),
                "open": len(scan.still_open()),
                "conflicts": scan.total("conflicts"),
                "superseded": scan.total("superseded"),
                "id_conflicts": scan.total("id_conflicts"),
            },
            rules=self._rules,
            recheck_at=min(recheck, default=None),
            rejects=rejects,
            ledgers=tuple(
                Checkpoint(
                    ledger=source.name,
                    bytes=border.bytes,
                    lines=border.lines,
                    sha256=source.sha256(border.bytes),
                    tally=border.tally,
                )
                for source, border in zip(self._sources, borders, strict=True)
            ),
            closed_behind=digest_of_ids(scan.closed_behind(borders)),
            versions=(*last.versions, version) if rows.lines else last.versions,
        )

    def _take_back(self) -> None:
        """Undo what is not committed; if the disk refuses that too, it is a torn tail."""
        with suppress(AftercloseError):
            self._rejects.roll_back()
        with suppress(AftercloseError):
            if self._file.metadata() == self._committed:
                self._rows.roll_back()

    def _report(
        self, scan: LedgerScan, metadata: DatasetMetadata, *, changed: bool, resumed: bool
    ) -> BuildReport:
        notes = [
            f"{source.name} does not exist yet: no trades in it"
            for source in self._sources
            if not source.exists
        ]
        notes += [
            f"{name}: its last line is unfinished and waits for the next build"
            for name in scan.unfinished
        ]
        trades = metadata.trades
        return BuildReport(
            trades_in_ledger=trades["closed"] + trades["open"],
            closed=trades["closed"],
            open=trades["open"],
            rows_added=self._rows.lines,
            rows_total=metadata.rows,
            rejected=dict(self._rejects.counts),
            conflicts=trades["conflicts"],
            superseded=trades["superseded"],
            id_conflicts=trades["id_conflicts"],
            nonfinite_features=scan.total("nonfinite_features"),
            mae_unknown=scan.total("mae_unknown"),
            mae_sign_flipped=scan.total("mae_sign_flipped"),
            version=metadata.version,
            mode=("incremental" if resumed else "full") if changed else "unchanged",
            torn_tail_bytes=self._torn_tail_bytes,
            notes=tuple(notes),
        )
