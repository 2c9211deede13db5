"""An evaluation in words and tables: the block that `evaluate` prints.

The evaluation is taken as it was stored, so that one of last year prints as it did then.
"""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import TYPE_CHECKING

from afterclose.numerals import chance, date, interval, number, percent
from afterclose.wording.gates import gates_text
from afterclose.wording.measures import MEASURES, Form
from afterclose.wording.money import account_lines, headline
from afterclose.wording.tables import WIDTH_CHARACTERS, section, table_lines

if TYPE_CHECKING:  # NumPy stands behind them, which words do not need
    from afterclose.evaluating.comparison import Difference
    from afterclose.evaluating.figures import ActivePart, CrossValidation, Evaluation, Part
    from afterclose.evaluating.options import EvaluationOptions


def evaluation_text(evaluation: "Evaluation") -> str:
    """The sectioned text for an evaluation."""
    return section("OFFLINE EVALUATION", _body(evaluation))


def _body(evaluation: "Evaluation") -> Iterator[str]:
    held_out, walked = evaluation.held_out, evaluation.walk_forward
    yield f"Model: {evaluation.model_id} (dataset {evaluation.dataset.version})"
    if not evaluation.is_old:
        yield headline(walked.account or held_out.account)
    yield f"Risk threshold: {evaluation.blocking.words()}"
    yield f"Sizes: {_sizing(evaluation.options)}"
    yield ""
    yield (
        f"Held-out: the {held_out.rules_only.trades} newest trades, decided "
        f"{date(held_out.first_decision)} to {date(held_out.last_decision)}"
    )
    yield from _part(held_out)
    yield ""
    yield (
        f"Walk-forward: {walked.rules_only.trades} trades in {len(walked.windows)} windows, "
        "retrained before each"
    )
    if walked.windows:
        yield from _part(walked)
    yield from _rest(evaluation)


def _rest(evaluation: "Evaluation") -> Iterator[str]:
    """What not every evaluation has, each behind an empty line."""
    if evaluation.cpcv:
        yield ""
        yield from _cross_validation(evaluation.cpcv)
    if evaluation.versus_active:
        yield ""
        yield from _versus_active(evaluation.versus_active)
    if evaluation.gates:
        yield ""
        yield gates_text(evaluation.gates)
    if evaluation.notes:
        yield ""
        yield "Notes:"
        yield from map(_item, evaluation.notes)


def _sizing(options: "EvaluationOptions") -> str:
    if options.sizing == "linear":
        return f"sizes from 1 down to {options.min_size:g} at it, none above"
    return "whole size up to it, none above"


def _part(part: "Part") -> Iterator[str]:
    if part.account:
        yield ""
        yield from account_lines(part)
    yield from _comparison(part)


def _comparison(part: "Part") -> Iterator[str]:
    yield ""
    yield "Each trade counted alike, whole or not at all; PnL in % of its size, net of fees"
    header = ("Metric", "Rules-Only", "Rules+ML", "Difference", "95 % interval")
    yield from table_lines(header, measure_rows(part, "rules_only", "rules_ml"))
    yield from _resamples(part.differences)
    effect, luck, scores = part.filter_effect, part.significance, part.scores
    yield ""
    yield (
        f"Bad trades avoided: {effect.bad_trades_avoided} | "
        f"Good trades lost: {effect.good_trades_lost} | "
        f"PnL avoided: {percent(effect.pnl_avoided, 2, signed=True)} | "
        f"PnL forgone: {percent(effect.pnl_forgone, 2, signed=True)}"
    )
    yield (
        f"Blocking as many at random does as well: {chance(luck.p_value)} | "
        f"The best of {luck.candidates_tried} tried: {chance(luck.p_value_deflated)}"
    )
    yield (
        f"AUC: {number(scores.auc, 3)} | PR-AUC: {number(scores.pr_auc, 3)} | "
        f"Brier: {number(scores.brier, 3)} | "
        f"Deflated Sharpe: {number(luck.deflated_sharpe, 3)}"
    )


def _cross_validation(crossed: "CrossValidation") -> Iterator[str]:
    spread = crossed.quantiles
    low, middle, high = (percent(spread[name], 2, signed=True) for name in ("min", "median", "max"))
    better = round(crossed.share_better * crossed.paths)
    yield (
        f"Combinatorial cross-validation: {crossed.paths} paths of {crossed.trades} trades, "
        f"{crossed.fits} fits"
    )
    yield (
        f"Paths better than rules-only: {better} of {crossed.paths} | "
        f"Expectancy {low} to {high}, median {middle}"
    )
    yield (
        f"Probability of backtest overfitting: {number(crossed.pbo)}, "
        f"of {crossed.configurations} configurations"
    )


def _versus_active(active: "ActivePart") -> Iterator[str]:
    yield (
        f"Against the active model {active.model_id}: {active.trades_compared} of "
        f"{active.trades_held_out} held-out trades"
    )
    yield "were decided after its training data ended; both are measured on those."
    if not active.trades_compared:
        return
    yield ""
    header = ("Metric", "Rules-Only", "Rules+ML", "Rules+Active", "ML-Active", "95 % interval")
    yield from table_lines(header, measure_rows(active, "rules_only", "rules_ml", "rules_active"))
    yield from _resamples(active.differences)


def measure_rows(part: "Part | ActivePart", *policies: str) -> list[tuple[str, ...]]:
    """One row a measure: each policy's value, the difference, and its interval."""
    return [
        (
            measure.name,
            *(measure.form(measure.of(getattr(part, policy))) for policy in policies),
            *_difference(part.differences.get(measure.key), measure.form),
        )
        for measure in MEASURES
    ]


def _resamples(differences: "Mapping[str, Difference]") -> Iterator[str]:
    """How many resamples are behind the intervals, and which of them rest on fewer."""
    counts = {key: found.resamples for key, found in differences.items()}
    most = max(counts.values(), default=0)
    fewer = [f"{name}: {counts[key]}" for name, key, _ in MEASURES if counts.get(key, most) < most]
    if most:
        yield f"Resamples behind each interval: {'; '.join([str(most), *fewer])}"


def _difference(found: "Difference | None", form: Form) -> tuple[str, str]:
    """The difference and its interval; blank for a count, which has neither."""
    if found is None:
        return "", ""
    value, low, high = (form(end, signed=True) for end in (found.value, found.low, found.high))
    return value, interval(low, high)


def _item(note: str) -> str:
    """A wrapped list item that never parts a number from its % sign."""
    unparted = note.replace(" %", "\N{NO-BREAK SPACE}%")
    wrapped = fill(unparted, WIDTH_CHARACTERS, initial_indent="- ", subsequent_indent="  ")
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")
