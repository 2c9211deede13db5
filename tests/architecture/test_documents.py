"""The documents say what the code does: settings, jobs, targets and reasons."""

import re
import subprocess
import sys

import pytest

from afterclose.config import PREFIX
from afterclose.settings import Settings
from repository import REPOSITORY

JOBS = sorted(p.stem for p in (REPOSITORY / "jobs").glob("*.py") if p.stem != "__init__")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_env_example_lists_every_setting_with_its_default_and_a_line() -> None:
    text = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^# .+\n(ML_[A-Z_]+)=(.*)$", text, re.MULTILINE))
    defaults = Settings()
    expected = {
        PREFIX + field.upper(): _as_text(getattr(defaults, field))
        for field in Settings.__struct_fields__
    }
    assert listed == expected


def test_readme_lists_every_setting() -> None:
    missing = [
        name
        for name in (PREFIX + field.upper() for field in Settings.__struct_fields__)
        if f"`{name}`" not in README
    ]
    assert missing == []


@pytest.mark.parametrize("job", JOBS)
def test_every_job_has_a_make_target_and_a_line_in_the_readme(job: str) -> None:
    target = job.replace("_", "-")
    assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE)
    assert f"make {target}" in README


@pytest.mark.parametrize("job", JOBS)
def test_every_job_explains_itself(job: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", "--help"],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    for promise in ("--logs-dir", "--market", "--env", "--now", "--json", "Exit codes"):
        assert promise in done.stdout


def test_every_make_target_in_the_readme_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]+)", README))
    existing = set(re.findall(r"^([a-z][a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert named - existing == set()


def test_every_lint_exception_and_dependency_has_a_reason_beside_it() -> None:
    entry = re.compile(r'^    "([A-Z]+\d+|[a-z][\w.-]*([<>=][^"]*)?)",')
    lines = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if entry.match(line)]
    assert len(entries) > 30
    assert [line for line in entries if "#" not in line and line != '    "error",'] == []


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
