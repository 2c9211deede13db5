"""Excel files, sheet by sheet, read-only; a formula counts with the value it was saved with."""

import io
from datetime import date, datetime, time

from afterclose.errors import InputError
from afterclose.importing.grids import Grid, Line


def excel_grids(data: bytes) -> list[Grid]:
    """All sheets. Raises InputError for a file that is damaged or locked by a password."""
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise InputError(
            "it is an Excel file, which needs openpyxl: pip install 'afterclose[excel]', or save "
            "the sheet as CSV"
        ) from None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return [Grid(sheet.title, _lines(sheet), "row") for sheet in book.worksheets]
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a damaged part gives
        raise InputError(f"no readable Excel file: {error}; save it again") from None


def _lines(sheet: object) -> list[Line]:
    lines = []
    rows = sheet.iter_rows(values_only=True)  # type: ignore[attr-defined]
    for number, values in enumerate(rows, start=1):
        cells = tuple(map(_text, values))
        if any(cells):
            lines.append(Line(number, cells))
    return lines


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
