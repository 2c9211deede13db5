"""Which format a file has: what the user says, or what its first bytes and names show."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from afterclose.errors import InputError
from afterclose.importing import backtesting, csv_trades, fills, freqtrade, ib_flex
from afterclose.importing.parsed import Asked, Parsed
from afterclose.importing.table import columns_of

AUTO = "auto"


class TableFormat(NamedTuple):
    """A format of delimited text: whether columns are its own, and its parser."""

    name: str
    recognises: Callable[[Sequence[str]], bool]
    parse: Callable[[str, Asked], Parsed]


TABLES = {
    module.NAME: TableFormat(module.NAME, module.recognises, module.parse)
    for module in (csv_trades, backtesting, fills)
}
FORMATS = (AUTO, *TABLES, freqtrade.NAME, ib_flex.NAME)

ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))
"""Encoding by what a file begins with."""


def parse_file(data: bytes, wanted: str, asked: Asked) -> tuple[str, Parsed]:
    """The format's name and what the file holds.

    Raises InputError, without the file's name, for one that is of no format or not of the
    one that is ``wanted``.
    """
    if not data.strip():
        raise InputError("the file is empty; export it again")
    if wanted == ib_flex.NAME or (wanted == AUTO and ib_flex.recognises(data)):
        return ib_flex.NAME, ib_flex.parse(data, asked)
    text = _text(data)
    if wanted == freqtrade.NAME or (wanted == AUTO and freqtrade.recognises(text)):
        return freqtrade.NAME, freqtrade.parse(text, asked)
    table = _table(text) if wanted == AUTO else TABLES[wanted]
    return table.name, table.parse(text, asked)


def _table(text: str) -> TableFormat:
    columns = columns_of(text)
    for table in TABLES.values():
        if table.recognises(columns):
            return table
    hint = "a ledger itself needs no import, name it in ML_LEDGER_FILE; " if text[0] == "{" else ""
    raise InputError(
        f"line 1: no known format; {hint}a CSV of trades needs the columns "
        f"{', '.join(csv_trades.REQUIRED)}, one of fills {', '.join(fills.REQUIRED)}; "
        f"or say which it is with --format ({', '.join(FORMATS[1:])})"
    )


def _text(data: bytes) -> str:
    encoding = next(name for mark, name in ENCODINGS if data.startswith(mark))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"line {line}: not UTF-8; save the file as UTF-8 (a .zip must be unpacked first)"
        ) from None
