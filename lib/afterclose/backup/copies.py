"""`make backup` and `make restore`: every scope in turn; one scope's trouble is its own line."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from afterclose.backup.bring_back import bring_back
from afterclose.backup.save import save_scope
from afterclose.backup.snapshot import names, read_snapshot
from afterclose.backup.store import Store, open_store
from afterclose.clock import monotonic_s
from afterclose.errors import AftercloseError, InputError, status_of
from afterclose.fleet.fleet import worst
from afterclose.fleet.scopes import find_scopes, matches
from afterclose.operating.verification import verify_scope
from afterclose.progress import showing_progress
from afterclose.records import Outcome, ScopeResult
from afterclose.settings import Settings
from afterclose.wording.fleet import fleet_text
from afterclose.wording.numbers import counted

Step = Callable[[str], tuple[str, str, int]]
"""What is done with one scope: status, reason and exit code."""

MOST_NAMED: Final = 10
"""Scopes in a message that none was found."""


def back_up(settings: Settings, now: datetime, *, to: str, scopes: str, wait_s: float) -> Outcome:
    """Copy the volume's scopes to a store; a busy one is waited for ``wait_s`` seconds.

    Raises InputError when no scope is found.
    """
    volume, store = Path(settings.logs_dir), open_store(to)
    there = [f"{market}/{env}" for market, env in find_scopes(volume)]
    found = [scope for scope in there if matches(scope, scopes)]
    if not found:
        raise _none_of(str(volume), scopes, there, "LOGS_DIR= (--logs-dir) names the volume")

    def save(scope: str) -> tuple[str, str, int]:
        saved = save_scope(store, volume / scope, scope, now, wait_s)
        outside = _outside(settings, volume / scope)
        if not saved.snapshot:
            return "unchanged", f"nothing new in {saved.files} files{outside}", 0
        what = f"{saved.files} files, {saved.sent_bytes:,} bytes sent"
        return "done", f"snapshot {saved.snapshot}: {what}{outside}", 0

    return _all("backup", found, save)


def restore(
    settings: Settings, now: datetime, *, source: str, scopes: str, snapshot: str, wait_s: float
) -> Outcome:
    """Bring scopes back from a store, and verify each; ``snapshot`` empty for the newest.

    Raises InputError when the store has no such scope.
    """
    volume, store = Path(settings.logs_dir), open_store(source)
    stored = _stored(store)
    found = [scope for scope in stored if matches(scope, scopes)]
    if not found:
        raise _none_of(source, scopes, stored, "FROM= (--from) is what `make backup TO=` wrote to")

    def back(scope: str) -> tuple[str, str, int]:
        known = names(store, scope)
        if not known or (snapshot and snapshot not in known):
            raise InputError(
                f"{source}: no snapshot {snapshot or 'of ' + scope}; there are "
                f"{', '.join(known) or 'none'}"
            )
        name = snapshot or known[-1]
        written = bring_back(store, volume / scope, read_snapshot(store, scope, name), wait_s)
        market, _, env = scope.partition("/")
        sound = verify_scope(replace(settings, market=market, env=env), now)
        words = f"snapshot {name}: {written} files written; verify: {sound.reason}"
        return ("done" if written else "unchanged"), words, sound.exit_code

    return _all("restore", found, back)


def _all(job: str, scopes: Sequence[str], step: Step) -> Outcome:
    started, results = monotonic_s(), list[ScopeResult]()
    with showing_progress(f"{job} of {len(scopes)} scopes", len(scopes)) as progress:
        for scope in scopes:
            results.append(_one(scope, step))
            progress.advance()
    counts = Counter(result.status for result in results)
    took_s = round(monotonic_s() - started, 3)
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    reason = f"{counted(len(scopes), 'scope')}: {said}"
    trouble, same = worst(results), set(counts) == {"unchanged"}
    return Outcome(
        job=job,
        status=trouble.status if trouble else "unchanged" if same else "done",
        reason=reason,
        details={
            "scopes": len(scopes),
            "counts": dict(counts),
            "seconds": took_s,
            "results": [msgspec.structs.asdict(result) for result in results],
        },
        text=fleet_text(job.upper(), reason, results, took_s),
        exit_code=trouble.exit_code if trouble else 0,
    )


def _one(scope: str, step: Step) -> ScopeResult:
    started = monotonic_s()
    try:
        status, reason, exit_code = step(scope)
    except AftercloseError as error:
        status, reason = status_of(error.exit_code), str(error)
        exit_code = error.exit_code
    return ScopeResult(
        scope=scope,
        session=None,
        status=status,
        reason=reason,
        exit_code=exit_code,
        seconds=round(monotonic_s() - started, 3),
    )


def _stored(store: Store) -> list[str]:
    return [f"{market}/{env}" for market in store.folders("") for env in store.folders(market)]


def _none_of(where: str, pattern: str, there: Sequence[str], remedy: str) -> InputError:
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    said = (
        f"there is {', '.join(there[:MOST_NAMED])}{more}"
        if there
        else f"there is none at all; {remedy}"
    )
    return InputError(f"{where}: no scope matches {pattern!r}: {said}")


def _outside(settings: Settings, root: Path) -> str:
    """Ledgers of the settings that a copy of the scope's folder does not have."""
    if not settings.ledger_file:
        return ""
    folder = root.resolve()
    far = [str(p) for p in settings.ledger_paths if not p.resolve().is_relative_to(folder)]
    return f"; not copied: {', '.join(far)}, outside the scope" if far else ""
