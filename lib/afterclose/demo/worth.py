"""What the promotions were really worth: trades decided while each model was active.

An evaluation estimates; this looks at what came. Rules-only is every trade that the rules
made, blocked ones with the outcome of their shadow trade; rules+ML is those that the filter
let through. Each model was trained before all the trades it is judged by.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import numpy as np

from afterclose.arrays import Mask
from afterclose.dataset.columns import EPOCH, Dataset
from afterclose.evaluating.comparison import Difference, Outcomes, differences
from afterclose.measures.metrics import TradeMetrics, trade_metrics

RULE = "=" * 80
TOTAL = "All together"
HEAD = ("Active model", "Trades", "Bad trades", "Expectancy", "Sum of PnL", "Difference a trade")


class Promotion(NamedTuple):
    """A model, and the moment from which it was the active one."""

    model_id: str
    at: datetime


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies on the trades of one model's time.

    ``differences`` are ML less rules, by measure; empty for fewer than two trades.
    """

    model_id: str
    rules_only: TradeMetrics
    rules_ml: TradeMetrics
    differences: dict[str, Difference]


def worth_of(
    promotions: Sequence[Promotion], dataset: Dataset, bad: Mask, *, resamples: int, seed: int
) -> list[Worth]:
    """One entry a promotion, in their order, then one for all of them together.

    ``bad`` is bool[n], parallel to ``dataset``, whose rows of source ``shadow`` were blocked.
    """
    taken = np.array([source != "shadow" for source in dataset.source], dtype=bool)
    starts = [(promotion.at - EPOCH) // timedelta(microseconds=1) for promotion in promotions]
    active = np.searchsorted(np.array(starts), dataset.decision_us, side="right") - 1

    def worth(model_id: str, rows: Mask) -> Worth:
        outcomes = Outcomes(dataset.realized_pnl_pct[rows], bad[rows], dataset.exit_us[rows])
        order = np.argsort(outcomes.exit_us, kind="stable")
        outcomes, keep = outcomes.take(order), taken[rows][order]
        return Worth(
            model_id=model_id,
            rules_only=trade_metrics(*outcomes),
            rules_ml=trade_metrics(*outcomes, keep),
            differences=differences(
                outcomes, np.ones_like(keep), keep, resamples=resamples, seed=seed
            ),
        )

    each = [worth(model.model_id, active == number) for number, model in enumerate(promotions)]
    return [*each, worth(TOTAL, active >= 0)]


def worth_text(worths: Sequence[Worth]) -> str:
    """The section WHAT THE PROMOTIONS WERE WORTH; the last entry is all together."""
    title = [RULE, "WHAT THE PROMOTIONS WERE WORTH", RULE]
    if len(worths) == 1:
        return "\n".join([*title, "No candidate beat the rules, so the rules traded alone."])
    rows = [HEAD, *map(_row, worths)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(
        [
            *title,
            "Trades decided after each promotion, until the next: rules-only > rules+ML.",
            "Blocked trades count for rules-only as their shadow trades ended.",
            "",
            *table,
            "",
            *_conclusion(worths[-1]),
        ]
    )


def _row(worth: Worth) -> tuple[str, ...]:
    before, after = worth.rules_only, worth.rules_ml
    return (
        worth.model_id,
        f"{before.trades} > {after.trades}",
        f"{before.bad_trades} > {after.bad_trades}",
        f"{_percent(before.expectancy)} > {_percent(after.expectancy)}",
        f"{_percent(before.total_pnl)} > {_percent(after.total_pnl)}",
        _interval(worth.differences.get("expectancy")),
    )


def _interval(difference: Difference | None) -> str:
    if difference is None:
        return "n/a"
    if difference.low is None:
        return _percent(difference.value)
    low, high = _percent(difference.low), _percent(difference.high)
    return f"{_percent(difference.value)} [{low}, {high}]"


def _conclusion(total: Worth) -> Iterator[str]:
    """What the numbers allow to be said: of a trade, and of all the money."""
    for name, measure in (("a trade", "expectancy"), ("in all", "total_pnl")):
        difference = total.differences.get(measure)
        if difference is None or difference.low is None or difference.high is None:
            words = "Too few trades to tell it from luck."
        elif difference.low <= 0 <= difference.high:
            words = "It may as well be luck: the interval holds 0."
        else:
            words = f"The filter {'made' if difference.low > 0 else 'cost'} money, beyond luck."
        yield f"Difference {name}: {_interval(difference)}. {words}"


def _percent(fraction: float | None) -> str:
    return "n/a" if fraction is None else f"{fraction:+.2%}"
