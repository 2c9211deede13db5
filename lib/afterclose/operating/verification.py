"""Every file of a scope, checked; and rebuilt where it is derived from another.

The dataset comes from the ledger, the registry's state from its events, status, session
table and pages from all of these. What cannot be derived (a ledger, a model's weights, an
event, a position) is named instead. Each part knows how to check itself; this only asks all.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk.files import keep_beside, remove_file, sha256_file
from afterclose.disk.seal import is_sealed, is_sealed_page, is_sealed_text
from afterclose.errors import UNREADABLE, IntegrityError
from afterclose.learning.artifacts import ModelStore
from afterclose.model_registry import ModelRegistry
from afterclose.nightly.sealed_lines import bad_lines, put_aside
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome, Problem, Repair
from afterclose.scope_files import (
    DECISIONS_FILE,
    INDEX_FILE,
    JOURNAL_FILE,
    METRICS_FILE,
    MONITOR_FILE,
    POSITIONS_FILE,
    REPLAY_FILE,
    REPORT_FILE,
    SESSIONS_FILE,
    STATUS_FILE,
)
from afterclose.settings import Settings

KEPT = (POSITIONS_FILE, REPLAY_FILE)
"""Sealed files that only the trading side can make."""

LOGS = (f"{JOURNAL_FILE}.1", JOURNAL_FILE, DECISIONS_FILE)
"""Logs of sealed lines; a damaged one is put aside, the others stand."""

EXIT_DAMAGED = 3


def verify_scope(settings: Settings, now: datetime, *, repair: bool = False) -> Outcome:
    """Check the scope; with ``repair`` rebuild what can be, keeping damaged files beside."""
    scope = _Scope(settings)
    if not repair:
        return _outcome(scope.problems(now), None)
    with Workplace.from_settings(settings).run("verify", now) as end:
        repaired = scope.repair(now)
        return end(_outcome(scope.problems(now), repaired))


class _Scope:
    """The files of one scope and who knows how to check them."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.root
        self.builder = DatasetBuilder.from_settings(settings)
        self.registry = ModelRegistry.from_settings(settings)
        self.store = ModelStore(settings.model_dir)
        self.signing_key = settings.signing_key

    def derived(self) -> dict[Path, str]:
        """Sealed files that are simply made anew when they are damaged, and by what."""
        pages = (self.root / INDEX_FILE, *sorted(self.store.model_dir.glob(f"*/{REPORT_FILE}")))
        return {
            self.root / STATUS_FILE: "the next job writes it anew",
            self.root / SESSIONS_FILE: "the next cycle makes it anew",
            self.root / METRICS_FILE: "the next job writes it anew",
            self.root / MONITOR_FILE: "`make monitor` computes it anew",
            **dict.fromkeys(pages, "`make report` draws it anew"),
        }

    def problems(self, now: datetime) -> list[Problem]:
        """All that is wrong, part by part."""
        found = [*self._changed_ledgers(), *self._contradictions(now), *self.builder.verify()]
        found += [
            replace(problem, file=f"{self.store.model_dir.name}/{problem.file}")
            for problem in (*self.registry.verify(), *self._damaged_unregistered())
        ]
        sealed = (*self.derived(), *(self.root / name for name in KEPT))
        found += [
            Problem(file=str(path.relative_to(self.root)), what=fault)
            for path in sealed
            if (fault := _fault(path))
        ]
        found += [
            Problem(file=name, where=f"line {line.number}", what=line.what)
            for name in LOGS
            for line in bad_lines(self.root / name, now)
        ]
        return found

    def repair(self, now: datetime) -> Repair:
        """Mend each part that has something wrong with it."""
        done: list[str] = []
        left: list[str] = []
        for part in (self.builder, self.registry):
            try:
                mended = part.repair(now=now) if part.verify() else Repair(done=(), left=())
            except IntegrityError as error:  # without a ledger there is nothing to build from
                left.append(str(error))
            else:
                done += mended.done
                left += mended.left
        for path, remedy in self.derived().items():
            if _fault(path):
                kept = keep_beside(path, "damaged", path.read_bytes())
                remove_file(path)
                done.append(f"{path.relative_to(self.root)} is kept as {kept.name}; {remedy}")
        for name in LOGS:
            if bad := list(bad_lines(self.root / name, now)):
                kept = put_aside(self.root / name, bad)
                left.append(f"{len(bad)} lines of {name} are put aside, and kept in {kept.name}")
        return Repair(done=tuple(done), left=tuple(left))

    def _changed_ledgers(self) -> Iterator[Problem]:
        """Ledgers whose part that was already read is not what it was."""
        try:
            metadata = self.builder.metadata()
        except IntegrityError:
            return  # the dataset's own check says so
        for read in metadata.ledgers if metadata else ():
            path = self.root / read.ledger  # a ledger outside the scope has its whole path
            if read.bytes and not path.exists():
                yield Problem(file=read.ledger, what="is gone; restore it")
            elif read.bytes and sha256_file(path, read.bytes) != read.sha256:
                what = (
                    f"its first {read.bytes} bytes changed since they were read; if nobody "
                    "mended a record there, restore it, else accept it with `make build`"
                )
                yield Problem(file=read.ledger, what=what)

    def _contradictions(self, now: datetime) -> list[Problem]:
        """Ledgers with a record that says otherwise than its row."""
        with suppress(IntegrityError):  # the dataset's own check says so
            return self.builder.contradictions(now)
        return []

    def _damaged_unregistered(self) -> Iterator[Problem]:
        """Models that wait for their registration, held to their own metadata."""
        known = self.registry.list_models()
        for model_id in self.store.model_ids():
            if model_id in known:
                continue
            try:
                self.store.verify_published(model_id, self.signing_key)
            except IntegrityError as error:
                file = Path(error.path).relative_to(self.store.model_dir)
                yield Problem(file=str(file), what=error.problem)


def _outcome(problems: list[Problem], repaired: Repair | None) -> Outcome:
    """The outcome of a check, and of the repair before it if there was one."""
    done, left = (repaired.done, repaired.left) if repaired else ((), ())
    lines = [f"repaired: {words}" for words in done]
    lines += [f"not repaired: {words}" for words in left]
    lines += [f"{p.file}{', ' + p.where if p.where else ''}: {p.what}" for p in problems]
    if not problems:
        lines.append("Every file of the scope is sound.")
    elif repaired:
        lines.append("What is still named here cannot be derived: restore it from a backup.")
    else:
        lines.append("Run `make verify REPAIR=1` to rebuild what can be rebuilt.")
    return Outcome(
        job="verify",
        status="damaged" if problems else "done",
        reason=f"{len(problems)} problems, {len(done)} repairs",
        details={
            "problems": msgspec.to_builtins(problems),
            "repairs": list(done),
            "not_repaired": list(left),
        },
        text="\n".join(lines),
        exit_code=EXIT_DAMAGED if problems else 0,
    )


def _fault(path: Path) -> str:
    """Why a sealed file cannot be believed; empty when it can, or there is none."""
    if not path.is_file():
        return ""
    data = path.read_bytes()
    if path.suffix == ".html":
        return "" if is_sealed_page(data) else "changed since it was drawn"
    if path.name == METRICS_FILE:
        return "" if is_sealed_text(data) else "changed since it was written"
    try:
        msgspec.json.decode(data)
    except UNREADABLE as error:
        return f"not JSON ({error})"
    return "" if is_sealed(data) else "changed since it was written"
