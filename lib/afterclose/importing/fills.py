"""Rows of fills to executions: one execution a row, of any broker that has a mapping."""

import re
from decimal import Decimal

from afterclose.importing.amounts import by_amounts
from afterclose.importing.feature_columns import Features
from afterclose.importing.grids import Line
from afterclose.importing.mapping import Mapping
from afterclose.importing.numbers import read_number
from afterclose.importing.parsed import Execution, NotUsable, Options, Unused
from afterclose.importing.recognise import find
from afterclose.importing.rows import Rows, word_of
from afterclose.importing.split_rows import untold_splits
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

NO_TRADE = re.compile(
    "dividend|interest|deposit|withdraw|fee|tax|transfer|journal|cash|coupon|reward|staking|fund|"
    "adjust|split|balance|credit|debit|wire|ach",
    re.IGNORECASE,
)
"""Words of rows that move money, or shares without a price; a word beyond them may be a fill."""

HOLES = frozenset({
    "unknown side",
    "missing value", "not a number", "not a timestamp", "number out of range", "not above 0",
    "conflicting id",
})  # fmt: skip
"""Reasons for which a fill is left out although it changed a position."""

DONE = ("filled", "executed", "cum")
"""How columns begin that say how much of an order was filled."""

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
        self.notes: list[str] = []
        self.opens_short: set[str] = set()
        self._features = features
        self._seen: dict[tuple[str, int], tuple[str, ...]] = {}
        self._signed = self._is_signed()
        self._contract = mapping_pattern(self.mapping)
        self._amounts: list[float | None] = []
        self._holes: dict[tuple[str, str], str] = {}
        self.executions = self._scaled(self._without_holes(self._all()))

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
                self._mark_hole(line, problem)
                continue
            found.append(execution)
            self._amounts.append(rows.amount(line))
        rows.problems += untold_splits(rows, found)
        return found

    def _mark_hole(self, line: Line, problem: NotUsable) -> None:
        """Remember an instrument of which a fill is there and cannot be read."""
        rows = self.rows
        symbol = self._symbol_of(line)
        traded = word_of(self.mapping, rows.text(line, "side"), BUY_AND_SELL)
        told = traded or problem.reason == "unknown side" or not rows.has("side")
        if problem.reason in HOLES and symbol and told:
            account = rows.text(line, "account") or self.options.account
            self._holes.setdefault((account, symbol), rows.place(line))

    def _without_holes(self, found: list[Execution]) -> list[Execution]:
        """Fills of instruments of which all are known: the others may be matched wrongly."""
        if not self._holes:
            return found
        known: list[Execution] = []
        amounts = []
        for each, amount in zip(found, self._amounts, strict=True):
            hole = self._holes.get((each.account, each.symbol))
            if hole is None:
                known.append(each)
                amounts.append(amount)
            else:
                what = f"{hole} of {each.symbol} cannot be read, so its position is not known"
                self.unused.append(Unused(each.place, "beside a fill that is missing", what))
        self._amounts = amounts
        return known

    def _scaled(self, found: list[Execution]) -> list[Execution]:
        """Fills in units of money, where the amounts say the contract's multiplier."""
        if not any(self._amounts):
            return found
        scaled, self.notes = by_amounts(found, self._amounts, self.mapping.scale)
        return scaled

    def _execution(self, line: Line) -> Execution:
        rows = self.rows
        self._check_state(line)
        time = rows.text(line, "time")
        if rows.has("clock"):
            time = f"{time} {rows.text(line, 'clock')}"
        symbol = self._symbol_of(line) or self._symbol()
        expires = word_of(self.mapping, rows.text(line, "side"), {}) == "expired"
        said = rows.text(line, "quantity")
        # Robinhood writes 1S for what was short
        size = read_number("quantity", said.rstrip("S") if expires else said, rows.mark)
        sign, closes_only = (1, True) if expires else self._sign(line, size, symbol)
        size = abs(size)
        if not size:
            raise NotUsable("quantity is 0", "nothing was traded")
        if not is_blank(rows.text(line, "multiplier")):
            size *= read_number("multiplier", rows.text(line, "multiplier"), rows.mark)
        price = 0.0 if expires else rows.number(line, "price")
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
            fees=rows.fees.of(line),
            place=rows.place(line),
            closes_only=closes_only or self._effect(line, sign, symbol),
            own_id=own_id,
            order_id=self._order(line),
            features=self._features.of(line) if self._features.names else None,
            currency=rows.currency(line, symbol),
            pnl=self._realized(line),
            expires=expires,
        )

    def _order(self, line: Line) -> str:
        """What fills of one order share; with an @ in front it is no part of a trade's id."""
        if order := self.rows.text(line, "order_id"):
            return order
        if order := self.rows.fees.order(line):
            return f"@{order}"
        return self.rows.place(line) if self.mapping.orders else ""

    def _realized(self, line: Line) -> float | None:
        """What the file says that a fill realised; a purchase that opens has 0 or nothing."""
        return (self.rows.optional(line, "pnl") or None) if self.rows.has("pnl") else None

    def _effect(self, line: Line, sign: int, symbol: str) -> bool:
        """Whether a fill's codes (`C;Ep`) say that it only closes; a sale may say that it opens."""
        codes = {code.strip().upper() for code in self.rows.text(line, "effect").split(";")}
        if "O" in codes and sign < 0:
            self.opens_short.add(symbol)
        return "C" in codes and "O" not in codes

    def _symbol_of(self, line: Line) -> str:
        """The symbol, or the name of the contract where the row is of a derivative."""
        if self._contract is not None:
            place, pattern = self._contract
            at = find(self.rows.columns, place)
            found = (
                pattern.search(line.cells[at]) if at is not None and at < len(line.cells) else None
            )
            if found:
                return found[0]
        return self.rows.text(line, "symbol")

    def _symbol(self) -> str:
        if self.rows.has("symbol"):
            raise NotUsable("missing value", "symbol is empty")
        return self.options.symbol

    def _check_state(self, line: Line) -> None:
        state = self.rows.text(line, "status")
        if state and word_of(self.mapping, state, {"filled": FILLED}) != "filled":
            place = self.rows.index.get("quantity")
            counted = place is not None and self.rows.columns[place].startswith(DONE)
            if counted and self.rows.optional(line, "quantity"):
                return  # an order that was cancelled after a part of it
            raise NotUsable("not filled", f"its state is {quoted(state)}")

    def _sign(self, line: Line, size: Decimal, symbol: str) -> tuple[int, bool]:
        rows = self.rows
        said = rows.text(line, "side")
        if not rows.has("side"):
            return (-1 if size < 0 else 1), False
        word = word_of(self.mapping, said, BUY_AND_SELL)
        if word not in ("buy", "sell"):
            if NO_TRADE.search(said):
                rows.look_for_split(line)
                raise NotUsable("no trade", f"it is {quoted(said)}")
            what = f"side is {quoted(said)}; name the word in a mapping (MAP=, [words])"
            raise NotUsable("unknown side", what)
        sign = 1 if word == "buy" else -1
        if size < 0 and sign > 0:
            raise NotUsable("unknown side", f"side is {quoted(said)} and the quantity {size:g}")
        if said.lower() in OPENING:
            self.opens_short.add(symbol)
        return sign, said.lower() in CLOSING

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


def mapping_pattern(mapping: Mapping) -> tuple[list[str], re.Pattern[str]] | None:
    """Headings and pattern that name a contract."""
    rule = mapping.contract
    return None if rule is None else (rule.headings, re.compile(rule.pattern))
