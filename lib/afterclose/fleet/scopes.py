"""The scopes under a volume: folders `{market}/{env}` that hold anything of a scope.

A list of scopes in a file would be a second truth beside the folders; a folder that somebody
makes for notes is not a scope until one of the scope's own files is in it.
"""

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from afterclose.disk.files import storage_errors
from afterclose.errors import InputError
from afterclose.scope_files import (
    DATASET_FILE,
    JOURNAL_FILE,
    LEDGER_FILE,
    MODELS_FOLDER,
    ROWS_FILE,
    STATUS_FILE,
)

MARKS: Final = frozenset(
    {LEDGER_FILE, JOURNAL_FILE, STATUS_FILE, DATASET_FILE, ROWS_FILE, MODELS_FOLDER}
)  # fmt: skip
"""A folder with one of these is a scope."""


def find_scopes(volume: Path, pattern: str = "*") -> list[tuple[str, str]]:
    """Market and environment of each scope whose `market/env` matches ``pattern``, sorted.

    ``pattern`` is a shell pattern such as ``us/*``; a single ``*`` is all. Raises InputError
    when there is no such folder as ``volume``, and StorageError when it cannot be listed.
    """
    if not volume.is_dir():
        raise InputError(f"{volume}: there is no such folder; name the volume: --logs-dir DIR")
    with storage_errors(volume):
        return sorted(
            (market.name, env.name)
            for market in _folders(volume)
            for env in _folders(Path(market.path))
            if matches(f"{market.name}/{env.name}", pattern) and _is_scope(env.path)
        )


def matches(scope: str, pattern: str) -> bool:
    """Whether `market/env` matches a shell pattern; a single ``*`` is all."""
    return fnmatchcase(scope, "*/*" if pattern == "*" else pattern)


def _folders(parent: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(parent) as entries:
        return [entry for entry in entries if entry.name[0] != "." and entry.is_dir()]


def _is_scope(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name in MARKS for entry in entries)
