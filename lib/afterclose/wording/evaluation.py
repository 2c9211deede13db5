"""An evaluation in words and tables: the block that `evaluate` prints, from its JSON alone.

Made from the stored dictionary and not from the objects, so that an evaluation of last year
prints as it did then.
"""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

from afterclose.learning.blocking import blocking_judged
from afterclose.numerals import UNKNOWN, chance, interval, number, percent
from afterclose.wording.gates import gates_text
from afterclose.wording.measures import MEASURES, Form
from afterclose.wording.money import account_lines, headline
from afterclose.wording.tables import table_lines

if TYPE_CHECKING:
    from afterclose.evaluating.figures import Evaluation, Part

WIDTH_CHARACTERS: Final = 80


def evaluation_text(evaluation: Mapping[str, Any]) -> str:
    """The sectioned text for an evaluation as `OfflineEvaluator.evaluate` returns it."""
    rule = "=" * WIDTH_CHARACTERS
    return "\n".join([rule, "OFFLINE EVALUATION", rule, *_body(evaluation)])


def _body(evaluation: Mapping[str, Any]) -> Iterator[str]:
    held_out, walked = evaluation["held_out"], evaluation["walk_forward"]
    typed = _typed(evaluation)
    yield f"Model: {evaluation['model_id']} (dataset {evaluation['dataset']['version']})"
    if typed:
        yield headline(typed.walk_forward.account or typed.held_out.account)
    yield f"Risk threshold: {blocking_judged(evaluation).words()}"
    yield f"Sizes: {_sizing(evaluation['settings'])}"
    yield ""
    yield (
        f"Held-out: the {_count(held_out)} newest trades, decided "
        f"{_date(held_out['first_decision'])} to {_date(held_out['last_decision'])}"
    )
    yield from _in_money(typed.held_out if typed else None)
    yield from _comparison(held_out)
    yield ""
    yield (
        f"Walk-forward: {_count(walked)} trades in {len(walked['windows'])} windows, "
        "retrained before each"
    )
    if walked["windows"]:
        yield from _in_money(typed.walk_forward if typed else None)
        yield from _comparison(walked)
    if crossed := evaluation.get("cpcv"):
        yield ""
        yield from _cross_validation(crossed)
    if active := evaluation["versus_active"]:
        yield ""
        yield from _versus_active(active)
    if gates := evaluation.get("gates"):
        yield ""
        yield gates_text(gates)
    if evaluation["notes"]:
        yield ""
        yield "Notes:"
        yield from map(_item, evaluation["notes"])


def _typed(evaluation: Mapping[str, Any]) -> "Evaluation | None":
    """The evaluation as a typed value; None for one from before money was counted."""
    from afterclose.evaluating.figures import evaluation_of  # NumPy: only where one is printed

    typed = evaluation_of(dict(evaluation))
    return None if typed.is_old else typed


def _sizing(settings: Mapping[str, Any]) -> str:
    if settings.get("sizing") == "linear":
        return f"sizes from 1 down to {settings['min_size']:g} at it, none above"
    return "whole size up to it, none above"


def _in_money(part: "Part | None") -> Iterator[str]:
    if part and part.account:
        yield ""
        yield from account_lines(part)


def _comparison(part: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "Each trade counted alike, whole or not at all; PnL in % of its size, net of fees"
    header = ("Metric", "Rules-Only", "Rules+ML", "Difference", "95 % interval")
    yield from table_lines(header, measure_rows(part, "rules_only", "rules_ml"))
    yield from _resamples(part["differences"])
    effect, luck, scores = part["filter_effect"], part["significance"], part["scores"]
    yield ""
    yield (
        f"Bad trades avoided: {effect['bad_trades_avoided']} | "
        f"Good trades lost: {effect['good_trades_lost']} | "
        f"PnL avoided: {percent(effect['pnl_avoided'], 2, signed=True)} | "
        f"PnL forgone: {percent(effect['pnl_forgone'], 2, signed=True)}"
    )
    yield (
        f"Blocking as many at random does as well: {chance(luck['p_value'])} | "
        f"The best of {luck['candidates_tried']} tried: "
        f"{chance(luck['p_value_deflated'])}"
    )
    yield (
        f"AUC: {number(scores['auc'], 3)} | PR-AUC: {number(scores['pr_auc'], 3)} | "
        f"Brier: {number(scores['brier'], 3)} | "
        f"Deflated Sharpe: {number(luck['deflated_sharpe'], 3)}"
    )


def _cross_validation(crossed: Mapping[str, Any]) -> Iterator[str]:
    spread = crossed["quantiles"]
    low, middle, high = (percent(spread[name], 2, signed=True) for name in ("min", "median", "max"))
    better = round(crossed["share_better"] * crossed["paths"])
    yield (
        f"Combinatorial cross-validation: {crossed['paths']} paths of {crossed['trades']} trades, "
        f"{crossed['fits']} fits"
    )
    yield (
        f"Paths better than rules-only: {better} of {crossed['paths']} | "
        f"Expectancy {low} to {high}, median {middle}"
    )
    yield (
        f"Probability of backtest overfitting: {number(crossed['pbo'])}, "
        f"of {crossed['configurations']} configurations"
    )


def _versus_active(active: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Against the active model {active['model_id']}: {active['trades_compared']} of "
        f"{active['trades_held_out']} held-out trades"
    )
    yield "were decided after its training data ended; both are measured on those."
    if not active["trades_compared"]:
        return
    yield ""
    header = ("Metric", "Rules-Only", "Rules+ML", "Rules+Active", "ML-Active", "95 % interval")
    yield from table_lines(header, measure_rows(active, "rules_only", "rules_ml", "rules_active"))
    yield from _resamples(active["differences"])


def measure_rows(part: Mapping[str, Any], *policies: str) -> list[tuple[str, ...]]:
    """One row a measure: each policy's value, the difference, and its interval.

    ``part`` holds the measures by policy, and ``differences`` by measure.
    """
    return [
        (
            name,
            *(form(part[policy][key]) for policy in policies),
            *_difference(part["differences"].get(key), form),
        )
        for name, key, form in MEASURES
    ]


def _resamples(differences: Mapping[str, Any]) -> Iterator[str]:
    """How many resamples are behind the intervals, and which of them rest on fewer."""
    counts = {key: found["resamples"] for key, found in differences.items()}
    most = max(counts.values(), default=0)
    fewer = [f"{name}: {counts[key]}" for name, key, _ in MEASURES if counts.get(key, most) < most]
    if most:
        yield f"Resamples behind each interval: {'; '.join([str(most), *fewer])}"


def _difference(found: Mapping[str, Any] | None, form: Form) -> tuple[str, str]:
    """The difference and its interval; blank for a count, which has neither."""
    if found is None:
        return "", ""
    value, low, high = (form(found[name], signed=True) for name in ("value", "low", "high"))
    return value, interval(low, high)


def _count(part: Mapping[str, Any]) -> int:
    trades: int = part["rules_only"]["trades"]
    return trades


def _item(note: str) -> str:
    """A wrapped list item that never parts a number from its % sign."""
    unparted = note.replace(" %", "\N{NO-BREAK SPACE}%")
    wrapped = fill(unparted, WIDTH_CHARACTERS, initial_indent="- ", subsequent_indent="  ")
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")


def _date(moment: str | None) -> str:
    return moment[:10] if moment else UNKNOWN
