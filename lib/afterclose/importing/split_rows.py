"""Rows that tell of a split: what a position was before one, its later fills do not say.

A split of 4 for 1 makes a sale of what is not held, which is asked about anyway. One of 1 for
10 does not: the position stays open for ever, and what is sold of it gained 900 %.
"""

from collections.abc import Sequence

from afterclose.importing.parsed import Execution
from afterclose.importing.rows import Rows


def untold_splits(rows: Rows, fills: Sequence[Execution]) -> list[str]:
    """A sentence for each symbol that was split while it was held, and no option says how."""
    settled = {symbol for symbol, _, _ in rows.options.splits}
    traded = {fill.symbol for fill in fills}
    problems = []
    for line in rows.split_lines:
        said = {each for cell in line.cells for each in (cell.strip(), cell.partition("(")[0])}
        day = rows.day(line)
        for symbol in sorted((traded & said) - settled):
            before = [
                fill.quantity
                for fill in fills
                if fill.symbol == symbol and (day is None or fill.moment.date() < day)
            ]
            if sum(before):
                settled.add(symbol)
                problems.append(
                    f"{rows.place(line)}: {symbol} was split while it was held: say how, SPLITS="
                    f"{symbol}:{day or 'YYYY-MM-DD'}:NEW_FOR_ONE (4 where it was 4 for 1, .1 where "
                    "it was 1 for 10)"
                )
    return problems
