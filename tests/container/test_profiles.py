"""The services of compose.yaml that a profile starts: the courier, a fleet, a fleet on Dask."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from containers import compose_command, logs, wait_for
from fleets import NOW, cards, fleet_of, good_ends, models
from repository import REPOSITORY

pytestmark = [pytest.mark.container, pytest.mark.slow]

FLEET = ["python", "-m", "jobs.fleet", "--now", NOW.isoformat(), "--json"]

RECEIVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        print("TOOK", self.path, body, flush=True)
        self.send_response(200)
        self.end_headers()
HTTPServer(("", 8000), Handler).serve_forever()
"""


class Project:
    """A compose project of its own, on a folder as its volume."""

    def __init__(self, engine: docker.DockerClient, folder: Path) -> None:
        self._engine, self.folder = engine, folder
        self.name = f"afterclose-test-{uuid.uuid4().hex[:12]}"
        self.volume = folder / "logs"
        for name in ("compose.yaml", "crontab", "crontab.fleet"):
            shutil.copy(REPOSITORY / name, folder)
        (folder / ".env").touch()

    def compose(self, *words: str) -> str:
        done = subprocess.run(
            [*compose_command(), "-p", self.name, *words],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, profile: str, *services: str) -> list[Container]:
        self.compose("--profile", profile, "up", "-d", "--no-build", *services)
        return [
            self._engine.containers.get(
                self.compose("--profile", profile, "ps", "-q", name).strip()
            )
            for name in services
        ]


@pytest.fixture
def project(
    engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    one = Project(engine, tmp_path)
    monkeypatch.setenv("AFTERCLOSE_LOGS", str(one.volume))
    monkeypatch.setenv("AFTERCLOSE_USER", f"{os.getuid()}:{os.getgid()}")
    state = f"  courier-state:\n    name: {one.name}-courier"
    text = (tmp_path / "compose.yaml").read_text()
    named = text.replace("  courier-state:\n    name: afterclose-courier", state)
    assert named != text
    (tmp_path / "compose.yaml").write_text(named)
    yield one
    for profile in ("courier", "fleet", "dask"):
        one.compose("--profile", profile, "down", "--volumes")


def fleet_result(container: Container) -> tuple[int, dict[str, Any]]:
    done = container.exec_run(FLEET, demux=True)
    return done.exit_code, json.loads(done.output[0])


def assert_each_done_once(roots: list[Path]) -> None:
    assert [len(good_ends(root)) for root in roots] == [1] * len(roots)
    assert [len(models(root)) for root in roots] == [1] * len(roots)
    assert len({cards(root) for root in roots}) == 1


def test_the_courier_sends_over_its_own_network_and_cannot_write_the_volume(
    engine: docker.DockerClient, image: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    monkeypatch.setenv("ML_PING_URL", "http://receiver:8000/ping/{scope}")
    (root,) = fleet_of(project.volume, 1)
    subprocess.run(
        [sys.executable, "-m", "jobs.cycle", "--logs-dir", str(project.volume), "--env", root.name,
         "--now", NOW.isoformat()],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    (courier,) = project.start("courier", "courier")
    network = f"{project.name}_courier"
    receiver = engine.containers.run(
        image, ["python", "-u", "-c", RECEIVER], detach=True, network=network, hostname="receiver",
        name=f"{project.name}-receiver", networking_config={
            network: docker.types.EndpointConfig(engine.api._version, aliases=["receiver"])
        },
    )  # fmt: skip
    try:
        assert wait_for(lambda: "/ping/us-p0000?rid=" in logs(receiver), 90), logs(courier)
        assert "TOOK /ping/us-p0000/start?rid=" in logs(receiver)
        assert list(courier.attrs["NetworkSettings"]["Networks"]) == [network]
        refused = courier.exec_run(["touch", "/logs/us/p0000/x"])
        assert b"Read-only file system" in refused.output
        state = courier.exec_run(["cat", "/state/courier.json"])
        assert b"us/p0000" in state.output
    finally:
        receiver.remove(force=True)


def test_one_fleet_service_works_for_all_scopes(
    image: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERCLOSE_IMAGE", image)
    roots = fleet_of(project.volume, 3)
    (fleet,) = project.start("fleet", "fleet")
    assert wait_for(lambda: "python -m jobs.fleet" in logs(fleet), 30)
    code, result = fleet_result(fleet)
    assert (code, result["counts"]) == (0, {"done": 3})
    assert fleet.attrs["HostConfig"]["NetworkMode"] == "none"
    assert_each_done_once(roots)


def test_a_fleet_on_dask_survives_a_worker_that_is_killed(
    fleet_image: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERCLOSE_FLEET_IMAGE", fleet_image)
    subprocess.run(
        ["make", "certificates", f"CERTIFICATES={project.folder / 'certificates'}"],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    roots = fleet_of(project.volume, 5)
    _, first, _, fleet = project.start("dask", "scheduler", "worker-1", "worker-2", "fleet-dask")
    assert wait_for(lambda: "Registered to:       tls://scheduler" in logs(first), 60), logs(first)
    running = fleet.client.api.exec_create(fleet.id, FLEET, stderr=False)
    output: list[bytes] = []
    api = fleet.client.api
    work = Thread(target=lambda: output.append(api.exec_start(running["Id"])))
    work.start()
    assert wait_for(lambda: any((root / ".lock").exists() for root in roots), 60)
    first.exec_run(["python", "-c", "import os; os.kill(-1, 9)"])  # all but init and itself
    work.join()
    done = json.loads(output[0].splitlines()[-1])
    assert (done["exit_code"], done["counts"]) == (0, {"done": 5})
    first.reload()
    assert first.attrs["RestartCount"] >= 1
    code, again = fleet_result(fleet)
    assert (code, again["nothing_due"]) == (0, 5)
    assert_each_done_once(roots)
