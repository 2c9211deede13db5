"""Rows of fills to executions: one execution a row, of any broker that has a mapping."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from afterclose.importing.feature_columns import Features
from afterclose.importing.grids import Line
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import Execution, NotUsable, Options, Unused
from afterclose.importing.rows import Rows, word_of
from afterclose.importing.values import SMALLEST, is_blank, quoted

BUY_AND_SELL = {
    "buy": ("buy", "b", "bot", "bought", "buy to open", "buy to close", "buy to cover", "long",
            "cover", "bto", "btc", "purchase", "1"),
    "sell": ("sell", "s", "sld", "sold", "sell to close", "sell to open", "short", "sell short",
             "stc", "sto", "sell_short", "ss", "sale", "-1"),
}  # fmt: skip
CLOSING = ("sell to close", "buy to close", "buy to cover", "stc", "btc", "cover")
"""Words of a fill that opens nothing."""
OPENING = ("sell short", "sell to open", "short", "ss", "sto")
"""Words of a sale that says that it opens a position."""

FILLED = ("filled", "fill", "closed", "complete", "completed", "executed", "done",
          "partially filled", "partially_filled", "partial fill", "partial_fill", "traded",
          "trade", "success", "ok")  # fmt: skip
"""Words of a state in which an order's row is a fill."""


class Fills:
    """The executions of a table, what is no execution, and what the receipt says of them."""

    def __init__(self, rows: Rows, features: Features, options: Options) -> None:
        self.rows, self.options = rows, options
        self.mapping = rows.mapping
        self.unused: list[Unused] = []
        self.fees_left_out = 0.0
        self.opens_short: set[str] = set()
        self._features = features
        self._seen: dict[tuple[str, int], tuple[str, ...]] = {}
        self._signed = self._is_signed()
        self.executions = self._all()

    def _is_signed(self) -> bool:
        if "side" not in self.mapping.columns:
            return True
        place = self.rows.index.get("quantity")
        return place is not None and any("-" in cell for cell in self.rows.column(place))

    def _all(self) -> list[Execution]:
        rows = self.rows
        if not rows.has("side") and not self._signed:
            rows.problems.append(
                "no column says what is a purchase and what a sale: name it in a mapping (MAP=)"
            )
            return []
        found = []
        for line in rows.lines:
            try:
                execution = self._execution(line)
            except NotUsable as problem:
                self.unused.append(problem.at(rows.place(line)))
                continue
            found.append(execution)
        return found

    def _execution(self, line: Line) -> Execution:
        rows = self.rows
        self._check_state(line)
        time = rows.text(line, "time")
        if rows.has("clock"):
            time = f"{time} {rows.text(line, 'clock')}"
        symbol = rows.text(line, "symbol") or self._symbol()
        size = read_number("quantity", rows.text(line, "quantity"), rows.mark)
        sign, closes_only = self._sign(line, size, symbol)
        size = abs(size)
        if not size:
            raise NotUsable("quantity is 0", "nothing was traded")
        if not is_blank(rows.text(line, "multiplier")):
            size *= read_number("multiplier", rows.text(line, "multiplier"), rows.mark)
        price = rows.number(line, "price")
        if price < 0 or 0 < price < SMALLEST:
            raise NotUsable("not above 0", f"price is {price:g}")
        moment = rows.dates.read("time", time)
        own_id = rows.text(line, "fill_id")
        self._check_repeated(own_id, sign, line)
        return Execution(
            account=rows.text(line, "account") or self.options.account,
            symbol=symbol,
            moment=moment,
            price=price,
            quantity=size * sign,
            fees=self._fees(line),
            place=rows.place(line),
            closes_only=closes_only,
            own_id=own_id,
            order_id=rows.text(line, "order_id")
            or (rows.place(line) if self.mapping.orders else ""),
            features=self._features.of(line) if self._features.names else None,
        )

    def _symbol(self) -> str:
        if self.rows.has("symbol"):
            raise NotUsable("missing value", "symbol is empty")
        return self.options.symbol

    def _check_state(self, line: Line) -> None:
        state = self.rows.text(line, "status")
        if state and word_of(self.mapping, state, {"filled": FILLED}) != "filled":
            raise NotUsable("not filled", f"its state is {quoted(state)}")

    def _sign(self, line: Line, size: Decimal, symbol: str) -> tuple[int, bool]:
        rows = self.rows
        said = rows.text(line, "side")
        if not rows.has("side"):
            return (-1 if size < 0 else 1), False
        word = word_of(self.mapping, said, BUY_AND_SELL)
        if word not in ("buy", "sell"):
            raise NotUsable("unknown side", f"side is {quoted(said)}")
        sign = 1 if word == "buy" else -1
        if size < 0 and sign > 0:
            raise NotUsable("unknown side", f"side is {quoted(said)} and the quantity {size:g}")
        if said.lower() in OPENING:
            self.opens_short.add(symbol)
        return sign, said.lower() in CLOSING

    def _fees(self, line: Line) -> float:
        rows = self.rows
        fees = rows.fees(line)
        named, own = rows.text(line, "fee_currency"), rows.text(line, "currency")
        foreign = bool(named and own and named != own)
        foreign |= bool(named and not own and not rows.text(line, "symbol").endswith(named))
        if self.mapping.fees.currency == "unknown" or foreign:
            self.fees_left_out += fees
            return 0.0
        return fees

    def _check_repeated(self, own_id: str, sign: int, line: Line) -> None:
        if not own_id:
            return
        before = self._seen.setdefault((own_id, sign), line.cells)
        if before is line.cells:
            return
        if before == line.cells:
            raise NotUsable("repeated id", f"the fill {quoted(own_id)} is there twice")
        raise NotUsable(
            "conflicting id", f"another fill has the id {quoted(own_id)} too, with other values"
        )


def in_order(
    fills: Sequence[Execution], options: Options, spot: bool = False
) -> tuple[list[Execution], list[str]]:
    """The fills oldest first where the file is newest first, and what cannot be told."""
    ups: Counter[str] = Counter()
    downs: Counter[str] = Counter()
    last: dict[str, Execution] = {}
    ties = []
    for fill in fills:
        before = last.get(fill.symbol)
        if before is not None:
            ups[fill.symbol] += before.moment < fill.moment
            downs[fill.symbol] += before.moment > fill.moment
            if before.moment == fill.moment and (before.quantity > 0) != (fill.quantity > 0):
                ties.append(fill)
        last[fill.symbol] = fill
    up, down = sum(ups.values()), sum(downs.values())
    newest_first = options.order == "newest-first" or (options.order is None and down > up)
    ordered = list(reversed(fills)) if newest_first else list(fills)
    if spot and ties and options.order is None:
        return _bought_before_sold(ordered), []
    unsure = bool(ties) and (
        up == down or (min(up, down) > 0 and max(up, down) < 20 * min(up, down))
    )
    if options.order is None and unsure:
        words = (
            f"a purchase and a sale of {ties[0].symbol} have the same time ({ties[0].place}), and "
            "the file shows not which came first: say ORDER=newest-first or ORDER=oldest-first"
        )
        return ordered, [words]
    return ordered, []


def _bought_before_sold(fills: Sequence[Execution]) -> list[Execution]:
    """Purchases before the sales of the same moment that need them.

    Where nothing can be short, of the two orders only this one is possible.
    """
    held: Counter[tuple[str, str]] = Counter()
    groups: dict[tuple[object, ...], list[Execution]] = {}
    for fill in sorted(fills, key=lambda each: each.moment):
        groups.setdefault((fill.account, fill.symbol, fill.moment), []).append(fill)
    ordered = []
    for group in groups.values():
        name = (group[0].account, group[0].symbol)
        low = now = held[name]
        for fill in group:
            now += fill.quantity  # type: ignore[assignment]
            low = min(low, now)
        if low < 0:
            group.sort(key=lambda each: each.quantity < 0)
        held[name] = now
        ordered += group
    return ordered
