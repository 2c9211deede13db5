"""What stands on a candidate's page: everything said, nothing left for a template to decide.

Made from evaluation.json and metadata.json alone, so an old model's page can be drawn again
without its dataset, and the same files give the same page.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from afterclose.evaluating.figures import Evaluation, GatesAnswer
from afterclose.measures.classification import Scores
from afterclose.report.account_charts import Values
from afterclose.report.blocking_view import Blocked, SweepRow, blocked, sweep, sweep_hint
from afterclose.report.conclusion import PART_NAMES, Conclusion, conclusion
from afterclose.report.feature_view import Influence, Shift, influences, shifts
from afterclose.report.glossary import glossary
from afterclose.report.lineage_view import Facts, lineage
from afterclose.report.money_view import MoneyView, Tile, money_view, tiles
from afterclose.report.part_view import Part, parts
from afterclose.report.trades_view import TradesView, trades_view
from afterclose.report.walk_view import Histories, WindowRow, histories, window_rows
from afterclose.wording.numbers import counted, minute, number, prose, typeset
from afterclose.wording.printable import printable
from afterclose.wording.promote_line import PromoteLine


class GateRow(NamedTuple):
    """One gate; the sentence says what was found and what was needed."""

    name: str
    passed: bool
    sentence: str


class CandidateView(NamedTuple):
    """Everything on the page but the charts, ready to be set.

    ``basis`` names the trades that the tiles, the score and the threshold are judged by.
    """

    scope: str
    model_id: str
    kind: str
    evaluated: str
    promote: PromoteLine
    conclusion: Conclusion
    gates: list[GateRow]
    next: str
    tiles: list[Tile]
    money: MoneyView | None
    trades: TradesView | None
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
    evaluation: Evaluation,
    metadata: Mapping[str, Any],
    active: Mapping[str, Any] | None,
    *,
    scope: str,
    promote: PromoteLine,
    held: Values | None = None,
) -> CandidateView:
    """The page of one model; ``active`` is the metadata of the model that it may replace.

    ``held`` is the net PnL of buy and hold along the account's curve.
    """
    main, metrics, gates = evaluation.main, metadata["metrics"], evaluation.gates
    part, record = evaluation.part(main), evaluation.track_record[main]
    return CandidateView(
        scope=scope,
        model_id=evaluation.model_id,
        kind=printable(metrics["model"]).replace("_", " "),
        evaluated=minute(evaluation.evaluated_at),
        promote=promote.against(gates is not None and not gates.passed),
        conclusion=conclusion(evaluation),
        gates=_gate_rows(gates),
        next=_next_words(gates),
        tiles=tiles(part),
        money=money_view(part, evaluation.money.get(main), held),
        trades=trades_view(evaluation, main),
        notes=[prose(printable(note)) for note in evaluation.notes],
        parts=list(parts(evaluation)),
        glossary=glossary(),
        basis=counted(record.trades, f"{PART_NAMES[main]} trade"),
        threshold=typeset(evaluation.blocking.words()),
        calibration=_calibration(part.scores),
        sweep=sweep(part.threshold_sweep, evaluation.threshold),
        sweep_hint=sweep_hint(part),
        blocked=blocked(part, record),
        influences=influences(metadata, evaluation.importance),
        linear=bool(metrics["coefficients"]),
        weight_unit="R lost" if metrics.get("target") == "r" else "log-odds of a bad trade",
        dropped=[
            (printable(name), printable(why)) for name, why in metrics["dropped_features"].items()
        ],
        shifts=shifts(metadata["features"], active["features"] if active else []),
        active_id=active["model_id"] if active else None,
        windows=window_rows(evaluation.walk_forward.windows),
        histories=histories(evaluation.cpcv),
        lineage=lineage(evaluation, metadata),
    )


def _calibration(scores: Scores) -> str:
    brier, rate = scores.brier, scores.base_rate
    if brier is None or rate is None:
        return "No trade was scored."
    return (
        f"Brier score {number(brier, 3)}; always answering the base rate would give "
        f"{number(rate * (1 - rate), 3)}. Lower is better."
    )


def _gate_rows(answer: GatesAnswer | None) -> list[GateRow]:
    """One row a gate, those that refuse first."""
    rows = [
        GateRow(
            name=printable(gate.name).replace("_", " "),
            passed=gate.passed,
            sentence=prose(printable(gate.sentence)),
        )
        for gate in (answer.gates if answer else ())
    ]
    return sorted(rows, key=lambda row: row.passed)


def _next_words(answer: GatesAnswer | None) -> str:
    """How far a refused candidate is from a promotion; empty where nothing refuses."""
    return prose(printable(answer.next.words)) if answer and answer.next else ""
