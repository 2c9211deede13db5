"""What surrounds every piece of work on a scope: its lock, its journal lines, its status.

One context manager, so that no job can forget the START line, end twice, or leave the
status behind. A refusal is journalled as SKIPPED, because nothing went wrong: a rule said
no. Anything else that escapes is FAILED, and still escapes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from afterclose.disk.files import remove_leftovers
from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import RefusedError, StorageError, is_a_stop
from afterclose.nightly.journal import Journal
from afterclose.nightly.metrics import write_metrics
from afterclose.nightly.status import write_status
from afterclose.records import Outcome
from afterclose.scope_files import JOURNAL_FILE, MODELS_FOLDER
from afterclose.settings import Settings

End = Callable[[Outcome], Outcome]
"""Hands the work's outcome to the journal and returns it."""


class Workplace:
    """A scope's folder, and the settings that its status is derived with.

    Without settings (a scope put together by hand) there is a journal but no status file.
    """

    def __init__(self, root: Path, settings: Settings | None = None) -> None:
        self.root = root
        self._settings = settings

    @classmethod
    def from_settings(cls, settings: Settings) -> "Workplace":
        """The workplace of the settings' scope."""
        return cls(settings.root, settings)

    @contextmanager
    def run(
        self,
        job: str,
        now: datetime,
        *,
        session: str | None = None,
        attempt: int | None = None,
        model_id: str | None = None,
    ) -> Iterator[End]:
        """Hold the scope's lock and journal one run; the body ends with ``return end(...)``.

        An outcome of status done is COMPLETED, any other is SKIPPED with its reason. Raises
        ScopeBusy before anything is written, and whatever the body raises.
        """
        with scope_lock(self.root):
            journal = Journal(self.root / JOURNAL_FILE)
            run = journal.plan(job, now, session=session, attempt=attempt, model_id=model_id)

            def end(outcome: Outcome) -> Outcome:
                made = outcome.details.get("model_id") or model_id
                try:
                    if outcome.status == "done":
                        journal.completed(
                            run, reason=outcome.reason, model_id=made, exit_code=outcome.exit_code
                        )
                    else:
                        journal.skipped(
                            run, outcome.reason, model_id=made, exit_code=outcome.exit_code
                        )
                except StorageError as error:  # what was done is done, whoever writes it down
                    return _warned(outcome, f"the journal does not know that it ended: {error}")
                return outcome

            try:  # from the first byte of the START line on: a stop may come at any moment
                journal.begin(run)
                self._begin(now, session)
                yield end
            except RefusedError as error:
                journal.skipped(run, str(error), exit_code=error.exit_code)
                raise
            except BaseException as error:  # an interrupted run is journalled, then raised
                with suppress(StorageError):  # the disk that failed the work fails this too
                    _ = journal.stopped(run) if is_a_stop(error) else journal.failed(run, error)
                raise
            finally:
                with suppress(StorageError):
                    self._publish(now)

    def _begin(self, now: datetime, session: str | None) -> None:
        with suppress(StorageError):  # tidying up fails no work
            for folder in (self.root, self.root / MODELS_FOLDER):
                remove_leftovers(folder)
        if session:
            self._publish(now)  # should this run be killed, it still counts as an attempt

    def _publish(self, now: datetime) -> None:
        if self._settings:
            write_metrics(self._settings, write_status(self._settings, now), now)


def _warned(outcome: Outcome, warning: str) -> Outcome:
    return replace(
        outcome,
        reason="; ".join(filter(None, (outcome.reason, warning))),
        text=f"{outcome.text}\n\nWarning: {warning}".lstrip("\n"),
    )
