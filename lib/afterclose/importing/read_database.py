"""Tables of a database: a SQLite file, opened read-only, or any database by its SQLAlchemy URL.

A bot may be writing while its file is read: SQLite itself keeps a reader on one state. Where
the folder cannot be written, which SQLite wants for a file with a write-ahead log, a copy is
read instead.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from afterclose.errors import InputError
from afterclose.importing.source_file import Document

SQLITE_MARK = b"SQLite format 3\0"

Tables = dict[str, list[dict[str, Any]]]
"""Rows by table name; a row has a value for each column."""


def sqlite_tables(document: Document) -> Tables:
    """All tables of a SQLite file. Raises InputError for one that is damaged."""
    try:
        with _opened(document) as connection:
            return _all_tables(connection)
    except (sqlite3.Error, OSError) as error:
        raise InputError(f"no readable SQLite database: {error}; copy it again") from None


def url_tables(url: str) -> Tables:
    """All tables of the database of a SQLAlchemy URL.

    Raises InputError, which never holds the URL's password.
    """
    try:
        from sqlalchemy import MetaData, create_engine, select
        from sqlalchemy.exc import SQLAlchemyError
    except ModuleNotFoundError:
        raise InputError("a database URL needs SQLAlchemy: pip install 'afterclose[sql]'") from None
    try:
        engine = create_engine(url)
        with ExitStack() as ended:
            ended.callback(engine.dispose)  # the pool would keep the connection open
            connection = ended.enter_context(engine.connect())
            meta = MetaData()
            meta.reflect(connection)
            return {
                name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for name, table in meta.tables.items()
            }
    except (SQLAlchemyError, ModuleNotFoundError, ValueError) as error:
        problem = str(error).splitlines()[0]
        raise InputError(f"the database cannot be read: {problem}") from None


@contextmanager
def _opened(document: Document) -> Iterator[sqlite3.Connection]:
    if document.path is None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(document.data)
            yield connection
        return
    with closing(_read_only(document.path)) as connection:
        try:
            connection.execute("select 1 from sqlite_master").fetchone()
        except sqlite3.OperationalError:
            pass
        else:
            yield connection
            return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        for suffix in ("", "-wal"):
            source = document.path.with_name(document.path.name + suffix)
            if source.exists():
                shutil.copyfile(source, str(copy) + suffix)
        with closing(sqlite3.connect(copy)) as connection:
            yield connection


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _all_tables(connection: sqlite3.Connection) -> Tables:
    connection.row_factory = sqlite3.Row
    connection.execute("begin")  # all tables as of one moment
    names = [
        str(row[0])
        for row in connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite!_%' "
            "escape '!' order by rowid"
        )
    ]
    return {name: _rows(connection, name) for name in names}


def _rows(connection: sqlite3.Connection, name: str) -> list[dict[str, Any]]:
    quoted = '"' + name.replace('"', '""') + '"'
    rows: Iterable[Sequence[Any]] = connection.execute(f"select * from {quoted}")  # noqa: S608
    return [dict(row) for row in rows]
