"""Logs for machines (ML_LOG_FORMAT=json): one JSON object a line, with run id and scope in each.

What a job prints for people, its warnings and its error become lines that a log service can
search. Text stays the default. The run id is the one that the journal has for the job.
"""

import logging
import os
import sys
from datetime import datetime
from typing import TextIO

import msgspec

from afterclose.clock import utc_now

_unused: list[str] = []
"""The run id of this process, until its first run of the journal has taken it."""


def new_run_id(now: datetime) -> str:
    """A name for a run that no other run of any scope has."""
    return f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"


def begin_run(now: datetime) -> str:
    """The id of the job that this process runs; the journal's first run has the same."""
    _unused[:] = [new_run_id(now)]
    return _unused[0]


def take_run_id(now: datetime) -> str:
    """The id for a run of the journal: the process's for the first, a new one for others."""
    return _unused.pop() if _unused else new_run_id(now)


class JsonLines(logging.Handler):
    """Writes log records, and what `write` is given, as lines of JSON."""

    def __init__(self, job: str, scope: str, run_id: str) -> None:
        super().__init__()
        self._always = {"scope": scope, "run_id": run_id, "job": job}

    def emit(self, record: logging.LogRecord) -> None:
        """Write one log record to stderr."""
        self.write(sys.stderr, record.levelname.lower(), record.getMessage())

    def write(self, stream: TextIO, level: str, message: str, **more: object) -> None:
        """Write one line."""
        stream.write(json_line(level, message, **self._always, **more) + "\n")


def json_line(level: str, message: str, **more: object) -> str:
    """One line: when, how grave, what, and whatever else is known."""
    moment = utc_now().isoformat(timespec="milliseconds")
    clean = message.encode(errors="replace").decode()
    return msgspec.json.encode({"at": moment, "level": level, "message": clean, **more}).decode()


def is_json_line(text: str) -> bool:
    """Whether a line of a command's output is an object already."""
    if not text.startswith("{"):
        return False
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False
