"""The trust boundary of SECURITY.md: what a command line can reach, and where secrets go."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from afterclose.model_registry import ModelRegistry
from breaking import NIGHT_1, NIGHT_2, NIGHT_3, Lab, newest_model, settings_of, trades
from builders import append_ledger, write_ledger
from repository import REPOSITORY

CANARY = "canary-7f3a91c05e"
OUTSIDE = ["..", "../..", "../../..", "/etc", "us/../..", "us/paper/../../..", "..%2f", "us/..",
           "us/paper/ml_models", ".", "", "us", "us/paper\x00", "US/paper"]  # fmt: skip


def job(name: str, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """One job in this process, as the command line would run it."""
    import importlib

    from afterclose.runner import run_job

    module = importlib.import_module(f"jobs.{name}")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for key in [key for key in os.environ if key.startswith("ML_")]:
            patch.delenv(key)
        for key, value in environ.items():
            patch.setenv(key, value)
        try:
            code = run_job(module.run, module.parser(), options)
        except SystemExit as stopped:  # argparse's own
            code = int(str(stopped.code))
    return subprocess.CompletedProcess(options, code, out.getvalue(), err.getvalue())


def outside_files(folder: Path, logs: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_relative_to(logs)}


@pytest.mark.parametrize("name", ["promote", "evaluate", "register"])
@pytest.mark.parametrize(
    "model_id", ["../../etc", "/etc/passwd", "20260126_214500/..", "..", "20260126_214500\n", ""]
)
def test_an_id_that_is_no_id_is_exit_2_and_touches_nothing(
    lab: Lab, name: str, model_id: str
) -> None:
    scope = lab.scope()
    before = outside_files(lab.folder, Path(scope.logs_dir))
    done = job(name, "--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(), "--id", model_id)
    assert done.returncode == 2, done.stderr
    assert outside_files(lab.folder, Path(scope.logs_dir)) == before


@pytest.mark.parametrize("origin", OUTSIDE)
def test_a_scope_to_copy_from_stays_inside_the_volume(lab: Lab, origin: str) -> None:
    scope = lab.scope()
    before = (scope.model_dir / "registry_events.jsonl").read_bytes()
    done = job(
        "promote", "--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(), "--env", "live",
        "--id", newest_model(scope), "--from", origin,
    )  # fmt: skip
    assert done.returncode in (2, 3), (origin, done.stderr)
    assert "Traceback" not in done.stderr
    assert "run again with -v" not in done.stderr
    assert (scope.model_dir / "registry_events.jsonl").read_bytes() == before


@pytest.mark.parametrize("option", ["--market", "--env"])
@pytest.mark.parametrize("value", ["../x", "a/b", "/tmp", "..", ".", "", "US", "a b", "x" * 40])  # noqa: S108
def test_a_market_or_an_environment_is_one_folder_name(lab: Lab, option: str, value: str) -> None:
    scope = lab.scope()
    before = outside_files(lab.folder, Path(scope.logs_dir))
    done = job("status", "--logs-dir", scope.logs_dir, option, value)
    assert done.returncode == 2, done.stderr
    assert outside_files(lab.folder, Path(scope.logs_dir)) == before


def test_a_model_folder_that_leads_elsewhere_is_not_followed(lab: Lab) -> None:
    """Whoever may write into the volume may put a link there; it is no model of this scope."""
    scope = lab.scope()
    elsewhere = lab.folder / "elsewhere"
    (scope.model_dir / newest_model(scope)).rename(elsewhere)
    model_id = newest_model(scope)
    link = scope.model_dir / "20990101_000000"
    link.symlink_to(elsewhere)
    done = job("register", "--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(),
               "--id", link.name)  # fmt: skip
    assert done.returncode != 0
    assert model_id in ModelRegistry.from_settings(scope).list_models()
    assert link.name not in ModelRegistry.from_settings(scope).list_models()


def test_the_signing_key_appears_in_no_file_and_no_output(lab: Lab) -> None:
    """A whole run with the key set: cycle, promote, lock, trading, repair, errors and -v."""
    logs = lab.folder / "signed"
    key = {"ML_SIGNING_KEY": CANARY, "ML_BOOTSTRAP_RESAMPLES": "100"}
    scope = settings_of(logs, **key)
    write_ledger(scope.ledger_paths[0], trades(60))
    common = ["--logs-dir", str(logs)]
    night = [*common, "--now", NIGHT_1.isoformat()]
    later = [*common, "--now", NIGHT_2.isoformat()]
    said = [job("cycle", *night, "--json", "-v", **key)]
    model_id = newest_model(scope)
    said += [
        job("promote", *night, "--id", model_id, "--json", "--anyway", **key),
        job("lock", *night, **key),
        job("status", *night, **key),
        job("status", *night, "--json", **key),
        job("candidates", *night, "--json", **key),
    ]
    assert [done.returncode for done in said] == [0] * len(said), [d.stderr for d in said]
    append_ledger(scope.ledger_paths[0], trades(65)[60:])
    said += [job("cycle", *later, **key), job("verify", *later, "--repair", "--json", **key)]
    events = scope.model_dir / "registry_events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"cycle", b"cycl3"))
    said += [
        job("promote", *later, "--id", model_id, "-v", **key),
        job("status", *later, "-v", **(key | {"ML_RISK_THRESHOLD": "7"})),
        job("status", *later, ML_SIGNING_KEZ=CANARY),
    ]
    assert said[-1].returncode == 2
    assert not [done for done in said if CANARY in done.stdout + done.stderr]
    written = [path for path in logs.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if CANARY.encode() in path.read_bytes()] == []
    assert CANARY not in repr(scope)
    lab.tally("jobs run with a secret key, and files searched for it", len(said) + len(written))


def test_a_model_without_the_keys_signature_is_not_promoted_and_not_loaded(lab: Lab) -> None:
    from afterclose.risk_filter import RiskFilter

    scope = lab.scope()
    signed = settings_of(Path(scope.logs_dir), ML_SIGNING_KEY=CANARY)
    done = job("promote", "--logs-dir", scope.logs_dir, "--now", NIGHT_3.isoformat(),
               "--id", newest_model(scope), "--anyway", ML_SIGNING_KEY=CANARY)  # fmt: skip
    assert done.returncode == 3
    with RiskFilter.load(signed, NIGHT_3) as risk:
        assert risk.mode == "rules-only"


def test_the_trading_process_of_a_linear_model_never_imports_pickle_loaders(lab: Lab) -> None:
    scope = lab.scope()
    code = (
        "import sys\n"
        "from datetime import datetime\n"
        "from afterclose.config import load_settings\n"
        "from afterclose.risk_filter import RiskFilter\n"
        "risk = RiskFilter.load(load_settings({}, logs_dir=sys.argv[1]),\n"
        "    datetime.fromisoformat(sys.argv[2]))\n"
        "risk.check({'trend': 1.0, 'atr_pct': 0.02, 'rsi': 50.0, 'volume_ratio': 1.0})\n"
        "assert risk.mode == 'ml', risk.mode_reason\n"
        "loaded = {'joblib', 'sklearn', 'numpy', '_pickle'} & set(sys.modules)\n"
        "print(sorted(loaded))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, scope.logs_dir, NIGHT_3.isoformat()],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_security_md_names_every_file_that_somebody_else_may_write() -> None:
    words = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    for name in ("trade_ledger.jsonl", "registry_events.jsonl", "model.joblib", "scorecard.json",
                 "ML_SIGNING_KEY", "ML_LEDGER_FILE", "paper_positions.json"):  # fmt: skip
        assert name in words
