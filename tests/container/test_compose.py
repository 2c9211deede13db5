"""compose.yaml starts the service with whichever compose this machine has."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import docker
import pytest

from containers import exit_code, logs, wait_for
from repository import REPOSITORY

pytestmark = [pytest.mark.container, pytest.mark.slow]


def compose_command() -> list[str]:
    plugin = ["docker", "compose"]
    if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
        return plugin
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def test_compose_starts_the_service_on_a_folder_shared_with_this_user(
    engine: docker.DockerClient, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = [*compose_command(), "-p", f"afterclose-test-{uuid.uuid4().hex[:12]}"]
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    monkeypatch.setenv("AFTERCLOSE_LOGS", str(tmp_path))
    monkeypatch.setenv("AFTERCLOSE_USER", f"{os.getuid()}:{os.getgid()}")
    monkeypatch.setenv("ML_SEED", "7")

    def run(*words: str) -> str:
        done = subprocess.run(
            [*compose, *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    volumes_before = {found.name for found in engine.volumes.list()}
    try:
        run("up", "-d", "--no-build")
        container = engine.containers.get(run("ps", "-q", "us-paper").strip())
        assert wait_for(lambda: "python -m jobs.cycle" in logs(container), 15)
        assert (tmp_path / "us/paper/.cron_heartbeat").stat().st_uid == os.getuid()
        seen = container.exec_run(["sh", "-c", "echo $ML_MARKET/$ML_ENV $ML_SEED"])
        assert seen.output == b"us/paper 7\n"
        assert container.attrs["HostConfig"]["ReadonlyRootfs"]
        run("stop")
        assert exit_code(container) == 0
    finally:
        run("down")
        for made in engine.volumes.list(filters={"name": "afterclose-logs"}):  # by old compose
            if made.name not in volumes_before:
                made.remove()
