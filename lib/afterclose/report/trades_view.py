"""All decisions of one part as compact columns, for the table that a page makes of them.

Twenty thousand rows of HTML would be ten megabytes and slow to open; columns of numbers,
deflated, are less than one, and the page makes only the rows that are in sight (`trades.js`).
Names that repeat are written once, times as what has passed since the row before.
"""

import base64
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from afterclose.evaluating.figures import Evaluation, ListedTrades, PartName
from afterclose.wording.numbers import count, counted
from afterclose.wording.printable import printable

PNL_UNITS: Final = 100_000
"""A fraction is written as so many of these: a thousandth of a percent."""

SCORE_UNITS: Final = 1000


class TradesView(NamedTuple):
    """The decisions for the script (JSON, deflated, in Base64), and what a person is told."""

    data: str
    lead: str
    symbols: list[str]
    sides: list[str]


def trades_view(evaluation: Evaluation, part: PartName) -> TradesView | None:
    """The decisions of ``part``; None for evaluations that did not keep what is shown."""
    listed = evaluation.trades.get(part)
    if listed is None or not listed.symbol:
        return None
    symbols, symbol = _coded(listed.symbol)
    sides, side = _coded(listed.side)
    exits, exit_type = _coded(listed.exit_type or [""] * listed.listed)
    windows = evaluation.walk_forward.windows if part == "walk_forward" else []
    data = {
        "symbols": symbols,
        "sides": sides,
        "exits": exits,
        "features": [printable(name) for name in listed.features],
        "thresholds": [window.threshold for window in windows] or [evaluation.threshold],
        "trained": [window.n_train for window in windows],
        "id": [printable(name) for name in listed.trade_id],
        "symbol": symbol,
        "side": side,
        "exit": exit_type,
        "decided": _steps(listed.decided),
        "held": [end - start for start, end in zip(listed.decided, listed.exited, strict=True)],
        "pnl": _units(listed.pnl, PNL_UNITS),
        "mae": _units(listed.mae, PNL_UNITS),
        "money": [_money(value) for value in listed.net_pnl],
        "score": _units(listed.score, SCORE_UNITS),
        "size": [_size(value) for value in listed.size],
        "bad": "".join("1" if bad else "0" for bad in listed.bad),
        "window": listed.window,
        "why": [_flat(reasons) for reasons in listed.why],
    }
    return TradesView(
        data=base64.b64encode(zlib.compress(msgspec.json.encode(data))).decode(),
        lead=_lead(listed),
        symbols=sorted(symbols),
        sides=sorted(sides),
    )


def _lead(listed: ListedTrades) -> str:
    if listed.listed < listed.trades:
        return (
            f"{count(listed.listed)} of {counted(listed.trades, 'decision')}, evenly spread over "
            "time; each was judged by a model that had not seen it."
        )
    return f"{counted(listed.trades, 'decision')}, each judged by a model that had not seen it."


def _coded(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Each name once, in the order of appearance, and which of them every row has."""
    places: dict[str, int] = {}
    codes = [places.setdefault(name, len(places)) for name in names]
    return [printable(name) for name in places], codes


def _steps(moments: Sequence[int]) -> list[int]:
    return [*moments[:1], *(after - before for before, after in pairwise(moments))]


def _units(values: Sequence[float | None], units: int) -> list[int | None]:
    return [None if value is None else round(value * units) for value in values]


def _money(value: float) -> float | int:
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() else rounded


def _size(value: float) -> float | int:
    return int(value) if value in {0.0, 1.0} else round(value, 3)


def _flat(reasons: Sequence[tuple[int, float | None, float]]) -> list[float | int | None]:
    """Feature, value in four digits, and thousandths of score, one after the other."""
    flat: list[float | int | None] = []
    for feature, value, raised in reasons:
        flat += [feature, None if value is None else _money(float(f"{value:.4g}")),
                 round(raised * SCORE_UNITS)]  # fmt: skip
    return flat
