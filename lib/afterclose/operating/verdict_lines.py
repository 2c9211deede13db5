"""Verdicts for bots in other languages: a line of features in, a line with the verdict out.

A pipe to a process that the bot starts, and not a server: nothing listens, nothing has to be
found, and the process ends with its bot. Lines that come together are answered together, so a
bot that waits for each answer has it at once, and one that sends thousands is not slowed down
by thousands of writes.
"""

import sys
from collections.abc import Iterator
from datetime import datetime
from io import BufferedIOBase
from typing import Any, BinaryIO

import msgspec

from afterclose.errors import UNREADABLE
from afterclose.records import Decision, Outcome, Subject
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings

CHUNK_BYTES = 1 << 16

MAX_LINE_BYTES = 1 << 20
"""A line without an end is no line: it is answered as one that cannot be read."""


def answer_lines(
    settings: Settings,
    now: datetime,
    *,
    dry: bool = False,
    source: BufferedIOBase | None = None,
    sink: BinaryIO | None = None,
) -> Outcome:
    """Answer each line of ``source`` (stdin) with one of ``sink`` (stdout), until its end.

    A line is a JSON object of features, or one with ``features`` and ``about``, the fields of
    a `Subject`. Whatever it is, it gets one verdict; what cannot be read is features_invalid.
    ``dry`` takes neither lock nor log.
    """
    lines_in: Any = source or sys.stdin.buffer
    lines_out = sink or sys.stdout.buffer
    answered = 0
    with RiskFilter.load(settings, now, lock=not dry, log=not dry) as risk:
        for lines in _whole_lines(lines_in):
            answers = [msgspec.json.encode(_verdict(risk, line)) for line in lines]
            lines_out.write(b"\n".join(answers) + b"\n")
            lines_out.flush()
            answered += len(answers)
    return Outcome(job="check", status="done", reason=f"{answered} verdicts, {risk.mode_reason}")


def _verdict(risk: RiskFilter, line: bytes) -> Decision:
    try:
        given = msgspec.json.decode(line)
    except UNREADABLE:
        return risk.check(None)
    if isinstance(given, dict) and isinstance(features := given.get("features"), dict):
        return risk.check(features, about=_subject(given.get("about")))
    return risk.check(given)


def _subject(about: object) -> Subject:
    if not isinstance(about, dict):
        return Subject()
    known = {name: value for name, value in about.items() if name in Subject.__struct_fields__}
    return Subject(**known)


def _whole_lines(source: Any) -> Iterator[list[bytes]]:
    """The lines that have come since the last time; the last one may lack its end."""
    rest = b""
    while chunk := source.read1(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            lines, rest = [*lines, b""], b""
        if lines:
            yield lines
    if rest:
        yield [rest]
