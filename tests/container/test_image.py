"""What is in the image, and what is not."""

import docker
import pytest

from containers import Start, logs, wait_for

pytestmark = [pytest.mark.container, pytest.mark.slow]


def test_the_image_weighs_less_than_700_mb_and_says_what_it_is(
    engine: docker.DockerClient, image: str
) -> None:
    details = engine.images.get(image)
    assert details.attrs["Size"] < 700_000_000
    assert details.labels["org.opencontainers.image.title"] == "afterclose"
    assert details.attrs["Config"]["User"] == "10001:10001"
    assert details.attrs["Config"]["Healthcheck"]["Test"][-1] == "--health"


def test_neither_compiler_nor_installer_nor_tests_nor_repository_are_inside(start: Start) -> None:
    container = start()
    tools = container.exec_run(["sh", "-c", "command -v gcc cc make pip git"])
    assert tools.output == b""
    files = container.exec_run(["ls", "-A", "/app"]).output.decode().split()
    assert sorted(files) == ["LICENSE", "crontab", "jobs"]
    found = container.exec_run(["find", "/opt/venv", "-type", "d", "-name", "tests"])
    assert found.output == b""


def test_every_library_is_there_compiled_and_needs_no_writable_place(start: Start) -> None:
    libraries = "sklearn.ensemble, pandas, scipy.stats, joblib, exchange_calendars"
    code = f"""
import sys
import {libraries}, rich.table, afterclose.runner
from pathlib import Path
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
ours = [Path(name) for name in files if name.startswith(("/app", "/opt")) and name.endswith(".py")]
print(len(ours) > 1000)
print([p for p in ours if not list(p.parent.glob(f"__pycache__/{{p.stem}}.*.pyc"))])
"""
    done = start().exec_run(["python", "-W", "error::UserWarning", "-c", code])
    assert done.output.decode() == "True\n[]\n"


def test_another_container_of_the_image_imports_the_package_from_any_folder(start: Start) -> None:
    code = "import afterclose; print(afterclose.RiskFilter.__name__, afterclose.__version__)"
    for folder in ("/", "/var", "/tmp"):  # noqa: S108 - the container's
        done = start(command=["python", "-c", code], working_dir=folder)
        assert done.wait(timeout=20)["StatusCode"] == 0, logs(done)
        assert logs(done).startswith("RiskFilter ")


def test_the_shipped_crontab_starts(start: Start) -> None:
    container = start(crontab=None)
    assert wait_for(lambda: "python -m jobs.cycle" in logs(container), 10)
    assert container.exec_run(["cat", "/logs/us/paper/.cron_heartbeat"]).exit_code == 0
