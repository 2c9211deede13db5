"""Showing how far a long run is: a bar while a person watches, lines in a log otherwise.

Everything goes to standard error, so that standard output stays the job's result. A bar
written to a log file would be thousands of half lines, hence the two ways.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich import progress as rich_progress


class Progress:
    """What a long run tells about itself; this one keeps it to itself."""

    def advance(self) -> None:
        """One more step is done."""

    def say(self, line: str) -> None:
        """Something worth a line has happened."""


class _Lines(Progress):
    """For a log: what is said, and nothing in between."""

    def say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class _Bar(Progress):
    """For a person: a bar that moves below what is said."""

    def __init__(self, bar: "rich_progress.Progress", task: "rich_progress.TaskID") -> None:
        self._bar, self._task = bar, task

    def advance(self) -> None:
        self._bar.advance(self._task)

    def say(self, line: str) -> None:
        self._bar.console.print(line, markup=False, highlight=False)


_shown: list[_Bar] = []
"""The bar on the screen: a run inside a run that has one tells nothing, or two would fight."""


@contextmanager
def showing_progress(title: str, steps: int, *, quiet: bool = False) -> Iterator[Progress]:
    """Progress over ``steps`` steps, in the way that suits whoever reads standard error."""
    if quiet or _shown:
        yield Progress()
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        from rich.console import Console  # 60 ms, for people only
        from rich.progress import Progress as RichProgress

        with RichProgress(console=Console(stderr=True), transient=True) as bar:
            _shown.append(_Bar(bar, bar.add_task(title, total=steps)))
            try:
                yield _shown[-1]
            finally:
                _shown.pop()
