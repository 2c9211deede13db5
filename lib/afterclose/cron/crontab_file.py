"""Read a crontab from disk and check what can be checked without running it.

The schedule is only half of a line: a mistyped job name or option, an unbalanced quote or the
user column of a system crontab would fail each night, hours after whoever wrote it has left. So
each command is shown to the shell first, which parses it and looks its first word up, and the
options of this project's jobs to the job's own parser.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from itertools import takewhile
from pathlib import Path

from afterclose.cron.crontab import Entry, parse_crontab
from afterclose.errors import InputError

REDIRECTION = re.compile(r"(?<!\S)\d?[<>]{1,2}&?\s*\S+")

FOR_THE_SHELL = set("$`*?")
"""Characters of a word whose value only the shell knows, when the line runs."""


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
    for name in re.findall(r"-m\s+jobs\.(\w+)", entry.command):
        if find_spec(f"jobs.{name}") is None:
            return f"there is no job named {name}"
    if complaint := _ask_shell(entry, "-n", "-c", entry.command):
        return complaint
    word = entry.command.split()[0]
    if re.fullmatch(r"[\w./+-]+", word) and _ask_shell(entry, "-c", 'command -v "$1"', "sh", word):
        return f"command {word} not found; five time fields come before it, and no user name"
    return next(filter(None, map(_ask_job, _job_calls(entry.command))), None)


def _job_calls(command: str) -> Iterator[tuple[str, list[str]]]:
    """The jobs that a command runs, with their options as far as they are known beforehand."""
    lexer = shlex.shlex(REDIRECTION.sub(" ", command), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # the shell, which understands more than a lexer, has had its say
        return
    for place, word in enumerate(words):
        if word.startswith("jobs.") and words[place - 1] == "-m":
            options = list(takewhile(_is_word, words[place + 1 :]))
            if not any(set(text) & FOR_THE_SHELL for text in options):
                yield word.removeprefix("jobs."), options


def _is_word(text: str) -> bool:
    return not set(text) & set("();<>|&")


def _ask_job(call: tuple[str, list[str]]) -> str:
    """What a job's parser objects to; an empty text when it does not."""
    name, options = call
    parser = import_module(f"jobs.{name}").parser()
    with redirect_stderr(StringIO()) as complaint, redirect_stdout(StringIO()):
        try:
            parser.parse_args(options)
        except SystemExit as end:
            said = complaint.getvalue().strip().rpartition("error: ")[2]
            return f"{name}: {said}" if end.code else f"{name} would only print its help"
    return ""


def _ask_shell(entry: Entry, *arguments: str) -> str:
    """What the shell objects to; an empty text when it does not."""
    answer = subprocess.run(  # noqa: S603 - the operator's own line; -n and command -v run nothing
        [*shell_of(entry), *arguments], capture_output=True, text=True, check=False
    )
    return (answer.stderr.strip() or "no") if answer.returncode else ""
