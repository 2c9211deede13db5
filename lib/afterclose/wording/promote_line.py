"""The line that promotes a model, as a page can show it.

A page is written under one path and may be opened under another, and two scopes with the same
history must leave the same pages. So an absolute logs folder is not written down: the page
adds the folder that it is opened from. The container's own is never mentioned (`cycle_text`).
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from afterclose.settings import Settings
from afterclose.wording.cycle import CONTAINER_LOGS_DIR, make_command, promote_command


class PromoteLine(NamedTuple):
    """``command`` to copy; with ``place`` the page puts its own logs folder behind it.

    ``place`` is the end of the path of a page in such a folder.
    """

    command: str
    place: str

    def against(self, refused: bool) -> "PromoteLine":
        """The line that overrules the gates where the model is ``refused`` by them."""
        return PromoteLine(f"{self.command} ANYWAY=1", self.place) if refused else self


def promote_line(model_id: str, settings: Settings, page: str) -> PromoteLine:
    """The line for a model of the settings' scope; ``page`` is a path inside the scope."""
    return _placed(settings, page, lambda known: promote_command(model_id, known))


def compare_line(settings: Settings, page: str) -> PromoteLine:
    """The line that compares two models, which the page names behind it."""
    return _placed(settings, page, lambda known: make_command("compare", known))


def _placed(settings: Settings, page: str, command: Callable[[Settings], str]) -> PromoteLine:
    if settings.logs_dir == CONTAINER_LOGS_DIR or not settings.logs_dir.startswith("/"):
        return PromoteLine(command(settings), "")
    elsewhere = replace(settings, logs_dir=Settings().logs_dir)
    return PromoteLine(command(elsewhere), f"/{settings.market}/{settings.env}/{page}")
