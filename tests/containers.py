"""Helpers of the container tests: run jobs inside, read and write the scope on the volume."""

import io
import json
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from docker.models.containers import Container

from repository import REPOSITORY

Start = Callable[..., Container]
"""Starts a hardened container: the fixture `start` of tests/container."""


def job(container: Container, name: str, *options: str) -> tuple[int, str]:
    """Run a job inside; its exit code and all it printed."""
    done = container.exec_run(["python", "-m", f"jobs.{name}", *options])
    return done.exit_code, done.output.decode()


def job_json(container: Container, name: str, *options: str) -> dict[str, Any]:
    """Run a job inside that must succeed; its JSON result."""
    done = container.exec_run(["python", "-m", f"jobs.{name}", *options, "--json"], demux=True)
    output, errors = (part or b"" for part in done.output)
    assert done.exit_code == 0, (output, errors)
    return dict(json.loads(output))


def read(container: Container, path: str) -> str:
    """A file of the scope, as the container sees it; empty while it is not there."""
    done = container.exec_run(["cat", f"/logs/us/paper/{path}"])
    return done.output.decode() if done.exit_code == 0 else ""


def put(container: Container, path: str, text: bytes) -> None:
    """Write a file into the scope, owned by the container's user."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in ("us", "us/paper"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            entry.uid = entry.gid = 10001
            tar.addfile(entry)
        entry = tarfile.TarInfo(f"us/paper/{path}")
        entry.size, entry.uid, entry.gid = len(text), 10001, 10001
        tar.addfile(entry, io.BytesIO(text))
    assert container.put_archive("/logs", archive.getvalue())


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Whether ``condition`` came true within ``seconds``."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.1)
    return False


def logs(container: Container) -> str:
    """What `docker logs` shows."""
    return str(container.logs().decode())


def exit_code(container: Container, seconds: int = 15) -> int:
    """Wait for the container's end; its exit code."""
    return int(container.wait(timeout=seconds)["StatusCode"])


def compose_command() -> list[str]:
    """Whichever compose this machine has; the test is skipped where it has none."""
    plugin = ["docker", "compose"]
    if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
        return plugin
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def compose_services() -> dict[str, Any]:
    """The services of compose.yaml with their defaults, those written as comments too."""
    text = (REPOSITORY / "compose.yaml").read_text(encoding="utf-8")
    written = re.sub(r"^  # ([a-z-]+:\n)((?:  #   .*\n)+)", _uncommented, text, flags=re.MULTILINE)
    plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", written)
    services: dict[str, Any] = yaml.safe_load(plain)["services"]
    return services


def _uncommented(block: re.Match[str]) -> str:
    return f"  {block[1]}" + re.sub(r"^  # ", "  ", block[2], flags=re.MULTILINE)


def options_of(name: str) -> dict[str, Any]:
    """The SDK's options for a service of compose.yaml."""
    service = compose_services()[name]
    set_here = {name: value for name, value in service["environment"].items() if value is not None}
    kept = ("user", "group_add", "hostname", "network_mode", "read_only", "cap_drop",
            "security_opt", "mem_limit", "pids_limit", "working_dir")  # fmt: skip
    return {
        "environment": set_here,
        "tmpfs": dict(entry.split(":", 1) for entry in service["tmpfs"]),
        **{option: service[option] for option in kept if option in service},
    }
