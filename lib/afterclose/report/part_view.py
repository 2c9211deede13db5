"""Each way of testing a candidate: what it means, its trades, its table and its curve."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from afterclose.evaluating import figures
from afterclose.evaluating.account import Account
from afterclose.evaluating.figures import ActivePart, Evaluation, PartName, WalkForwardPart
from afterclose.evaluating.track_record import TrackRecord
from afterclose.report.comparison_view import ComparisonTable, comparison, period
from afterclose.wording.money import (
    DIFFERENCE_HEADER,
    HEADER,
    difference_rows,
    fine_print,
    headline,
    policy_rows,
    taken_away,
)
from afterclose.wording.numbers import DASH, chance, count, counted, number, percent, prose

LEADS: Final[dict[PartName, tuple[str, str]]] = {
    "walk_forward": (
        "Walk-forward: the recipe",
        "Trained anew before each window on the past alone, then tested on what came next.",
    ),
    "held_out": (
        "Held-out: this very model",
        "The newest trades, which its training never saw.",
    ),
}


class AccountTables(NamedTuple):
    """The view in money: a sentence, each policy's account, and the differences."""

    sentences: list[str]
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    difference_head: tuple[str, ...]
    differences: list[tuple[str, ...]]
    lines: list[str]


class Part(NamedTuple):
    """One way of testing: a title, what it means, the account, each trade alike, and lines below.

    ``drawn`` says so when the curve shows fewer points than there were trades.
    """

    key: str
    title: str
    lead: str
    account: AccountTables | None
    table: ComparisonTable
    lines: list[str]
    drawn: str


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """The parts that had trades; the one against the active model last."""
    for key, (title, lead) in LEADS.items():
        part = evaluation.part(key)
        if not part.rules_only.trades:
            continue
        yield Part(
            key=key,
            title=title,
            lead=f"{lead} {_trades(part)}, decided {period(part)}.",
            account=_account(part.account),
            table=comparison(part, ("rules_only", "rules_ml"), "Difference"),
            lines=_lines(part),
            drawn=_drawn(evaluation.track_record[key]),
        )
    active = evaluation.versus_active
    if active and active.trades_compared:
        yield _against_active(active, evaluation.track_record["versus_active"])


def _against_active(active: ActivePart, record: TrackRecord) -> Part:
    return Part(
        key="versus_active",
        title=f"Against the active model {active.model_id}",
        lead=f"{count(active.trades_compared)} of {count(active.trades_held_out)} "
        "held-out trades, newer than what the active model was trained on: neither model "
        "has seen them. Differences are this model less the active one.",
        account=_account(active.account),
        table=comparison(active, ("rules_only", "rules_active", "rules_ml"), "Difference"),
        lines=[],
        drawn=_drawn(record),
    )


def _trades(part: figures.Part) -> str:
    trades = counted(part.rules_only.trades, "trade")
    if not isinstance(part, WalkForwardPart):
        return trades
    return f"{trades} in {counted(len(part.windows), 'window')}"


def _account(account: Account | None) -> AccountTables | None:
    if account is None:
        return None
    return AccountTables(
        sentences=[prose(headline(account)), prose(taken_away(account))],
        head=HEADER,
        rows=_typeset(policy_rows(account)),
        difference_head=DIFFERENCE_HEADER,
        differences=_typeset(difference_rows(account)),
        lines=[prose(line) for line in fine_print(account)],
    )


def _typeset(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows of the terminal's tables with the pages' signs; a lone hyphen is no value."""
    return [tuple(DASH if cell == "-" else prose(cell) for cell in row) for row in rows]


def _lines(part: figures.Part) -> list[str]:
    luck, scores = part.significance, part.scores
    chances = (
        f"Blocking as many at random does as well: {chance(luck.p_value)}; the best of "
        f"{luck.candidates_tried} tried: {chance(luck.p_value_deflated)}; "
        f"deflated Sharpe {number(luck.deflated_sharpe)}."
    )
    sorting = (
        f"How well the score sorts: AUC {number(scores.auc, 3)}, "
        f"PR-AUC {number(scores.pr_auc, 3)}, Brier {number(scores.brier, 3)}; "
        f"{percent(scores.base_rate)} were bad; the filter abstained on {part.abstained}."
    )
    return [chances, sorting]


def _drawn(record: TrackRecord) -> str:
    points = len(record.exits)
    if points >= record.trades:
        return ""
    return (
        f"Drawn at {count(points)} of {count(record.trades)} trades; the highs, lows and "
        "deepest falls are among them."
    )
