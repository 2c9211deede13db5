"""The dataset of one scope: built from the ledgers, read for training, checked and repaired.

Every closed trade becomes one row, once, known by its trade_id. Asking the dataset by symbol
and time instead would take two trades for one, and one trade for two when the same instant
is written in another zone.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from afterclose.clock import utc_now
from afterclose.dataset.build_report import BuildReport
from afterclose.dataset.build_run import BuildRun
from afterclose.dataset.file import DatasetFile
from afterclose.dataset.known_rows import KnownRows
from afterclose.dataset.ledger_source import LedgerSource
from afterclose.dataset.metadata import ROW_RULES, DatasetMetadata, empty_metadata
from afterclose.dataset.rejects import RejectsFile
from afterclose.dataset.repair import clear_the_way, count_lost, keep_damaged, verify_dataset
from afterclose.dataset.reread import can_resume, contradictions
from afterclose.disk.files import storage_error
from afterclose.disk.scope_lock import scope_lock
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.records import Problem, Repair
from afterclose.settings import Settings
from afterclose.trades.parser import LineParser

if TYPE_CHECKING:
    from afterclose.dataset.columns import Dataset

NEW_YORK = "America/New_York"
EXCLUDED_EXIT_TYPES = frozenset({"EXTERNAL_CLOSE", "LIQUIDATION"})

Ledger = TradeLedger | Path | str


class DatasetBuilder:
    """Builds and reads the dataset in ``dataset_dir``, the scope's folder.

    ``trade_ledger`` is one ledger or several, in the order in which their rows are added; a
    record in a later one supersedes those with its id in earlier ones. ``shadow_ledger`` and
    ``backtest_ledger`` are read last, once there are such. ``timezone`` (IANA) is for ledgers
    given as paths. Trades that ended with one of ``excluded_exit_types`` say nothing of the
    strategy and are rejected.
    """

    def __init__(
        self,
        dataset_dir: Path | str,
        trade_ledger: Ledger | Sequence[Ledger],
        *,
        timezone: str = NEW_YORK,
        excluded_exit_types: Iterable[str] = EXCLUDED_EXIT_TYPES,
        shadow_ledger: Ledger | None = None,
        backtest_ledger: Ledger | None = None,
    ) -> None:
        self.dataset_dir = Path(dataset_dir)
        given = [trade_ledger] if isinstance(trade_ledger, Ledger) else trade_ledger
        self._ledgers = [_as_ledger(ledger, timezone) for ledger in given]
        self._shadow = shadow_ledger and _as_ledger(shadow_ledger, timezone)
        self._backtest = backtest_ledger and _as_ledger(backtest_ledger, timezone)
        self._excluded = frozenset(name.upper() for name in excluded_exit_types)
        self._file = DatasetFile(self.dataset_dir)
        self._rejects = RejectsFile(self.dataset_dir)
        self._loaded: Dataset | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The builder of a scope. Raises what `market_timezone` raises."""
        return cls(
            settings.root,
            settings.ledger_paths,
            timezone=market_timezone(settings),
            excluded_exit_types=settings.excluded_exit_types,
            shadow_ledger=settings.shadow_ledger_path if settings.shadow_blocked else None,
            backtest_ledger=settings.backtest_ledger_path,
        )

    def build_from_ledger(self, now: datetime | None = None) -> tuple[int, int]:
        """Build, and return how many rows were added and how many there are."""
        report = self.build(now)
        return report.rows_added, report.rows_total

    def build(self, now: datetime | None = None) -> BuildReport:
        """Add a row for every closed trade that has none; write nothing if nothing is new.

        ``now`` (aware) stands in for the wall clock: no trade can have ended after it.
        Raises IntegrityError when committed rows are damaged, InputError and StorageError
        for ledgers that cannot be read or a disk that cannot be written, ScopeBusy.
        """
        moment = now or utc_now()
        with scope_lock(self.dataset_dir), self._storage_errors(), ExitStack() as stack:
            ledgers = self._ledgers_to_read()
            sources = [stack.enter_context(self._opened(ledger, moment)) for ledger in ledgers]
            return BuildRun(self._file, self._rejects, sources, self._rules(ledgers), moment).run()

    def metadata(self) -> DatasetMetadata | None:
        """What is committed; None before the first build. Raises IntegrityError."""
        return self._file.metadata()

    def load(self, version: str | None = None) -> "Dataset":
        """The dataset, or an earlier version of it; empty before the first build.

        Raises IntegrityError when the committed rows are damaged, InputError for a version
        that this dataset never had, StorageError.
        """
        from afterclose.dataset.columns import Dataset  # NumPy, which a build does without

        with self._storage_errors():
            committed = self._file.metadata() or empty_metadata("")
            self._file.check(committed)
            wanted = self._file.earlier(committed, version) if version else committed
            # A night trains and evaluates on the same bytes: checked each time, parsed once.
            if self._loaded is None or self._loaded.sha256 != wanted.sha256:
                rows = self._file.rows(wanted)
                loaded = Dataset.from_rows(rows, wanted.version, wanted.sha256)
                self._loaded = loaded.before_the_real()
            return self._loaded

    def verify(self) -> list[Problem]:
        """All that is wrong with the files, the worst first. Raises StorageError."""
        with self._storage_errors():
            return verify_dataset(self._file, self._rejects)

    def contradictions(self, now: datetime | None = None) -> list[Problem]:
        """Ledgers in which a record contradicts what the last build made of it.

        Only where each build reads again, behind the oldest open trade: the rest is held to
        its digest. Raises IntegrityError for a damaged dataset, InputError and StorageError.
        """
        moment = now or utc_now()
        committed = self._file.metadata()
        if committed is None:
            return []
        with self._storage_errors(), ExitStack() as stack:
            ledgers = self._ledgers_to_read()
            sources = [stack.enter_context(self._opened(ledger, moment)) for ledger in ledgers]
            if not can_resume(committed, sources, self._rules(ledgers), self._rejects, moment):
                return []
            self._file.check(committed)
            known = stack.enter_context(KnownRows(self._file.path, committed.bytes))
            return list(contradictions(committed, sources, known, self._rejects))

    def repair(self, now: datetime | None = None) -> Repair:
        """Mend what `verify` finds; a sound dataset stays as it is.

        Lost metadata is made anew from sound rows. Damaged rows, and rows that contradict
        their records, are kept beside and built anew from the ledgers. Raises
        IntegrityError when there is no ledger to do it from, and what `build` raises.
        """
        moment = now or utc_now()
        with scope_lock(self.dataset_dir):
            if not self.verify():
                return Repair(done=(), left=())
            kept = keep_damaged(self._file, self._rejects)
            cleared, aside = clear_the_way(
                self._file,
                moment.isoformat(),
                can_rebuild=any(ledger.path.is_file() for ledger in self._ledgers),
            )
            report = self.build(moment)
            done = [*kept, *cleared, f"added {report.rows_added} rows from the ledgers"]
            left = [f"{problem.file}: {problem.what}" for problem in self.verify()]
            if aside and (lost := self._count_lost(aside)):
                left.append(f"{lost} trades that no ledger has any more are only in {aside.name}")
        return Repair(done=tuple(done), left=tuple(left))

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        """A disk that fails while files are read is told like one that fails a write."""
        try:
            yield
        except OSError as error:
            raise storage_error(error.filename or self.dataset_dir, error) from error

    def _count_lost(self, aside: Path) -> int:
        metadata = self._file.metadata()
        with KnownRows(self._file.path, metadata.bytes if metadata else 0) as known:
            return count_lost(aside, known)

    def _ledgers_to_read(self) -> list[TradeLedger]:
        beside = [ledger for ledger in (self._shadow, self._backtest) if ledger]
        return [*self._ledgers, *(ledger for ledger in beside if ledger.path.exists())]

    def _opened(self, ledger: TradeLedger, now: datetime) -> LedgerSource:
        inside = ledger.path.is_relative_to(self.dataset_dir)
        name = ledger.path.relative_to(self.dataset_dir) if inside else ledger.path
        return LedgerSource(
            name.as_posix(), ledger, LineParser(ledger.timezone, self._excluded, now)
        )

    def _rules(self, ledgers: Iterable[TradeLedger]) -> dict[str, str]:
        """What decides about rows besides the ledgers' bytes."""
        return {
            "row_rules": str(ROW_RULES),
            "excluded_exit_types": ",".join(sorted(self._excluded)),
            "timezones": ",".join(ledger.timezone for ledger in ledgers),
        }


def _as_ledger(ledger: Ledger, timezone: str) -> TradeLedger:
    return ledger if isinstance(ledger, TradeLedger) else TradeLedger(ledger, timezone)
