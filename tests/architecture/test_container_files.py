"""The container's files agree with the code: settings, jobs, version and hardening."""

import re
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
import yaml

import afterclose
from afterclose.cron.crontab import Entry, parse_crontab
from afterclose.settings import Settings
from repository import REPOSITORY

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 1, 27, tzinfo=UTC)
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")


def test_compose_passes_every_setting_and_sets_the_logs_folder() -> None:
    environment = COMPOSE["services"]["us-paper"]["environment"]
    every = {f"ML_{field.upper()}" for field in Settings.__struct_fields__}
    assert set(environment) == every
    assert {name: value for name, value in environment.items() if value is not None} == {
        "ML_LOGS_DIR": "/logs",
        "ML_MARKET": "${ML_MARKET:-us}",
        "ML_ENV": "${ML_ENV:-paper}",
    }
    assert "ML_LOGS_DIR=/logs" in DOCKERFILE


def test_every_name_in_dotenv_reaches_the_container_a_mistyped_one_too() -> None:
    assert COMPOSE["services"]["us-paper"]["env_file"] == ".env"
    assert COMPOSE["services"]["us-paper"]["restart"] == "always"


def test_compose_takes_from_the_service_what_it_does_not_need() -> None:
    service = COMPOSE["services"]["us-paper"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["network_mode"] == "none"
    assert {"mem_limit", "pids_limit", "restart", "stop_grace_period"} <= set(service)


def test_compose_and_the_image_ask_for_health_in_the_same_way() -> None:
    check = COMPOSE["services"]["us-paper"]["healthcheck"]
    assert f"CMD {str(check['test'][1:]).replace(chr(39), chr(34))}" in DOCKERFILE
    for option in ("interval", "timeout", "start_period", "retries"):
        assert f"--{option.replace('_', '-')}={check[option]}" in DOCKERFILE


def test_the_images_version_is_the_packages() -> None:
    assert f"ARG VERSION={afterclose.__version__}\n" in DOCKERFILE


@pytest.mark.parametrize("name", ["crontab", "crontab.live", "crontab.fleet"])
def test_every_line_of_a_crontab_runs_a_job_with_options_that_it_has(name: str) -> None:
    for entry in entries_of(name):
        words = re.fullmatch(r"python -m (jobs\.\w+)(.*)", entry.command)
        assert words, entry.command
        import_module(words[1]).parser().parse_args(words[2].split())


def test_a_live_scope_is_locked_watched_and_verified_but_never_trained() -> None:
    assert {entry.name for entry in entries_of("crontab.live")} == {"lock", "monitor", "verify"}


def test_every_service_of_a_profile_is_as_hardened_and_dask_has_no_way_out() -> None:
    services = {name: body for name, body in COMPOSE["services"].items() if "profiles" in body}
    assert {name: body["profiles"] for name, body in services.items()} == {
        "courier": ["courier"],
        "fleet": ["fleet"],
        **{name: ["dask"] for name in ("fleet-dask", "scheduler", "worker-1", "worker-2")},
    }
    assert services["fleet"]["network_mode"] == "none"
    assert COMPOSE["networks"]["dask"]["internal"] is True
    for name, body in services.items():
        assert body["read_only"] is True
        assert body["cap_drop"] == ["ALL"]
        assert body["security_opt"] == ["no-new-privileges:true"]
        assert name == "fleet" or body["networks"] == ["courier" if name == "courier" else "dask"]
        assert name == "fleet" or "network_mode" not in body


def test_only_what_the_image_needs_enters_the_build() -> None:
    kept = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split("\n*\n")[1].split()
    assert kept == [
        *(
            "!requirements.lock",
            "!requirements-fleet.lock",
            "!wheels",
            "!lib",
            "!jobs",
            "!crontab",
            "!LICENSE",
        ),
        *("!README.md", "!pyproject.toml"),
        "**/__pycache__",
    ]


def entries_of(name: str) -> tuple[Entry, ...]:
    return parse_crontab((REPOSITORY / name).read_text(encoding="utf-8"), name, NOW)
