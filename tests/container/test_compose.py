"""compose.yaml starts the service with whichever compose this machine has."""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import docker
import pytest

from builders import synthetic_records
from containers import compose_command, exit_code, logs, put, wait_for
from repository import REPOSITORY

pytestmark = [pytest.mark.container, pytest.mark.slow]


def test_compose_starts_the_service_on_a_folder_shared_with_this_user(
    engine: docker.DockerClient,
    image: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compose = [*compose_command(), "-p", f"afterclose-test-{uuid.uuid4().hex[:12]}"]
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    monkeypatch.setenv("AFTERCLOSE_LOGS", str(tmp_path))
    monkeypatch.setenv("AFTERCLOSE_USER", f"{os.getuid()}:{os.getgid()}")
    monkeypatch.setenv("ML_SEED", "7")
    project = project_folder(tmp_path_factory)
    (project / ".env").write_text("ML_MARKET=india\nML_RISK_THRESHOLD='0.61'\n")

    def run(*words: str) -> str:
        done = subprocess.run(
            [*compose, *words], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    volumes_before = {found.name for found in engine.volumes.list()}
    try:
        run("up", "-d", "--no-build")
        container = engine.containers.get(run("ps", "-q", "us-paper").strip())
        assert wait_for(lambda: "python -m jobs.cycle" in logs(container), 15)
        assert (tmp_path / "india/paper/.cron_heartbeat").stat().st_uid == os.getuid()
        seen = container.exec_run(["sh", "-c", "echo $ML_MARKET/$ML_ENV $ML_SEED $HOSTNAME"])
        assert seen.output == b"india/paper 7 india-paper\n"
        status = container.exec_run(
            ["python", "-c", "from afterclose import load_settings; print(load_settings())"]
        )
        assert b"risk_threshold=0.61" in status.output
        assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "always"
        assert container.attrs["HostConfig"]["ReadonlyRootfs"]
        run("stop")
        assert exit_code(container) == 0
    finally:
        run("down")
        for made in engine.volumes.list(filters={"name": "afterclose-logs"}):  # by old compose
            if made.name not in volumes_before:
                made.remove()


def test_a_mistyped_name_in_dotenv_is_refused_by_plain_compose_up(
    engine: docker.DockerClient,
    image: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    monkeypatch.setenv("AFTERCLOSE_LOGS", str(tmp_path))
    project = project_folder(tmp_path_factory)
    (project / ".env").write_text("ML_RISK_TRESHOLD=0.6\n")
    compose = [*compose_command(), "-p", f"afterclose-test-{uuid.uuid4().hex[:12]}"]
    try:
        subprocess.run([*compose, "up", "-d", "--no-build"], cwd=project, check=True)
        shown = ""
        assert wait_for(
            lambda: (
                "did you mean ML_RISK_THRESHOLD"
                in subprocess.run(
                    [*compose, "logs"], cwd=project, capture_output=True, text=True, check=True
                ).stdout
            ),
            15,
        ), shown
    finally:
        subprocess.run([*compose, "down"], cwd=project, check=True)


def test_a_backup_is_restored_into_an_emptied_volume_as_the_readme_says(
    engine: docker.DockerClient,
    image: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The README's own lines, from a backup to `verify`; make page and an import beside them."""
    name = f"afterclose-test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    monkeypatch.setenv("AFTERCLOSE_LOGS", name)
    project = project_folder(tmp_path_factory)
    own = f"  {name}:\n    name: {name}"
    text = (project / "compose.yaml").read_text().replace("  logs:\n    name: afterclose-logs", own)
    (project / "compose.yaml").write_text(text)
    shutil.copy(REPOSITORY / ".env.example", project / ".env")
    compose = " ".join([*compose_command(), "-p", name])
    words = (REPOSITORY / "README.md").read_text().replace("docker compose", compose)
    backup, restore = (
        next(block for block in words.split("```bash\n") if mark in block).partition("```")[0]
        for mark in ("flock /logs", "tar -C /logs -xz")
    )

    def shell(script: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=project,
            capture_output=True,
            input=stdin,
            check=False,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout.decode()

    def make(words: str) -> str:
        return f"make -f {REPOSITORY}/Makefile COMPOSE='{compose}' IN=container {words}"

    try:
        shell(f"{compose} up -d --no-build")
        ledger = b"".join(json.dumps(r).encode() + b"\n" for r in synthetic_records(3))
        put(
            engine.containers.get(shell(f"{compose} ps -q us-paper").strip()),
            "trade_ledger.jsonl",
            ledger,
        )
        csv = b"symbol,side,quantity,entry_timestamp,entry_price,exit_timestamp,exit_price\n"
        csv += b"AAPL,long,1,2026-01-02T10:00-05:00,100,2026-01-05T10:00-05:00,110\n"
        shell(make("import-ledger FILE=-"), csv)
        shell(make("report"))
        shell(make("page OUT=seen"))
        assert (project / "seen/index.html").stat().st_size > 1000
        shell(backup)
        (made,) = project.glob("afterclose-*.tgz")
        shell(f"{compose} down")
        engine.volumes.get(name).remove()
        shell(
            restore.replace("afterclose-2026-01-27.tgz", made.name).replace(
                "make verify IN=container", make("verify")
            )
        )
        lines = shell(f"{compose} exec -T us-paper cat /logs/us/paper/trade_ledger.jsonl")
        assert len(lines.splitlines()) == 4
    finally:
        shell(f"{compose} down")
        engine.volumes.get(name).remove()


def project_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder with what compose reads beside .env."""
    folder = factory.mktemp("project")
    for name in ("compose.yaml", "crontab"):
        shutil.copy(REPOSITORY / name, folder)
    return folder
