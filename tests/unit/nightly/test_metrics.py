"""`ml_metrics.prom` is valid, true, and a real Prometheus fires an alert on it."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterclose.errors import InputError, IntegrityError
from afterclose.nightly.journal import Journal
from afterclose.nightly.metrics import METRICS_FILE
from afterclose.nightly.work import Workplace
from afterclose.records import Outcome
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.trading.switch import Switch
from repository import REPOSITORY
from trading_builders import promote_model, write_sessions

NIGHT = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
RULES = REPOSITORY / "deploy" / "prometheus"

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)"
)
needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("prometheus-node-exporter")),
    reason="not installed (Debian: prometheus prometheus-node-exporter)",
)


@pytest.fixture
def watched(settings: Settings) -> Settings:
    """A scope with a model, a verdict, a good build and a failed cycle."""
    write_sessions(settings)
    promote_model(settings, NIGHT - timedelta(hours=8))
    with RiskFilter.load(settings, NIGHT - timedelta(hours=7)) as risk:
        risk.check({"atr_pct": 0.1, "rsi": 0.2})
    with Workplace.from_settings(settings).run("build", NIGHT) as end:
        end(Outcome(job="build", status="done"))
    with (
        pytest.raises(OSError, match="disk full"),
        Workplace.from_settings(settings).run("cycle", NIGHT, session="2026-01-27"),
    ):
        raise OSError("disk full")
    from afterclose.operating.watching import run_monitor

    run_monitor(settings, NIGHT)
    return settings


def samples(settings: Settings) -> dict[str, float]:
    lines = (settings.root / METRICS_FILE).read_text().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def sample(settings: Settings, name: str, **labels: str) -> float | None:
    inside = ",".join(
        f'{key}="{value}"' for key, value in {"market": "us", "env": "paper", **labels}.items()
    )
    return samples(settings).get(f"afterclose_{name}{{{inside}}}")


def test_every_metric_of_the_contract_is_there_and_true(watched: Settings) -> None:
    at = NIGHT.timestamp()
    ended = sample(watched, "step_last_success_timestamp_seconds", step="build")
    assert ended == pytest.approx(at, abs=60)
    assert sample(watched, "step_last_exit_code", step="build") == 0
    assert sample(watched, "step_last_exit_code", step="cycle") == 1
    assert sample(watched, "session_overdue_seconds") == 15 * 60.0
    assert sample(watched, "verdicts_total", reason="low_risk") is not None or (
        sample(watched, "verdicts_total", reason="high_risk") == 1
    )
    assert sample(watched, "filter_mode", mode="ml") == 1
    assert sample(watched, "filter_mode", mode="rules-only") == 0
    assert sample(watched, "monitor_log_stake", kind="drift") == 0
    assert sample(watched, "alerts") is not None
    assert any(name.startswith("afterclose_model_info{") for name in samples(watched))


def test_what_a_safety_rule_refused_is_no_success(watched: Settings) -> None:
    """Damaged data is exit 3 every night, and nothing is trained: no monitor may call it well."""
    built = sample(watched, "step_last_success_timestamp_seconds", step="build")
    tomorrow = NIGHT + timedelta(days=1)
    with pytest.raises(IntegrityError), Workplace.from_settings(watched).run("build", tomorrow):
        raise IntegrityError("ml_training_dataset.jsonl", "damaged", "Mend it.")
    assert sample(watched, "step_last_exit_code", step="build") == 3
    assert sample(watched, "step_last_success_timestamp_seconds", step="build") == built
    with pytest.raises(InputError), Workplace.from_settings(watched).run("build", tomorrow):
        raise InputError("no such column")
    assert sample(watched, "step_last_exit_code", step="build") == 2
    with Workplace.from_settings(watched).run("build", tomorrow) as end:
        end(Outcome(job="build", status="skipped", reason="unchanged"))
    assert sample(watched, "step_last_exit_code", step="build") == 0


def test_the_switch_shows(watched: Settings) -> None:
    Switch(watched).turn_off(NIGHT, "tester", "test")
    with Workplace.from_settings(watched).run("build", NIGHT) as end:
        end(Outcome(job="build", status="done"))
    assert sample(watched, "filter_mode", mode="switched-off") == 1


def test_what_was_asked_to_stop_has_not_failed(settings: Settings) -> None:
    journal = Journal(settings.root / "ml_runs.jsonl")
    settings.root.mkdir(parents=True)
    journal.stopped(journal.start("cycle", NIGHT))
    with Workplace.from_settings(settings).run("build", NIGHT) as end:
        end(Outcome(job="build", status="done"))
    assert sample(settings, "step_last_exit_code", step="cycle") is None


def test_the_dashboard_and_the_rules_ask_only_for_metrics_that_exist(watched: Settings) -> None:
    names = {re.split(r"[{ ]", name)[0] for name in samples(watched)}
    dashboard = json.loads((RULES / "grafana-dashboard.json").read_text())
    asked = (
        " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
        + (RULES / "afterclose.rules.yml").read_text()
    )
    assert set(re.findall(r"afterclose_[a-z_]+", asked)) - names <= {
        "afterclose_model_age_sessions"
    }


@needs_promtool
def test_prometheus_can_read_every_question_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads((RULES / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) >= len(dashboard["panels"])
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", "panels.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


@needs_promtool
def test_promtool_finds_the_file_valid(watched: Settings) -> None:
    text = (watched.root / METRICS_FILE).read_bytes()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_do_what_their_tests_say() -> None:
    for command in (["check", "rules", "afterclose.rules.yml"],
                    ["test", "rules", "afterclose.test.yml"]):  # fmt: skip
        done = subprocess.run(
            ["promtool", *command], cwd=RULES, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
@pytest.mark.slow
def test_a_real_prometheus_fires_an_alert(watched: Settings, tmp_path: Path) -> None:
    """Debian's node exporter reads the file, Debian's Prometheus the exporter, on loopback."""
    textfiles = tmp_path / "textfiles"
    textfiles.mkdir()
    (textfiles / "us-paper.prom").symlink_to(watched.root / METRICS_FILE)
    exporter, server = _free_port(), _free_port()
    rules = (RULES / "afterclose.rules.yml").read_text()
    (tmp_path / "rules.yml").write_text(re.sub(r"for: \w+", "for: 0s", rules))
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        "scrape_configs:\n"
        f"  - {{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}\n"
    )
    with (
        _running(
            "prometheus-node-exporter",
            f"--web.listen-address=127.0.0.1:{exporter}",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={textfiles}",
        ),
        _running(
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{server}",
        ),
    ):
        firing = _firing(server, "AftercloseStepFailed")
    assert firing["step"] == "cycle"
    assert firing["market"] == "us"


def _firing(port: int, name: str) -> dict[str, str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts") as answer:
                alerts: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        except OSError:
            alerts = []
        for alert in alerts:
            if alert["labels"]["alertname"] == name and alert["state"] == "firing":
                return dict(alert["labels"])
        time.sleep(0.5)
    raise AssertionError(f"{name} did not fire within a minute")


@contextmanager
def _running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
