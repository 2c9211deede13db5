"""The decision log: one JSON line for each verdict of the filter, with all that it saw.

The line is in the file before the verdict is given, so it survives a kill of the process,
and any verdict can be computed again to the last bit. It is written through one open file
without syncing; a thread beside the trading syncs every few seconds. `logging` was not
taken: it formats, buffers and swallows errors by rules of its own, and its lines are prose.

Lines of version 1 have neither a trade's id nor a plan. To raise LOG_VERSION, let
`parse_decision` read the old number: written lines stay.
"""

import logging
import math
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from afterclose.disk.line_appender import LineAppender
from afterclose.disk.sealed_json import decode_sealed, encode_sealed
from afterclose.errors import UNREADABLE, InputError, StorageError
from afterclose.learning.scorecard import Scorecard
from afterclose.learning.scorer import LinearScorer, Scorer
from afterclose.records import Reason, Subject
from afterclose.trading.feature_values import PlainFeatures
from afterclose.trading.subjects import NO_SUBJECT, Plan

LOG_VERSION = 2
"""Of a line of the log."""

SYNC_INTERVAL_S = 5.0
"""What a power cut may cost; a kill of the process costs nothing."""

LoggedFeatures = dict[str, float | str | dict[str, str] | None]
"""Features as JSON can hold them: "NaN", "Infinity" and "-Infinity" are those floats, and
``{"not_a_number": text}`` is a value that could not be used."""

_logger = logging.getLogger(__name__)


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log.

    ``at`` is the moment of the decision (ISO 8601; UTC, or as the subject had it), ``digest``
    the SHA-256 of the file that was scored with, ``features`` None when they could not be
    read at all. ``threshold_mode`` says how the threshold was found (share, fixed, tuned), empty
    without a model. ``plan`` is how the rules meant to trade, None where the subject had none.
    ``lost_before`` counts the verdicts just before this one that the disk did not take.
    """

    schema_version: Annotated[int, Meta(ge=1, le=LOG_VERSION)] = LOG_VERSION
    at: str
    session: str | None
    trade_id: str | None = None
    symbol: str | None
    side: str | None
    strategy: str | None = None
    plan: Plan | None = None
    mode: str
    model_id: str | None
    digest: str | None
    features: LoggedFeatures | None
    risk_score: float | None
    threshold: float
    threshold_mode: str = ""
    allowed: bool
    size_multiplier: float
    reason: Reason
    lost_before: int = 0


_subject: ContextVar[Subject] = ContextVar("subject", default=NO_SUBJECT)


@contextmanager
def deciding_about(subject: Subject) -> Iterator[None]:
    """Name what verdicts inside the block are about, where a filter is not told it.

    The paper executor takes any filter, also one whose `check` takes the features alone.
    """
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


def current_subject() -> Subject:
    """What the present verdict is about; empty outside `deciding_about`."""
    return _subject.get()


class DecisionLog:
    """Appends records to ``path``. A disk that fails costs lines, never a trade."""

    def __init__(self, path: Path, *, sync_interval_s: float = SYNC_INTERVAL_S) -> None:
        self.lost = 0
        self._appender = LineAppender(path)
        self._sync_interval_s = sync_interval_s
        self._closing: threading.Event | None = None
        self._unsynced = False
        self._warned = False

    def open(self) -> str:
        """Why the file cannot be written now, empty when it can; `write` will not say it again."""
        try:
            self._appender.append(b"")
        except StorageError as error:
            self._warned = True
            return str(error)
        return ""

    def write(self, record: DecisionRecord) -> None:
        """Put ``record`` into the file, without waiting for the disk; never raises.

        When the disk refuses, the line is dropped and counted in ``lost``, said once, and
        the next line is tried again.
        """
        try:
            if self.lost:
                record = replace(record, lost_before=self.lost)
            self._appender.append(encode_sealed(record))
        except (StorageError, TypeError, ValueError) as error:  # disk; a subject that is no text
            self.lost += 1
            self._warn(error)
            return
        if self.lost:
            self.lost, self._warned = 0, False
        self._unsynced = True
        if self._closing is None:
            self._sync_in_background()

    def sync(self) -> None:
        """Make what was written survive a power cut; an error is only said."""
        if not self._unsynced:
            return
        self._unsynced = False
        try:
            self._appender.sync()
        except StorageError as error:
            self._warn(error)

    def close(self) -> None:
        """Sync and let go of the file, at the end of a session. A later write reopens it."""
        if self._closing is not None:
            self._closing.set()
            self._closing = None
        self.sync()
        self._appender.close()

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            _logger.warning("decision log: %s Trading goes on; verdicts are counted.", error)

    def _sync_in_background(self) -> None:
        self._closing = threading.Event()
        weakref.finalize(self, self._closing.set)
        with suppress(RuntimeError):  # no thread to be had: lines still survive a kill
            threading.Thread(
                target=_sync_until_closed,
                args=(weakref.ref(self), self._closing, self._sync_interval_s),
                name="decision-log-sync",
                daemon=True,
            ).start()


def _sync_until_closed(
    reference: "weakref.ref[DecisionLog]", closing: threading.Event, interval_s: float
) -> None:
    while not closing.wait(interval_s):
        log = reference()
        if log is not None:
            log.sync()
        del log  # or the thread would keep alive what it waits for


def logged_features(features: PlainFeatures | None) -> LoggedFeatures | None:
    """``features`` in a form that JSON brings back exactly; None stays None."""
    if features is None:
        return None
    return {
        name: value
        if value is None or (value.__class__ is float and math.isfinite(value))
        else _marked(value)
        for name, value in features.items()
    }


def seen_features(logged: LoggedFeatures) -> PlainFeatures:
    """The inverse of `logged_features`."""
    return {
        name: value["not_a_number"]
        if isinstance(value, dict)
        else float(value)
        if isinstance(value, str)
        else value
        for name, value in logged.items()
    }


def parse_decision(line: bytes | str) -> DecisionRecord:
    """The record in one line of the log. Raises InputError saying what is wrong with it."""
    try:
        return decode_sealed(line.encode() if isinstance(line, str) else line, DecisionRecord)
    except UNREADABLE as error:
        raise InputError(f"not a line of the decision log: {error}") from None


def read_decisions(path: Path, damaged: list[int] | None = None) -> Iterator[DecisionRecord]:
    """All verdicts in ``path``, in file order; a damaged line is skipped with a warning.

    ``damaged`` gets the numbers of those lines.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue  # a repair has put it aside
            try:
                yield parse_decision(line)
            except InputError as error:
                _logger.warning("%s, line %d skipped: %s", path, number, error)
                if damaged is not None:
                    damaged.append(number)


def replay(line: bytes | str | DecisionRecord, model: Scorecard | Scorer) -> float | None:
    """The risk score of a logged verdict computed anew: equal to the logged one to the bit.

    None where the filter gave no score. ``model`` is the one named by the line's digest.
    Raises InputError when the line is not one of the log.
    """
    record = line if isinstance(line, DecisionRecord) else parse_decision(line)
    if record.risk_score is None or record.features is None:
        return None
    scorer = LinearScorer(model) if isinstance(model, Scorecard) else model
    return scorer.predict_risk(seen_features(record.features))


def _marked(value: float | str) -> str | dict[str, str]:
    if isinstance(value, str):
        return {"not_a_number": value}
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
