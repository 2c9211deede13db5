"""How often things are broken, and the table of it at the end of a run."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from afterclose.settings import Settings
from breaking import Lab, Processes, full_scope

HEADINGS = ("what was broken", "times", "lost")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full", action="store_true", help="break everything the full number of times"
    )


@pytest.fixture(scope="session")
def processes() -> Processes:
    return Processes()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return full_scope(tmp_path_factory.mktemp("template") / "logs")


@pytest.fixture
def lab(
    template: Settings,
    processes: Processes,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> Lab:
    full = bool(pytestconfig.getoption("--full", default=False))

    def tally(what: str, times: int, lost: int = 0) -> None:
        record_property("broken", (what, times, lost))

    def note(words: str) -> None:
        record_property("note", words)

    return Lab(template, processes, tmp_path, full, tally, note, itertools.count())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    totals: dict[str, list[int]] = {}
    notes: list[str] = []
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "broken":
                what, *numbers = value
                before = totals.get(what, (0, 0))
                totals[what] = [sum(pair) for pair in zip(before, numbers, strict=True)]
            elif name == "note":
                notes.append(value)
    if not totals:
        return
    rows = ((what, *(f"{number:,}" for number in numbers)) for what, numbers in totals.items())
    table = [HEADINGS, *sorted(rows)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    terminalreporter.section("broken on purpose")
    for what, times, lost in table:
        terminalreporter.line(f"{what:{widths[0]}}  {times:>{widths[1]}}  {lost:>{widths[2]}}")
    for words in notes:
        terminalreporter.line(f"note: {words}")
