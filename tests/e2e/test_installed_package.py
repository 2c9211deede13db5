"""The wheel, installed beside a bot that has folders of its own named lib and jobs."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import afterclose
from repository import REPOSITORY

HEAVY = {"numpy", "pandas", "sklearn", "scipy", "joblib", "exchange_calendars"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "-w", str(folder), str(REPOSITORY)],
        check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("afterclose-*.whl"))


@pytest.fixture(scope="module")
def bot(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bot's folder, with decoys, and the wheel unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("bot")
    for decoy in ("lib", "jobs"):
        (folder / decoy).mkdir()
        (folder / decoy / "__init__.py").write_text("raise RuntimeError('the bot\\'s own')\n")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def run(bot: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """In the bot's folder, with the wheel found and this checkout not."""
    start = (
        "import sys; sys.path[:] = [p for p in sys.path if not p.startswith(sys.argv[1])]; "
        "sys.path.insert(0, 'site'); sys.argv[1:2] = []; "
    )
    return subprocess.run(
        [sys.executable, "-c", start + words[0], str(REPOSITORY / "lib"), *words[1:]],
        cwd=bot, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_wheel_asks_for_what_trading_needs_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("METADATA"))
        metadata = archive.read(name).decode()
    needs = re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra ==)", metadata, re.MULTILINE)
    assert sorted(needs) == ["filelock", "msgspec", "python-dotenv", "tzdata"]


def test_the_wheel_brings_one_package_and_the_pages_templates(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "afterclose",
        f"afterclose-{afterclose.__version__}.dist-info",
    }
    assert "afterclose/report/templates/candidate.html.j2" in names
    assert "afterclose/jobs/cycle.py" in names


def test_the_readmes_lines_work_in_a_bot_without_numerical_libraries(bot: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(
        r"```python\n(from afterclose import RiskFilter.*?)```", readme, re.DOTALL
    )
    code = (
        "features = {'atr_pct': 0.02}; symbol = 'AAPL'; quantity = 10; placed = []\n"
        "place_order = lambda *order: placed.append(order)\n"
        f"{lines}\n"
        "assert placed == [('AAPL', 10)], placed\n"
        f"assert not {HEAVY!r} & set(sys.modules)\n"
        "assert 'site' in __import__('afterclose').__file__\n"
    )
    done = run(bot, code)
    assert done.returncode == 0, done.stderr
    assert "rules-only" in done.stdout


def test_its_command_finds_the_jobs_inside_the_package(bot: Path) -> None:
    start = "from afterclose.cli import main; raise SystemExit(main())"
    done = run(bot, start, "status", "--logs-dir", "logs")
    assert done.returncode == 0, done.stderr
    assert "STATUS OF us/paper" in done.stdout


def test_the_public_face_is_what_it_lists() -> None:
    for name in afterclose.__all__:
        assert getattr(afterclose, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = afterclose.Unknown
