"""What kind of file it is, by its first bytes, and its grids."""

from afterclose.errors import InputError
from afterclose.importing.grids import Grid
from afterclose.importing.read_csv import csv_grid, decoded
from afterclose.importing.read_database import SQLITE_MARK, Tables, sqlite_tables
from afterclose.importing.read_html import html_grid
from afterclose.importing.read_json import json_grids, json_value
from afterclose.importing.source_file import ZIP_MARK, Document

SPACES_AND_MARKS = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
"""What may stand before the first element: byte order marks, half characters of UTF-16."""


def kind_of(document: Document) -> str:
    """One of database, excel, html, xml, json, text."""
    data = document.data
    if data.startswith(SQLITE_MARK):
        return "database"
    if data.startswith(ZIP_MARK):
        return "excel"
    begin = data.lstrip(SPACES_AND_MARKS)[:2000].replace(b"\0", b"").lower()
    if begin.startswith(b"<"):
        return (
            "html" if b"<html" in begin or b"<table" in begin or b"doctype html" in begin else "xml"
        )
    return "json" if begin[:1] in (b"{", b"[") else "text"


def grids_of(document: Document, kind: str) -> tuple[list[Grid], list[str]]:
    """The grids of a document and sentences on how it was read. Raises InputError."""
    if kind == "database":
        return table_grids(sqlite_tables(document)), []
    if kind == "excel":
        from afterclose.importing.read_excel import excel_grids

        return excel_grids(document.data), []
    if kind == "xml":
        raise InputError("it is XML, but no Flex statement of Interactive Brokers")
    text, note = decoded(document.data)
    notes = [note] if note else []
    if kind == "html":
        return [html_grid(text)], notes
    if kind == "json":
        return list(json_grids(json_value(text))), notes
    return [csv_grid(text)], notes


def table_grids(tables: Tables) -> list[Grid]:
    """A database's tables; empty ones have no heading, and nothing to import."""
    return [next(json_grids(rows, name)) for name, rows in tables.items() if rows]
