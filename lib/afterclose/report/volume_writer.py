"""Writes the page of a volume: `index.html` beside its markets, a line a scope.

It is made of the status files alone, which every job leaves behind, so a thousand scopes take
a moment; what only time tells (a scope that has gone silent) is judged when it is drawn.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from afterclose.disk.files import write_atomic
from afterclose.disk.seal import is_damaged
from afterclose.errors import UNREADABLE
from afterclose.nightly.status import Status
from afterclose.report.pages import page
from afterclose.report.volume_view import volume_view
from afterclose.scope_files import INDEX_FILE, STATUS_FILE

MOST_EACH_TIME: Final = 100
"""Scopes up to which the work of one of them draws the page; a fleet draws it once, at its end."""


def write_volume_index(volume: Path, now: datetime, most: int | None = None) -> Path | None:
    """Draw the page of all scopes below ``volume``; None for none, or more than ``most``.

    Raises StorageError.
    """
    folders = sorted(path.parent for path in volume.glob(f"*/*/{STATUS_FILE}"))
    if not folders or (most is not None and len(folders) > most):
        return None
    names = {folder: f"{folder.parent.name}/{folder.name}" for folder in folders}
    view = volume_view(
        {name: _status(folder / STATUS_FILE) for folder, name in names.items()},
        {name: f"{name}/{INDEX_FILE}" for folder, name in names.items()
         if (folder / INDEX_FILE).is_file()},
        now,
    )  # fmt: skip
    path = volume / INDEX_FILE
    write_atomic(path, page("volume.html.j2", view=view))
    return path


def _status(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
        status = msgspec.json.decode(data, type=Status)
    except (OSError, *UNREADABLE):
        return None
    plain: dict[str, Any] = msgspec.to_builtins(status)
    return None if is_damaged(data) else plain
