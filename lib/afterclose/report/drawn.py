"""The review pages for a night's work, which never fails for want of one.

What goes wrong is logged, and the operator's status says that the page is missing, until
`make report` has drawn it. The templates' library is imported here and not before, so that a
step with nothing to draw does not wait for it.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from afterclose.scope_files import REPORT_FILE
from afterclose.settings import Settings

_log = logging.getLogger(__name__)


def review_page(model_dir: Path, model_id: str, settings: Settings) -> str | None:
    """The absolute path of a model's page, drawn unless it is there; None if that failed."""
    path = model_dir / model_id / REPORT_FILE
    if path.is_file():
        return str(path.absolute())

    def draw() -> Path:
        from afterclose.report.writer import write_candidate_report

        return write_candidate_report(model_dir, model_id, settings)

    return _drawn(f"the review page of {model_id}", draw)


def scope_page(settings: Settings, now: datetime) -> str | None:
    """The absolute path of the scope's page, drawn anew; None if that failed.

    The page of the volume is drawn with it, unless there are so many scopes that a fleet
    draws it.
    """

    def draw() -> Path:
        from afterclose.report.writer import write_scope_index

        return write_scope_index(settings, now)

    path = _drawn("the scope's page", draw)
    volume_page(Path(settings.logs_dir), now, few=True)
    return path


def volume_page(volume: Path, now: datetime, *, few: bool = False) -> str | None:
    """The absolute path of the page of all scopes, drawn anew; None if that failed.

    With ``few`` only where a scope's own work may draw it: there are not many.
    """

    def draw() -> Path:
        from afterclose.report.volume_writer import MOST_EACH_TIME, write_volume_index

        return write_volume_index(volume, now, MOST_EACH_TIME if few else None) or volume

    return _drawn("the page of all scopes", draw)


def _drawn(what: str, draw: Callable[[], Path]) -> str | None:
    try:
        return str(draw().absolute())
    except Exception as error:  # noqa: BLE001 - whatever it is, the model is trained and judged
        _log.warning("%s was not drawn: %s: %s", what, type(error).__name__, error)
        _log.debug("%s was not drawn", what, exc_info=True)
        return None
