"""A real engine, the image built from this tree, and containers started as compose does.

Without an engine these tests are skipped with the reason; `.ci/engine.sh` installs and starts
one where that is possible, `.ci/base_image.sh` provides the base image.
"""

import platform
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from docker.models.volumes import Volume
from filelock import FileLock

from containers import Start, options_of
from repository import REPOSITORY

TAG = "afterclose:under-test"
BASE = "python:3.11-slim-bookworm"


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    # Asked in a process of its own: the SDK leaves a socket open when nobody answers.
    asked = subprocess.run(
        [sys.executable, "-c", "import docker; docker.from_env().ping()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        reason = asked.stderr.strip().splitlines()[-1]
        pytest.skip(f"no Docker engine answers ({reason}); .ci/engine.sh starts one")
    client = docker.from_env(timeout=600)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of this tree; one build even when several workers ask for it."""
    return _built(engine, tmp_path_factory, TAG, "requirements.lock")


@pytest.fixture(scope="session")
def fleet_image(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image with Dask, where its wheels were brought: loading them takes minutes."""
    if not any((REPOSITORY / "wheels").glob("distributed-*.whl")):
        pytest.skip("bring the wheels: make wheels LOCK=requirements-fleet.lock")
    return _built(engine, tmp_path_factory, f"{TAG}-fleet", "requirements-fleet.lock")


def _built(
    engine: docker.DockerClient, factory: pytest.TempPathFactory, tag: str, lock: str
) -> str:
    options = _network_of_the_build(engine)
    options["buildargs"] = options.get("buildargs", {}) | {"LOCK": lock}
    with FileLock(factory.getbasetemp().parent / "image.lock"):
        stream = engine.api.build(path=str(REPOSITORY), tag=tag, rm=True, decode=True, **options)
        steps = [step.get("stream", step.get("error", "")) for step in stream]
    try:
        engine.images.get(tag)
    except docker.errors.ImageNotFound:
        pytest.fail("the image does not build:\n" + "".join(steps[-20:]))
    assert "Successfully built" in "".join(steps), "".join(steps[-20:])
    return tag


def _network_of_the_build(engine: docker.DockerClient) -> dict[str, Any]:
    """The host's; none on the stand-in base of `.ci/base_image.sh`: wheels come with it then."""
    try:
        labels = engine.images.get(BASE).labels
    except docker.errors.ImageNotFound:
        labels = {}
    if "stand-in" not in labels:
        return {"network_mode": "host"}
    machine = platform.machine()
    platforms = [
        f"manylinux_2_28_{machine}",
        f"manylinux_2_17_{machine}",
        f"manylinux2014_{machine}",
    ]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
         "--require-hashes", "--no-deps", "--only-binary", ":all:", "--implementation", "cp",
         "--python-version", "3.11", *[f"--platform={name}" for name in platforms],
         "-r", "requirements.lock", "-d", "wheels"],
        cwd=REPOSITORY, check=True,
    )  # fmt: skip
    arguments = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/src"}
    return {"network_mode": "none", "buildargs": arguments}


@pytest.fixture
def volume(engine: docker.DockerClient) -> Iterator[Volume]:
    """An empty logs volume."""
    made = engine.volumes.create(f"afterclose-test-{uuid.uuid4().hex[:12]}")
    yield made
    made.remove(force=True)


@pytest.fixture
def start(
    engine: docker.DockerClient, image: str, volume: Volume, tmp_path: Path
) -> Iterator[Start]:
    """Start a container exactly as compose.yaml does, on the test's volume.

    ``crontab`` is the text to mount (None: the shipped one), ``command`` replaces cron,
    ``environment`` is added; further keywords replace what compose says of ``service``.
    """
    started: list[Container] = []

    def start_one(
        crontab: str | None = "@yearly true\n",
        command: list[str] | None = None,
        environment: dict[str, str] | None = None,
        service: str = "us-paper",
        logs_mode: str = "rw",
        **different: Any,
    ) -> Container:
        file = REPOSITORY / "crontab"
        if crontab is not None:
            file = tmp_path / f"crontab{len(started)}"
            file.write_text(crontab, encoding="utf-8")
        mounts = {
            volume.name: {"bind": "/logs", "mode": logs_mode},
            str(file): {"bind": "/app/crontab", "mode": "ro"},
        }
        options = options_of(service)
        options["environment"] |= environment or {}
        container = engine.containers.run(
            image, command, detach=True, volumes=mounts, **(options | different)
        )
        started.append(container)
        return container

    yield start_one
    for container in reversed(started):
        container.remove(force=True)
