"""FILE of an import given as `-`: what is read from standard input, as a file.

A container without a folder of the host has no path to name. The readers want a file (they look
at its first bytes, then at all of it), so what comes in is kept in one that is removed
afterwards; its name is always the same, so that nothing made from it differs the next time.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from afterclose.importing.ledger_import import import_file
from afterclose.importing.request import Request
from afterclose.records import Outcome
from afterclose.settings import Settings

STANDARD_INPUT = "-"


def import_named(settings: Settings, now: datetime, options: Mapping[str, Any]) -> Outcome:
    """Import the file that the job's ``options`` name, or what comes in. Raises as that does."""
    with named_file(options["file"]) as file:
        return import_file(settings, now, Request.of({**options, "file": file}))


@contextmanager
def named_file(file: str) -> Iterator[str]:
    """``file`` itself, or for `-` a file with all of standard input, gone at the end."""
    if file != STANDARD_INPUT:
        yield file
        return
    with TemporaryDirectory(prefix="afterclose-") as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
        yield str(path)
