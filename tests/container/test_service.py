"""The running service: it fires, stops, refuses and reports as a server needs it to."""

import time

import docker
import pytest
from docker.models.volumes import Volume

from containers import Start, exit_code, job, logs, wait_for

pytestmark = [pytest.mark.container, pytest.mark.slow]

STOPPED_S = 8
"""Less than the ten seconds after which the engine kills: the service stopped by itself."""


def test_a_line_fires_within_70_s_sees_the_settings_and_stops_in_order(start: Start) -> None:
    container = start(
        '* * * * * echo "fired for $ML_MARKET/$ML_ENV threshold $ML_RISK_THRESHOLD"\n'
        "* * * * * trap 'echo finished; exit 0' TERM; echo working; sleep 60 & wait\n",
        environment={"ML_RISK_THRESHOLD": "0.61"},
    )
    assert wait_for(lambda: "trap | working" in logs(container), 70), logs(container)
    assert "echo | fired for us/paper threshold 0.61\n" in logs(container)
    began = time.monotonic()
    container.stop(timeout=10)
    assert time.monotonic() - began < STOPPED_S
    assert exit_code(container) == 0
    assert "trap | finished\n" in logs(container)


def test_an_idle_service_stops_at_once_with_exit_0(start: Start) -> None:
    container = start()
    assert wait_for(lambda: "next runs" in logs(container), 10)
    began = time.monotonic()
    container.stop(timeout=10)
    assert time.monotonic() - began < STOPPED_S
    assert exit_code(container) == 0


def test_a_wrong_crontab_refuses_to_start_naming_the_line(start: Start) -> None:
    container = start("# nightly\n*/15 * * * * python -m jobs.cylce\n")
    assert exit_code(container) == 2
    assert "cron: crontab, line 2: there is no job named cylce" in logs(container)


def test_a_wrong_setting_refuses_to_start_naming_it(start: Start) -> None:
    container = start(environment={"ML_RISK_TRESHOLD": "0.6"})
    assert exit_code(container) == 2
    assert "did you mean ML_RISK_THRESHOLD" in logs(container)


def test_a_volume_of_another_user_gives_a_sentence_with_the_remedy(
    start: Start, volume: Volume
) -> None:
    taken = "touch /logs/theirs && chown 0:0 /logs"  # an empty volume would get the image's owner
    assert exit_code(start(command=["sh", "-c", taken], user="0:0", cap_drop=[])) == 0
    for command in (None, ["python", "-m", "jobs.build"]):
        container = start(command=command)
        assert exit_code(container) == 1
        shown = logs(container)
        assert "/logs/us/paper" in shown
        assert "user id 10001" in shown
        assert "Traceback" not in shown


def test_health_is_green_while_nothing_is_due_and_red_when_cron_stops_firing(
    start: Start, engine: docker.DockerClient
) -> None:
    check = ["CMD", "python", "-m", "jobs.status", "--health"]
    every_second = {"test": check, "interval": 10**9, "timeout": 10**10, "retries": 2}
    container = start(healthcheck=every_second)

    def health() -> str:
        container.reload()
        return str(container.health)

    assert wait_for(lambda: health() == "healthy", 30), container.attrs["State"]["Health"]
    freeze = "kill -STOP $(cat /proc/1/task/1/children)"
    age = "echo 2026-01-27T21:30:00+00:00 > /logs/us/paper/.cron_heartbeat"
    assert container.exec_run(["sh", "-c", f"{freeze} && {age}"]).exit_code == 0
    assert wait_for(lambda: health() == "unhealthy", 30)
    code, said = job(container, "status", "--health")
    assert code == 1
    assert "cron" in said
    container.kill()


def test_a_second_container_on_the_same_volume_cannot_write_at_the_same_time(
    start: Start,
) -> None:
    hold = (
        "import time; from pathlib import Path; from afterclose.disk.scope_lock import scope_lock\n"
        "with scope_lock(Path('/logs/us/paper')): print('held', flush=True); time.sleep(60)"
    )
    holder = start(command=["python", "-c", hold])
    assert wait_for(lambda: "held" in logs(holder), 10)
    code, said = job(start(), "build")
    assert code == 4
    assert "another job" in said
