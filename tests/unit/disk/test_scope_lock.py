"""One writer a scope, and no lock outlives its process."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from afterclose.disk.scope_lock import scope_lock
from afterclose.errors import ScopeBusy
from repository import REPOSITORY

HOLDER = """
import sys, time
from pathlib import Path
from afterclose.disk.scope_lock import scope_lock
with scope_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_with_exit_code_4(tmp_path: Path, holder) -> None:
    with pytest.raises(ScopeBusy, match="another job") as caught, scope_lock(tmp_path):
        pass
    assert caught.value.exit_code == 4


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path, holder) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with scope_lock(tmp_path, wait_s=1):
        assert (tmp_path / ".lock").exists()


def test_the_same_process_may_hold_it_twice_and_then_lets_go(tmp_path: Path) -> None:
    with scope_lock(tmp_path), scope_lock(tmp_path):
        pass
    done = subprocess.run(
        [sys.executable, "-c", HOLDER.replace("time.sleep(60)", "pass"), str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stdout == "held\n"


def test_a_second_thread_is_refused_like_a_second_process(tmp_path: Path) -> None:
    """Both would otherwise append to what they read before the other one wrote."""

    def take() -> None:
        with scope_lock(tmp_path):
            pass

    with ThreadPoolExecutor(1) as pool:
        with scope_lock(tmp_path), pytest.raises(ScopeBusy):
            pool.submit(take).result()
        pool.submit(take).result()
