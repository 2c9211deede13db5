"""The training data in memory: one column for each field, sorted by decision time.

Columns of NumPy arrays rather than a DataFrame: what follows is arithmetic on a matrix and
on integer times, and a DataFrame would cost the import of pandas, a copy, and a second
answer to what a missing value is. Here it is always NaN.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import nan
from typing import Any

import numpy as np
from msgspec import UnsetType

from afterclose.arrays import Floats, Integers
from afterclose.dataset.input_columns import with_input_columns
from afterclose.records import Features, TradeDataRow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECONDS_A_DAY, MILLION = 86_400, 1_000_000

TEXTS = ("trade_id", "symbol", "side", "source", "strategy", "exit_type")

BACKTEST = "backtest"
"""The source of trades that the rules would have made."""

ROWS_AT_ONCE = 8192
"""Rows that are held while their columns grow."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """n closed trades with k features, sorted by decision time and then by trade id.

    Times are microseconds since 1970 in UTC. Names ending in ``_pct`` are fractions: PnL is
    net of fees, ``mae_pct`` is at most 0 and NaN when unknown, ``fees_pct`` is a share of
    the money put in at entry. ``quantity`` is in shares or units, ``notional`` is entry price
    times quantity, in currency. ``stop_pct`` is how far from the entry price the planned stop
    lay, NaN when unknown. ``features`` is n rows by k columns in the order of
    ``feature_names`` (sorted); NaN is a missing value. Where both sides, or several strategies,
    occur they are columns too (`afterclose.trades.model_inputs`). ``version`` and ``sha256``
    name the committed bytes that the rows were read from, also after `take`. ``exit_type`` says
    how each trade ended in the ledger's words, empty where it does not say.
    """

    trade_id: list[str]
    symbol: list[str]
    side: list[str]
    source: list[str]
    strategy: list[str]
    decision_us: Integers
    exit_us: Integers
    realized_pnl_pct: Floats
    mae_pct: Floats
    mfe_pct: Floats
    fees_pct: Floats
    quantity: Floats
    notional: Floats
    stop_pct: Floats
    feature_names: tuple[str, ...]
    features: Floats
    version: str
    sha256: str
    exit_type: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.decision_us)

    @classmethod
    def from_rows(cls, rows: Iterable[TradeDataRow], version: str, sha256: str) -> "Dataset":
        """Collect rows, in any order, into columns. No rows at all have no features."""
        trade_id: list[str] = []
        symbol: list[str] = []
        side: list[str] = []
        source: list[str] = []
        strategy: list[str] = []
        exit_type: list[str] = []
        decision_us, exit_us = array("q"), array("q")
        pnl_pct, mae_pct, mfe_pct, fees_pct = array("d"), array("d"), array("d"), array("d")
        quantity, notional, stop_pct = array("d"), array("d"), array("d")
        features = _FeatureColumns()
        waiting = iter(rows)
        while some := list(islice(waiting, ROWS_AT_ONCE)):  # a comprehension is twice as fast
            for number, row in enumerate(some, len(trade_id)):
                features.add(number, row.rule_features)
            trade_id += [row.trade_id for row in some]
            symbol += [row.symbol for row in some]
            side += [row.side for row in some]
            source += [row.source for row in some]
            strategy += [row.strategy or "" for row in some]
            stop_pct.extend([_stop_pct(row) for row in some])
            exit_type += [row.exit_type or "" for row in some]
            decision_us.extend([microseconds(row.decision_timestamp) for row in some])
            exit_us.extend([microseconds(row.exit_timestamp) for row in some])
            pnl_pct.extend([row.realized_pnl_pct for row in some])
            mae_pct.extend([nan if row.mae_pct is None else row.mae_pct for row in some])
            mfe_pct.extend([nan if row.mfe_pct is None else row.mfe_pct for row in some])
            fees_pct.extend([row.fees / (row.entry_price * row.position_size) for row in some])
            quantity.extend([row.position_size for row in some])
            notional.extend([row.entry_price * row.position_size for row in some])
        feature_names, matrix = with_input_columns(*features.matrix(len(trade_id)), side, strategy)
        return cls(
            trade_id=trade_id,
            symbol=symbol,
            side=side,
            source=source,
            strategy=strategy,
            decision_us=np.asarray(decision_us),
            exit_us=np.asarray(exit_us),
            realized_pnl_pct=np.asarray(pnl_pct),
            mae_pct=np.asarray(mae_pct),
            mfe_pct=np.asarray(mfe_pct),
            fees_pct=np.asarray(fees_pct),
            quantity=np.asarray(quantity),
            notional=np.asarray(notional),
            stop_pct=np.asarray(stop_pct),
            feature_names=feature_names,
            features=matrix,
            version=version,
            sha256=sha256,
            exit_type=exit_type,
        ).take(_chronological(decision_us, trade_id))

    @property
    def backtests(self) -> int:
        """How many of the trades are the rules replayed over old bars, and were never made."""
        return self.source.count(BACKTEST)

    def before_the_real(self) -> "Dataset":
        """Without backtests decided when real trades were being made already.

        A replay over those days holds the same decisions once more, and a model must not be
        tested on what it has learned from. So backtests come first, then the real trades.
        """
        mine = np.array([source != BACKTEST for source in self.source], dtype=bool)
        if mine.all() or not mine.any():
            return self
        first_real_us = self.decision_us[mine].min()
        return self.take(np.flatnonzero(mine | (self.decision_us < first_real_us)))

    @property
    def net_pnl(self) -> Floats:
        """What each trade earned in currency, net of fees: float64[n]."""
        return self.realized_pnl_pct * self.notional

    def without_texts(self) -> "Dataset":
        """The same without ids, symbols and other texts: no model reads them.

        What is sent to other processes is arrays, which need not be copied for each task.
        """
        texts: dict[str, Any] = {name: [] for name in TEXTS}
        return replace(self, **texts)

    def take(self, indices: Sequence[int] | Integers) -> "Dataset":
        """The rows at ``indices``, in that order, with all feature columns."""
        order = np.asarray(indices, dtype=np.int64)
        listed = order.tolist()
        return Dataset(
            trade_id=_taken(self.trade_id, listed),
            symbol=_taken(self.symbol, listed),
            side=_taken(self.side, listed),
            source=_taken(self.source, listed),
            strategy=_taken(self.strategy, listed),
            decision_us=self.decision_us[order],
            exit_us=self.exit_us[order],
            realized_pnl_pct=self.realized_pnl_pct[order],
            mae_pct=self.mae_pct[order],
            mfe_pct=self.mfe_pct[order],
            fees_pct=self.fees_pct[order],
            quantity=self.quantity[order],
            notional=self.notional[order],
            stop_pct=self.stop_pct[order],
            feature_names=self.feature_names,
            features=self.features[order],
            version=self.version,
            sha256=self.sha256,
            exit_type=_taken(self.exit_type, listed),
        )


def _taken(texts: list[str], indices: list[int]) -> list[str]:
    return [texts[index] for index in indices] if texts else []


def _stop_pct(row: TradeDataRow) -> float:
    stop = row.stop_price
    return nan if isinstance(stop, UnsetType) else abs(row.entry_price - stop) / row.entry_price


def microseconds(timestamp: str) -> int:
    """Microseconds since 1970 in UTC of an ISO 8601 timestamp that carries its offset."""
    since = datetime.fromisoformat(timestamp) - EPOCH
    return (since.days * SECONDS_A_DAY + since.seconds) * MILLION + since.microseconds


class _FeatureColumns:
    """Feature values grouped by the names that a row has; most ledgers make one group."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, ...], tuple[array[int], array[float]]]
        self.groups = defaultdict(lambda: (array("q"), array("d")))

    def add(self, number: int, features: Features) -> None:
        numbers, values = self.groups[tuple(features)]
        numbers.append(number)
        values.extend([nan if value is None else value for value in features.values()])

    def matrix(self, rows: int) -> tuple[tuple[str, ...], Floats]:
        names = tuple(sorted({name for group in self.groups for name in group}))
        column_of = {name: column for column, name in enumerate(names)}
        matrix = np.full((rows, len(names)), nan)
        for group, (numbers, values) in self.groups.items():
            columns = np.array([column_of[name] for name in group], dtype=np.int64)
            block = np.asarray(values).reshape(len(numbers), len(group))
            matrix[np.ix_(np.asarray(numbers), columns)] = block
        return names, matrix


def _chronological(decision_us: Sequence[int], trade_id: Sequence[str]) -> list[int]:
    keys = sorted(zip(decision_us, trade_id, range(len(trade_id)), strict=True))
    return [number for _, _, number in keys]
