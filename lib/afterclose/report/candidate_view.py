"""What stands on a candidate's page: everything said, nothing left for a template to decide.

Made from evaluation.json and metadata.json alone, so an old model's page can be drawn again
without its dataset, and the same files give the same page.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from afterclose.evaluating.account import FILTERED, RULES, Account
from afterclose.report.blocking_view import Blocked, SweepRow, blocked, sweep, sweep_hint
from afterclose.report.comparison_view import MEASURES
from afterclose.report.feature_view import Influence, Shift, influences, shifts
from afterclose.report.gates_view import GateRow, gate_rows, next_words
from afterclose.report.lineage_view import Facts, lineage
from afterclose.report.part_view import Part, parts
from afterclose.report.verdict import PART_NAMES, Verdict, account_of, main_part, verdict
from afterclose.report.walk_view import Histories, WindowRow, histories, window_rows
from afterclose.wording.money import amount, signed
from afterclose.wording.numbers import chance, count, counted, minute, number, percent
from afterclose.wording.printable import printable
from afterclose.wording.promote_line import PromoteLine


class Tile(NamedTuple):
    """One figure to remember."""

    label: str
    value: str
    note: str


class CandidateView(NamedTuple):
    """Everything on the page but the charts, ready to be set.

    ``basis`` names the trades that the tiles, the score and the threshold are judged by.
    """

    scope: str
    model_id: str
    kind: str
    evaluated: str
    promote: PromoteLine
    verdict: Verdict
    gates: list[GateRow]
    next: str
    tiles: list[Tile]
    notes: list[str]
    parts: list[Part]
    glossary: list[tuple[str, str]]
    basis: str
    threshold: str
    calibration: str
    sweep: list[SweepRow]
    sweep_hint: str
    blocked: Blocked
    influences: list[Influence]
    linear: bool
    weight_unit: str
    dropped: list[tuple[str, str]]
    shifts: list[Shift]
    active_id: str | None
    windows: list[WindowRow]
    histories: Histories | None
    lineage: list[Facts]


def candidate_view(
    evaluation: Mapping[str, Any],
    metadata: Mapping[str, Any],
    active: Mapping[str, Any] | None,
    *,
    scope: str,
    promote: PromoteLine,
) -> CandidateView:
    """The page of one model; ``active`` is the metadata of the model that it may replace."""
    main, metrics = main_part(evaluation), metadata["metrics"]
    part, record = evaluation[main], evaluation["track_record"][main]
    return CandidateView(
        scope=scope,
        model_id=evaluation["model_id"],
        kind=printable(metrics["model"]).replace("_", " "),
        evaluated=minute(evaluation["evaluated_at"]),
        promote=promote.against(evaluation.get("gates")),
        verdict=verdict(evaluation),
        gates=gate_rows(evaluation.get("gates")),
        next=next_words(evaluation.get("gates")),
        tiles=_tiles(part),
        notes=[printable(note) for note in evaluation["notes"]],
        parts=list(parts(evaluation)),
        glossary=[(measure.name, measure.meaning) for measure in MEASURES],
        basis=counted(record["trades"], f"{PART_NAMES[main]} trade"),
        threshold=number(evaluation["threshold"]),
        calibration=_calibration(part["scores"]),
        sweep=sweep(part["threshold_sweep"], evaluation["threshold"]),
        sweep_hint=sweep_hint(part),
        blocked=blocked(part, record),
        influences=influences(metadata, evaluation["importance"]),
        linear=bool(metrics["coefficients"]),
        weight_unit="R lost" if metrics.get("target") == "r" else "log-odds of a bad trade",
        dropped=[
            (printable(name), printable(why)) for name, why in metrics["dropped_features"].items()
        ],
        shifts=shifts(metadata["features"], active["features"] if active else []),
        active_id=active["model_id"] if active else None,
        windows=window_rows(evaluation["walk_forward"]["windows"]),
        histories=histories(evaluation["cpcv"]),
        lineage=lineage(evaluation, metadata),
    )


def _tiles(part: Mapping[str, Any]) -> list[Tile]:
    rules, kept, luck = part["rules_only"], part["rules_ml"], part["significance"]
    change = part["differences"]["expectancy"]["value"]
    return [
        *_money_tiles(account_of(part)),
        Tile(
            "Expectancy a trade",
            percent(kept["expectancy"], 2, signed=True),
            f"rules alone {percent(rules['expectancy'], 2, signed=True)}, "
            f"difference {percent(change, 2, signed=True)}",
        ),
        Tile(
            "Trades kept",
            percent(part["filter_effect"]["kept_share"], 0),
            f"{count(kept['trades'])} of {count(rules['trades'])}",
        ),
        Tile(
            "By luck alone",
            chance(luck["p_value_deflated"]),
            "that random blocking does as well, after "
            f"{counted(luck['candidates_tried'], 'candidate')}",
        ),
    ]


def _money_tiles(account: Account | None) -> list[Tile]:
    """Net PnL and drawdown of the account; none where money was not counted."""
    if account is None:
        return []
    rules, kept = account.policies[RULES], account.policies[FILTERED]
    return [
        Tile(
            "Net PnL",
            signed(kept.net_pnl),
            f"rules alone {signed(rules.net_pnl)}, on {amount(account.capital)}",
        ),
        Tile(
            "Drawdown of the account",
            amount(kept.max_drawdown),
            f"rules alone {amount(rules.max_drawdown)}",
        ),
    ]


def _calibration(scores: Mapping[str, Any]) -> str:
    brier, rate = scores["brier"], scores["base_rate"]
    if brier is None:
        return "No trade was scored."
    return (
        f"Brier score {number(brier, 3)}; always answering the base rate would give "
        f"{number(rate * (1 - rate), 3)}. Lower is better."
    )
