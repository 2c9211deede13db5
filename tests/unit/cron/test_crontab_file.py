"""A crontab on disk: what can be checked without running it is checked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterclose.cron.crontab_file import read_crontab
from afterclose.errors import InputError

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)


def write(folder: Path, text: str) -> Path:
    path = folder / "crontab"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    ["true", "cd /tmp && ls", "A=1 true", "(true; false) | cat", "if true; then false; fi",
     "python3 -m jobs.cron --check", "'my tool' x", "cd /tmp && python3 -m jobs.cycle; true",
     "python3 -m jobs.lock --within 30 2>&1 | cat", "python3 -m jobs.lock --within $MINUTES",
     "python3 -m jobs.cycle >>/tmp/log 2>&1 # nightly", "true $(( 1 << 2 ))"],
)  # fmt: skip
def test_commands_that_a_shell_understands_are_accepted(tmp_path: Path, command: str) -> None:
    (entry,) = read_crontab(write(tmp_path, f"@daily {command}\n"), NOW)
    assert entry.command == command


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("@daily python3 -m jobs.cylce", "there is no job named cylce"),
        ("@daily python3 -m jobs.cycle --forse", "cycle: unrecognized arguments: --forse"),
        (
            "@daily true && python3 -m jobs.lock --within soon",
            "'soon' is no whole number from 0 on",
        ),
        ("@daily python3 -m jobs.promote", "promote: the following arguments are required: --id"),
        ("@daily echo 'open", "[Uu]nterminated quoted string"),
        ("0 5 * * * nosuchuser true", "command nosuchuser not found; five time fields"),
        ("0 0 5 * * 1 true", "command 1 not found"),
        ("@daily /no/such/tool", "command /no/such/tool not found"),
    ],
)
def test_a_command_that_cannot_work_is_refused_naming_its_line(
    tmp_path: Path, line: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=f"crontab, line 2: .*{complaint}"):
        read_crontab(write(tmp_path, f"# nightly\n{line}\n"), NOW)


def test_checking_a_command_does_not_run_it(tmp_path: Path) -> None:
    read_crontab(write(tmp_path, f"@daily touch {tmp_path}/ran; touch {tmp_path}/ran\n"), NOW)
    assert not (tmp_path / "ran").exists()


def test_a_command_is_looked_up_on_the_crontabs_own_path(tmp_path: Path) -> None:
    tool = tmp_path / "mytool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    read_crontab(write(tmp_path, f"PATH={tmp_path}:/usr/bin:/bin\n@daily mytool\n"), NOW)


def test_a_missing_file_a_folder_and_other_bytes_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory; a readable crontab"):
        read_crontab(tmp_path / "absent", NOW)
    with pytest.raises(InputError, match="Is a directory"):
        read_crontab(tmp_path, NOW)
    (tmp_path / "latin").write_bytes(b"@daily echo \xe9\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_crontab(tmp_path / "latin", NOW)
