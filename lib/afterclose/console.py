"""What a person at a terminal sees instead of plain lines: tables that fit its width.

Only for a terminal: a pipe or a log gets the outcome's text as it is. The words are those of
the scope's page, so that screen and page never say two things. Nothing from outside is
taken for markup.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from rich.box import SIMPLE, SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from afterclose.records import Outcome
from afterclose.report.scope_view import CandidateRow, candidate_row
from afterclose.report.status_view import cards
from afterclose.wording.printable import printable

WIDE_COLUMNS: Final = 116
"""A terminal from this width on shows every column."""

SIGNS: Final = {"good": ("▲ ", "green"), "bad": ("▼ ", "red"), "unsure": ("", "")}
STATES: Final = {"active": "bold green", "candidate": "", "retired": "dim"}


def print_table(outcome: Outcome, console: Console | None = None) -> bool:
    """Print the outcome of a job that has a table; False when it has none."""
    drawing = _TABLES.get(outcome.job)
    console = console or Console(highlight=False)
    table = drawing(outcome.details, console.width) if drawing else None
    if table is None:
        return False
    console.print(table)
    return True


def _status(status: Mapping[str, Any], _: int) -> RenderableType | None:
    if "scope" not in status:
        return None  # a health check is one line for everybody
    table = _table(f"Status of {status['scope']}", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for card in cards(status, {}):
        table.add_row(card.label, Text("\n".join([card.value, *card.notes])))
    alerts = [f"▲ {printable(alert)}" for alert in status["alerts"]]
    table.add_row("Alerts", Text("\n".join(alerts) or "none", style="red" if alerts else ""))
    return table


def _candidates(details: Mapping[str, Any], width: int) -> RenderableType | None:
    models = details["models"]
    if not models:
        return None
    columns = [column for column in COLUMNS if width >= WIDE_COLUMNS or not column.is_wide]
    table = _table("Models; expectancy is that of walking forward")
    for column in columns:
        table.add_column(column.heading, justify=column.justify, no_wrap=True)
    for name in reversed(list(models)):
        row = candidate_row(name, models[name], details["risk_threshold"])
        table.add_row(*(column.cell(row) for column in columns))
    return table


def _table(title: str, *, show_header: bool = True) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD if show_header else SIMPLE,
        show_header=show_header,
    )


class Column(NamedTuple):
    """One column of the candidates; a wide one is left out of a narrow terminal."""

    heading: str
    cell: Callable[[CandidateRow], Text]
    justify: Literal["left", "right"] = "right"
    is_wide: bool = True


def _difference(row: CandidateRow) -> Text:
    sign, style = SIGNS[row.tone or "unsure"]
    return Text(f"{sign}{row.difference.text}", style=style)


def _gates(row: CandidateRow) -> Text:
    return Text(row.gates, style={"passed": "green", "refused": "red"}.get(row.gates, ""))


COLUMNS: Final = (
    Column("Model", lambda row: Text(row.model_id), "left", is_wide=False),
    Column("State", lambda row: Text(row.state, style=STATES[row.state]), "left"),
    Column("Threshold", lambda row: Text(row.threshold), is_wide=False),
    Column("Trades", lambda row: Text(row.trades.text)),
    Column("AUC", lambda row: Text(row.auc.text)),
    Column("Kept", lambda row: Text(row.kept.text)),
    Column("Rules only", lambda row: Text(row.rules.text)),
    Column("With it", lambda row: Text(row.filtered.text)),
    Column("Net PnL", _difference, is_wide=False),
    Column("95 % interval", lambda row: Text(row.interval), is_wide=False),
    Column("By luck", lambda row: Text(row.chance.text)),
    Column("Gates", _gates, "left", is_wide=False),
)

_TABLES: Final[dict[str, Callable[[Mapping[str, Any], int], RenderableType | None]]] = {
    "status": _status,
    "candidates": _candidates,
}
