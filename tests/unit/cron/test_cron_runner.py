"""The runner starts what is due, relays its output, never overlaps and stops in order."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterclose.cron.cron_runner import CronRunner
from afterclose.cron.crontab import parse_crontab
from afterclose.cron.line_results import LineResult, LineResults, read_results
from repository import REPOSITORY

START = datetime(2026, 1, 27, 21, 29, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Shown(list[str]):
    """What the runner said, in order."""

    async def until(self, text: str) -> None:
        """Wait for a line that holds ``text``."""
        async with asyncio.timeout(10):
            while not any(text in line for line in self):
                await asyncio.sleep(0.01)


def run(crontab: str, story: Callable[[CronRunner, Shown], Coroutine[Any, Any, None]]) -> Shown:
    """Play ``story`` on a runner whose present moment is START."""
    shown = Shown()

    async def play() -> None:
        runner = CronRunner(parse_crontab(crontab, "crontab", START), START, show=shown.append)
        await story(runner, shown)
        await runner.stop(grace_s=0.5)

    asyncio.run(play())
    return shown


def test_a_line_runs_when_due_with_its_variables_and_its_output_is_relayed() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START)
        assert shown == []
        await runner.tick(START + MINUTE)
        await shown.until("exit")

    shown = run('WORD=hello there\n30 21 * * * echo "$WORD"; printf last >&2; exit 3', story)
    assert shown[:2] == ["echo | hello there", "echo | last"]
    assert shown[2].startswith("echo | exit 3 after 0.")


def test_a_job_sees_the_environment_of_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_MARKET", "india")

    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + MINUTE)
        await shown.until("exit")

    assert run("* * * * * echo market=$ML_MARKET", story)[0] == "echo | market=india"


def test_a_line_that_is_still_running_is_skipped_and_said_so_and_others_run() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + MINUTE)
        await runner.tick(START + 2 * MINUTE)
        await shown.until("echo | exit 0")

    shown = run("* * * * * sleep 60\n31 21 * * * echo other", story)
    assert "sleep | skipped: its last run is still going" in shown
    assert "echo | other" in shown


def test_a_line_runs_again_after_its_last_run_has_ended() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        for minutes in (1, 2):
            await runner.tick(START + minutes * MINUTE)
            await shown.until("exit")
            shown.append("--") if minutes == 2 else shown.clear()

    assert "echo | again" in run("* * * * * echo again", story)


def test_runs_missed_while_the_machine_slept_are_made_up_for_once() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + timedelta(hours=5))
        await shown.until("exit")
        await runner.tick(START + timedelta(hours=5, seconds=1))
        await asyncio.sleep(0.1)

    assert run("* * * * * echo once", story).count("echo | once") == 1


def test_a_clock_that_is_set_back_does_not_silence_cron() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START - timedelta(days=1))
        await runner.tick(START - timedelta(days=1) + MINUTE)
        await shown.until("exit")

    assert "echo | back" in run("* * * * * echo back", story)


def test_long_and_binary_output_is_relayed_line_by_line() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + MINUTE)
        await shown.until("exit")

    shown = run(r"* * * * * printf '%0300000d\nb\377d\n' 7", story)
    assert [len(line) for line in shown[:2]] == [len("printf | ") + 300_000, len("printf | ") + 3]


def test_stop_sends_sigterm_and_a_job_may_finish_in_its_own_way() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + MINUTE)
        await shown.until("ready")

    shown = run("* * * * * trap 'echo bye; exit 0' TERM; echo ready; sleep 60 & wait", story)
    assert shown[:3] == ["trap | ready", "trap | sending SIGTERM", "trap | bye"]
    assert shown[3].startswith("trap | exit 0")


def test_a_job_that_ignores_sigterm_is_killed_with_its_children_after_the_grace_period() -> None:
    async def story(runner: CronRunner, shown: Shown) -> None:
        await runner.tick(START + MINUTE)
        await shown.until("child")

    shown = run("* * * * * trap '' TERM; sleep 60 & echo child $!; wait; sleep 60", story)
    assert shown[1:3] == ["trap | sending SIGTERM", "trap | sending SIGKILL"]
    assert shown[3].startswith("trap | ended by SIGKILL after 0.")
    child = int(shown[0].split()[-1])
    deadline = time.monotonic() + 5
    while _state(child) not in "ZX":  # a zombie may wait for whoever inherited it
        assert time.monotonic() < deadline, "the child outlived its job"
        time.sleep(0.01)


def test_a_job_that_cannot_be_started_is_said_and_cron_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async def story(runner: CronRunner, shown: Shown) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "create_subprocess_exec", refuse)
            await runner.tick(START + MINUTE)
        await runner.tick(START + 2 * MINUTE)
        await shown.until("exit")

    shown = run("* * * * * echo fine", story)
    assert shown[:2] == [
        "echo | cannot start: Resource temporarily unavailable",
        "echo | fine",
    ]


def test_a_line_over_its_time_limit_is_ended_and_said_and_runs_again_next_time() -> None:
    kept: list[LineResult] = []

    async def story() -> None:
        text = "CRON_TIME_LIMIT=1s\n* * * * * trap 'echo ending; exit 7' TERM; sleep 60 & wait"
        shown = Shown()
        runner = CronRunner(
            parse_crontab(text, "crontab", START), START, show=shown.append, keep=kept.append
        )
        await runner.tick(START + MINUTE)
        await shown.until("exit 7")
        await runner.tick(START + 2 * MINUTE)
        assert "trap | over its time limit of 1 s" in shown
        assert not any("skipped" in line for line in shown)
        await runner.stop(grace_s=0.5)

    asyncio.run(story())
    (result,) = kept  # the second run was stopped with the runner, which is no failure
    assert (result.line, result.exit_code, result.over_limit_s) == (2, 7, 1.0)
    assert 1.0 <= result.duration_s < 5


def test_each_lines_last_exit_code_is_kept_and_survives_a_crash_of_the_runner(
    tmp_path: Path,
) -> None:
    entries = parse_crontab("30 21 * * * exit 3\n30 21 * * * true", "crontab", START)
    path = tmp_path / "lines.json"

    async def story() -> None:
        shown = Shown()
        results = LineResults(path, entries)
        runner = CronRunner(entries, START, show=shown.append, keep=results.add)
        await runner.tick(START + MINUTE)
        await shown.until("exit 3")
        await shown.until("exit 0")
        await runner.stop()

    asyncio.run(story())
    assert [(kept.line, kept.exit_code) for kept in read_results(path)] == [(1, 3), (2, 0)]
    changed = parse_crontab("# moved\n30 21 * * * true\n30 21 * * * exit 4", "crontab", START)
    LineResults(path, changed).add(read_results(path)[1])
    assert [(kept.line, kept.exit_code) for kept in read_results(path)] == [(2, 0)]
    LineResults(path, changed).forget()
    assert read_results(path) == ()


# --- the job, as a process -----------------------------------------------------------------


@pytest.fixture
def cron(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `jobs.cron` on a crontab text, with its scope under tmp_path/logs."""
    started: list[subprocess.Popen[str]] = []

    def start(text: str, *options: str) -> subprocess.Popen[str]:
        (tmp_path / "crontab").write_text(text)
        command = [sys.executable, "-m", "jobs.cron", str(tmp_path / "crontab"), *options]
        process = subprocess.Popen(
            [*command, "--logs-dir", str(tmp_path / "logs")],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_sigterm_ends_cron_at_once_with_exit_0_and_it_had_a_heartbeat(
    cron: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = cron("@yearly true\n")
    assert process.stdout is not None
    assert "cron | started, next runs:" in process.stdout.readline()
    assert (tmp_path / "logs/us/paper/.cron_heartbeat").exists()
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    shown, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert shown.endswith("cron: stopped by a signal\n")
    assert time.monotonic() - began < 6  # it sleeps up to a minute


def test_check_prints_each_lines_next_run_and_writes_nothing(
    cron: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = cron("*/15 * * * * true\n", "--check", "--now", "2026-01-27T21:31:00Z")
    shown, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert "Tue 2026-01-27 21:45 UTC" in shown
    assert not (tmp_path / "logs").exists()


def test_a_wrong_line_refuses_to_start_with_exit_2(
    cron: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = cron("# ok\n99 * * * * true\n")
    shown, errors = process.communicate(timeout=10)
    assert (process.returncode, shown) == (2, "")
    assert f"cron: {tmp_path}/crontab, line 2: Bad minute" in errors
    assert not (tmp_path / "logs").exists()


def test_a_volume_that_cannot_be_written_refuses_to_start_with_exit_1(
    cron: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    process = cron("@daily true\n")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.startswith(f"cron: {tmp_path}/logs/us/paper")
    assert "Traceback" not in errors


def _state(pid: int) -> str:
    """The process state letter of proc(5); X when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
