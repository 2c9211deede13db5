"""Read a crontab from disk and check what can be checked without running it.

The schedule is only half of a line: a mistyped job name, an unbalanced quote or the user
column of a system crontab would fail each night, hours after whoever wrote it has left. So
each command is shown to the shell first, which parses it and looks its first word up.
"""

import re
import subprocess
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from afterclose.cron.crontab import Entry, parse_crontab
from afterclose.errors import InputError


def read_crontab(path: Path, now: datetime) -> tuple[Entry, ...]:
    """The entries of a crontab. Raises InputError naming the file or the wrong line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; a readable crontab is needed there") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error})") from None
    entries = parse_crontab(text, str(path), now)
    for entry in entries:
        if problem := _problem_of(entry):
            raise InputError(f"{path}, line {entry.number}: {problem}\n    {entry.command}")
    return entries


def shell_of(entry: Entry) -> list[str]:
    """The shell, with the crontab's variables added to the inherited environment."""
    return ["env", *entry.environment, "/bin/sh"]


def _problem_of(entry: Entry) -> str | None:
    job = re.search(r"-m\s+jobs\.(\w+)", entry.command)
    if job and find_spec(f"jobs.{job.group(1)}") is None:
        return f"there is no job named {job.group(1)}"
    if complaint := _ask_shell(entry, "-n", "-c", entry.command):
        return complaint
    word = entry.command.split()[0]
    if re.fullmatch(r"[\w./+-]+", word) and _ask_shell(entry, "-c", 'command -v "$1"', "sh", word):
        return f"command {word} not found; five time fields come before it, and no user name"
    return None


def _ask_shell(entry: Entry, *arguments: str) -> str:
    """What the shell objects to; an empty text when it does not."""
    answer = subprocess.run(  # noqa: S603 - the operator's own line; -n and command -v run nothing
        [*shell_of(entry), *arguments], capture_output=True, text=True, check=False
    )
    return (answer.stderr.strip() or "no") if answer.returncode else ""
