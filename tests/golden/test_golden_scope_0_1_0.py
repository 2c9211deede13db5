"""What version 0.1.0 left on disk is read, trusted and carried on by the present code.

`scope_0_1_0.tar.gz` was written by the jobs of 0.1.0 (`make_scope_0_1_0.py` says how), and
`scope_0_1_0.json` holds what 0.1.0 answered, floats to the last bit. Neither is ever made
anew: where a format changes, code that reads the old one keeps these tests green.
"""

import json
import os
import subprocess
import sys
import tarfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afterclose.config import load_settings
from afterclose.dataset.rejects import RejectsFile
from afterclose.learning.artifacts import load_estimator
from afterclose.learning.models import predict_risks
from afterclose.learning.scorer import Scorer
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.ledger import TradeLedger
from afterclose.nightly.journal import Journal
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from afterclose.trading.decision_log import read_decisions, replay

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
EXPECTED: dict[str, Any] = json.loads((HERE / "scope_0_1_0.json").read_text())
IN_SESSION, AFTER_CLOSE = EXPECTED["in_session"], EXPECTED["after_close"]
MODELS: dict[str, str] = EXPECTED["models"]
ACTIVE, SIGNED = EXPECTED["active"], EXPECTED["signed"]
FIRST, TREES, BOOSTED, ENSEMBLE, NEWEST = MODELS  # oldest first
NO_KEY = ""


def environment(env: str, key: str | None = None) -> dict[str, str]:
    """The settings that the scope was made with; ``key`` stands in for the signing key."""
    made_with = EXPECTED["signing_key"] if env == "signed" else NO_KEY
    return EXPECTED["settings"] | {"ML_SIGNING_KEY": made_with if key is None else key}


def job(name: str, logs: Path, *options: str, env: str = "paper", now: str = IN_SESSION) -> Any:
    """The exit code and the JSON result of one job: the only place that knows how jobs start."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ML_")}
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", "--logs-dir", str(logs), "--env", env,
         "--now", now, "--json", *options],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=plain | environment(env),
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def promote(logs: Path, model_id: str) -> None:
    """A person's promotion of an evaluated candidate, whatever the gates advise.

    The only place that knows what a promotion demands. It must succeed, and be seen.
    """
    code, result = job(
        "promote", logs, "--id", model_id, "--reason", "a person wants it", now=AFTER_CLOSE
    )
    assert (code, result["status"]) == (0, "done"), result
    assert active_model(logs, AFTER_CLOSE) == model_id


def active_model(logs: Path, now: str = IN_SESSION) -> str:
    code, status = job("status", logs, now=now)
    assert code == 0
    return status["active_model"]["id"]


def settings_of(logs: Path, env: str = "paper", key: str | None = None) -> Settings:
    return load_settings(environment(env, key), logs_dir=logs, env=env)


def verdicts(settings: Settings) -> list[dict[str, Any]]:
    """The filter's answers in the session that the scope is locked for, floats in hex."""
    with RiskFilter.load(settings, datetime.fromisoformat(IN_SESSION)) as risk:
        answers = [risk.check(row) for row in EXPECTED["rows"]]
    return [
        {
            "allowed": answer.allowed,
            "risk_score": in_hex(answer.risk_score),
            "size_multiplier": in_hex(answer.size_multiplier),
            "reason": answer.reason,
            "model_id": answer.model_id,
        }
        for answer in answers
    ]


def in_hex(number: float | None) -> str | None:
    return None if number is None else float(number).hex()


def scorer(logs: Path, model_id: str) -> Scorer:
    path = settings_of(logs).model_dir / model_id / "scorecard.json"
    return scorer_of(read_card(path.read_bytes(), path))


def dataset_rows(settings: Settings) -> list[dict[str, Any]]:
    text = (settings.root / "ml_training_dataset.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    with tarfile.open(HERE / "scope_0_1_0.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "logs"


@pytest.mark.parametrize("env", ["paper", "live", "signed"])
def test_every_file_is_sound(logs: Path, env: str) -> None:
    code, result = job("verify", logs, env=env)
    assert (code, result["problems"]) == (0, [])


def test_the_active_model_answers_the_same_to_the_last_bit(logs: Path) -> None:
    answers = verdicts(settings_of(logs))
    assert answers == EXPECTED["verdicts"]
    assert {answer["model_id"] for answer in answers} == {ACTIVE}
    assert len({answer["reason"] for answer in answers}) == 5


def test_a_signed_model_answers_the_same_with_its_key_and_not_with_another(logs: Path) -> None:
    strange = verdicts(settings_of(logs, "signed", "another-key"))
    assert {answer["reason"] for answer in strange} == {"model_load_failed"}
    answers = verdicts(settings_of(logs, "signed"))
    assert answers == EXPECTED["signed_verdicts"]
    assert {answer["model_id"] for answer in answers} == {SIGNED}


@pytest.mark.parametrize("model_id", MODELS, ids=MODELS.get)
def test_a_scorecard_of_each_kind_scores_the_same_to_the_last_bit(
    logs: Path, model_id: str
) -> None:
    read = scorer(logs, model_id)
    scores = [in_hex(read.assess(row).risk_score) for row in EXPECTED["rows"]]
    assert scores == EXPECTED["scores"][model_id]


# XGBoost is locked in another version for newer Pythons, and says so of a pickle from before.
@pytest.mark.filterwarnings("ignore:(?s).*loading a serialized model:UserWarning")
@pytest.mark.parametrize("model_id", MODELS, ids=MODELS.get)
def test_an_estimator_of_each_kind_is_unpickled_and_agrees_with_its_scorecard(
    logs: Path, model_id: str
) -> None:
    folder = settings_of(logs).model_dir / model_id
    digests = json.loads((folder / "metadata.json").read_bytes())["artifacts"]
    read = scorer(logs, model_id)
    plain = [[row[name] for name in read.feature_names] for row in EXPECTED["rows"][:21]]
    estimator = load_estimator(folder / "model.joblib", digests["model.joblib"])
    risks = predict_risks(estimator, np.array(plain, dtype=float))
    scores = [float.fromhex(score) for score in EXPECTED["scores"][model_id][:21]]
    tolerance = 1e-6 if model_id == BOOSTED else 1e-12  # XGBoost adds in single precision
    assert risks == pytest.approx(scores, abs=tolerance)


def test_logged_verdicts_are_computed_again_to_the_last_bit(logs: Path) -> None:
    logged = list(read_decisions(settings_of(logs).root / "ml_decisions.jsonl"))
    assert len(logged) == 15
    assert [replay(line, scorer(logs, line.model_id)) for line in logged] == [
        line.risk_score for line in logged
    ]


def test_the_status_names_the_active_model_and_the_running_lock(logs: Path) -> None:
    code, status = job("status", logs)
    assert code == 0
    assert status["active_model"]["id"] == ACTIVE
    assert status["active_model"]["reason"] == "blocked two winners"
    assert status["previous_active"] == FIRST
    assert (status["lock"]["session"], status["lock"]["model_id"]) == ("2026-02-03", ACTIVE)
    assert status["candidates"] == {"count": 2, "newest": NEWEST}
    assert status["last_cycle"]["session"] == "2026-02-02"


def test_journal_rejects_and_positions_are_read(logs: Path) -> None:
    settings = settings_of(logs)
    runs = Journal(settings.root / "ml_runs.jsonl").runs("cycle")
    assert [run.start.session for run in runs] == [
        "2026-01-20", "2026-01-22", "2026-01-26", "2026-01-28", "2026-02-02",
    ]  # fmt: skip
    rejects = {reject.trade_id for reject in RejectsFile(settings.root)}
    assert {"R-external", "R-future", "R-no-features", None} < rejects
    with RiskFilter.load(settings, datetime.fromisoformat(IN_SESSION)) as risk:
        executor = PaperTradingExecutor(settings, risk, TradeLedger(settings.ledger_paths[0]))
        shadow, paper = executor.positions
        assert (shadow.source, paper.source) == ("shadow", "paper")
        for position in (shadow, paper):
            assert (
                executor.close_position(
                    position.trade_id, position.entry_price, IN_SESSION
                ).trade_id
                == position.trade_id
            )
        assert executor.positions == ()


def test_nobody_promotes_while_the_old_lock_runs(logs: Path) -> None:
    code, result = job("promote", logs, "--id", NEWEST)
    assert (code, result["status"]) == (3, "refused")
    assert "2026-02-03" in result["reason"]


@pytest.mark.parametrize("old", [BOOSTED, NEWEST], ids=MODELS.get)
def test_an_old_candidate_that_was_never_active_is_promoted_and_rolled_back(
    logs: Path, old: str
) -> None:
    promote(logs, old)
    code, result = job("rollback", logs, now=AFTER_CLOSE)
    assert (code, result["model_id"], result["rolled_back_from"]) == (0, ACTIVE, old)


def test_the_next_night_goes_on_where_the_old_one_ended(logs: Path) -> None:
    settings = settings_of(logs)
    old_rows = dataset_rows(settings)
    TradeLedger(settings.ledger_paths[0]).add_trades(EXPECTED["next_trades"])
    promote(logs, ENSEMBLE)  # the candidate of tonight is compared with it: it is unpickled
    code, result = job("cycle", logs, now=AFTER_CLOSE)
    assert (code, result["status"]) == (0, "done"), result
    assert result["session"] == "2026-02-03"
    assert result["steps"] == dict.fromkeys(("build", "train", "evaluate", "register"), "done")

    rows = dataset_rows(settings)
    assert [row["trade_id"] for row in rows[len(old_rows) :]] == [
        trade["trade_id"] for trade in EXPECTED["next_trades"]
    ]
    assert all(old.items() <= new.items() for old, new in zip(old_rows, rows, strict=False))

    new = result["model_id"]
    folder = settings.model_dir / new
    evaluation = json.loads((folder / "evaluation.json").read_bytes())
    assert evaluation["active_model"] == ENSEMBLE
    assert not [note for note in evaluation["notes"] if "was not compared" in note]
    assert set(MODELS) | {new} == set(os.listdir(settings.model_dir)) - {
        "model_registry.json", "registry_events.jsonl",
    }  # fmt: skip

    promote(logs, new)
    code, result = job("rollback", logs, now=AFTER_CLOSE)
    assert (code, result["model_id"]) == (0, ENSEMBLE)
    assert job("verify", logs, now=AFTER_CLOSE)[1]["problems"] == []
    next_evening = datetime.fromisoformat(AFTER_CLOSE) + timedelta(minutes=15)
    assert job("cycle", logs, now=next_evening.isoformat())[1]["status"] == "nothing_due"


def test_a_live_scope_takes_another_old_model_from_paper(logs: Path) -> None:
    code, result = job(
        "promote", logs, "--id", TREES, "--from", "us/paper", env="live", now=AFTER_CLOSE
    )
    assert (code, result["previous_active"]) == (0, FIRST)
