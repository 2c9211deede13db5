"""Builders for tests of the pages: an evaluation and its model as their files would hold them.

The figures are computed by the evaluation's own functions on made-up verdicts, so that no
model has to be trained for a page.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from afterclose.dataset.columns import Dataset
from afterclose.evaluating.account import account_view
from afterclose.evaluating.baselines import random_sizes
from afterclose.evaluating.comparison import Outcomes, compare, compare_with_active
from afterclose.evaluating.figures import VERSION, Evaluation, GateOptions, Window
from afterclose.evaluating.listed_trades import listed_trades
from afterclose.evaluating.money_record import money_record
from afterclose.evaluating.reasons import Reasons
from afterclose.evaluating.side_by_side import Judged, side_by_side
from afterclose.evaluating.track_record import track_record
from afterclose.evaluating.verdicts import Verdicts
from afterclose.gating.promotion import ask_gates
from afterclose.gating.stored import evaluation_of
from afterclose.model_registry import ModelRegistry
from afterclose.report.compare_writer import write_compare_page
from afterclose.report.writer import draw_missing
from afterclose.settings import Settings
from registry_builders import publish_model
from training_builders import dataset_of

MODEL_ID, ACTIVE_ID = "20260127_214500", "20251231_214500"
MODELS = ("20260125_214500", "20260126_214500", "20260127_214500")
NOW = datetime(2026, 1, 27, 21, 45, tzinfo=UTC)
AT = NOW.isoformat()
HOSTILE = "<script>document.title='pwned'</script><img src=x onerror=alert(1)>\"'&lt;"
FORMULA = '=HYPERLINK("http://127.0.0.1/","look")'
SETTINGS = {
    "model": "logistic",
    "risk_threshold": 0.5,
    "calendar": "XNYS",
    "calendar_overrides": "",
}


def evaluation(
    trades: int = 60, *, gain: float = 0.02, with_active: bool = False, **overrides: Any
) -> dict[str, Any]:
    """The evaluation of a model that blocks about half of ``trades``, one trade a day.

    Blocked trades lose ``gain`` on average and the others win it. Overrides replace parts.
    """
    random = np.random.default_rng(7)
    heat = random.normal(size=trades)
    pnl = -gain * np.sign(heat) + 0.01 * random.normal(size=trades)
    dataset = dataset_of({"heat": heat}, pnl_pct=pnl)
    score = 0.5 + 0.5 * np.tanh(heat / 2)
    candidate, active = (
        Verdicts(score, np.where(score <= threshold, 1.0, 0.0)) for threshold in (0.5, 0.8)
    )
    policies = {
        "rules_only": np.ones(trades),
        "rules_ml": candidate.size,
        "random": random_sizes(dataset.decision_us, candidate.size),
    }
    count = partial(
        account_view, dataset, capital=0.0, resamples=100, seed=0,
        unknown={"atr": "the feature atr_pct is not there"},
    )  # fmt: skip
    outcomes = Outcomes(pnl, pnl < 0, dataset.exit_us, dataset.decision_us)
    period = {"first_decision": "2024-01-02T15:00:00+00:00", "last_decision": AT}
    account = msgspec.to_builtins(count(policies))
    part = (
        period
        | {"account": account}
        | msgspec.to_builtins(
            compare(outcomes, candidate, threshold=0.5, candidates_tried=3, resamples=100, seed=0)
        )
    )
    window = Window(n_train=40, n_purged=2, n_test=trades, n_kept=trades // 2, auc=0.61,
                    expectancy_gain=0.004, regularisation_c=1.0, money_gain=40.0)  # fmt: skip
    rules = {"rules_only": np.ones(trades, dtype=bool)}
    record = _record(dataset, score, rules | {"rules_ml": candidate.keep})
    records = {"held_out": record, "walk_forward": record}
    drawn = msgspec.to_builtins(money_record(dataset, pnl < 0, policies, account["capital"]))
    moved = Reasons(np.zeros((trades, 1), dtype=int), heat[:, None], (score - 0.5)[:, None])
    listed = msgspec.to_builtins(
        listed_trades(
            dataset, pnl < 0, np.arange(trades), candidate, moved,
            most=20_000, windows=np.zeros(trades, dtype=int),
        )
    )  # fmt: skip
    versus = None
    if with_active:
        versus = msgspec.to_builtins(
            compare_with_active(
                ACTIVE_ID, trades, outcomes, candidate, active, resamples=100, seed=0
            )
        ) | {"account": msgspec.to_builtins(count(policies | {"rules_active": active.size}))}
        records["versus_active"] = _record(
            dataset, score, rules | {"rules_active": active.keep, "rules_ml": candidate.keep}
        )
    made = {
        "schema_version": VERSION,
        "model_id": MODEL_ID,
        "evaluated_at": AT,
        "active_model": ACTIVE_ID if with_active else None,
        "dataset": {"version": dataset.version, "rows": trades, "sha256": dataset.sha256},
        "settings": SETTINGS | {"bootstrap_resamples": 100, "ood_max_z": 8.0},
        "threshold": 0.5,
        "threshold_mode": "fixed",
        "held_out": part,
        "walk_forward": part | {"windows": [msgspec.to_builtins(window)]},
        "cpcv": None,
        "versus_active": versus,
        "leaks": [],
        "importance": [{"feature": "heat", "auc_drop": 0.2, "direction": 0.9}],
        "track_record": records,
        "money": {"held_out": drawn, "walk_forward": drawn},
        "trades": {"held_out": listed | {"window": []}, "walk_forward": listed},
        "notes": [],
    }
    answer = ask_gates(evaluation_of(made), GateOptions())
    return made | {"gates": msgspec.to_builtins(answer)} | overrides


def evaluated(trades: int = 60, **made: Any) -> Evaluation:
    """`evaluation` as its reader has it."""
    return evaluation_of(evaluation(trades, **made))


def metadata(model_id: str = MODEL_ID, **overrides: Any) -> dict[str, Any]:
    """The metadata of a linear model with the feature ``heat``."""
    return {
        "schema_version": 1,
        "model_id": model_id,
        "created_at": AT,
        "training_key": "k" * 64,
        "dataset": {"version": "v00000060-0123456789ab", "rows": 60, "sha256": "d" * 64},
        "settings": SETTINGS,
        "split": {"last_train_exit": AT, "first_test_decision": AT},
        "features": [feature("heat")],
        "metrics": {
            "model": "logistic",
            "n_rows": 60,
            "n_train": 40,
            "n_test": 12,
            "n_purged": 1,
            "regularisation_c": 1.0,
            "coefficients": {"heat": 0.693147},
            "dropped_features": {},
        },
        "libraries": {"python": "3.11.7", "numpy": "2.4.6"},
        "git_commit": "c" * 40,
        "artifacts": {"model.joblib": "a" * 64, "scorecard.json": "b" * 64},
    } | overrides


def feature(name: str, *, shift: float = 0.0) -> dict[str, Any]:
    """Training statistics of a feature that is uniform from ``shift`` to ``shift + 1``."""
    edges = [shift + decile / 10 for decile in range(1, 10)]
    return {"name": name, "coverage": 1.0, "mean": shift + 0.5, "std": 0.25, "min": shift,
            "max": shift + 1, "decile_edges": edges}  # fmt: skip


def publish_scope(logs: Path) -> Path:
    """A scope with pages: `MODELS` are evaluated, the first is active, and names are `HOSTILE`.

    The newest model earns most, the middle one loses.
    """
    settings = Settings(logs_dir=str(logs))
    registry = ModelRegistry(settings.model_dir, by="tester@desk")
    for number, (model_id, gain) in enumerate(zip(MODELS, (0.01, -0.02, 0.03), strict=True)):
        folder = publish_model(settings.model_dir, model_id, evaluated=False)
        made = evaluation(gain=gain, model_id=model_id, with_active=number > 0, notes=[HOSTILE])
        if number:
            made["versus_active"]["model_id"] = MODELS[0]
        trade = made["track_record"]["walk_forward"]["worst"][0]
        trade |= {"symbol": HOSTILE, "trade_id": HOSTILE + 300 * "x"}
        listed = made["trades"]["walk_forward"]
        worst = int(np.argmin(listed["allowed"]))  # the first that is blocked
        for name in ("trade_id", "symbol", "side"):
            listed[name][worst] = HOSTILE
        listed["features"] = [HOSTILE]
        listed["trade_id"][worst + 1] = FORMULA
        artifacts = json.loads((folder / "metadata.json").read_bytes())["artifacts"]
        meta = metadata(model_id, features=[feature("heat"), feature(HOSTILE)])
        (folder / "metadata.json").write_text(json.dumps(meta | {"artifacts": artifacts}))
        (folder / "evaluation.json").write_text(json.dumps(made))
        at = NOW - timedelta(days=2 - number)
        registry.register_candidate(model_id, meta["metrics"], now=at)
    registry.promote_candidate(MODELS[0], reason=HOSTILE, now=NOW - timedelta(hours=1))
    draw_missing(settings, NOW)
    _draw_comparison(settings)  # it links to the models' pages, and the scope's page to it
    draw_missing(settings, NOW)
    return settings.root


def _draw_comparison(settings: Settings) -> None:
    """The page of the newest model against the first, on sixty decisions of `HOSTILE`."""
    random = np.random.default_rng(3)
    trades = dataset_of({"heat": [0.0] * 60}, pnl_pct=0.02 * random.normal(size=60))
    trades.symbol[:30] = [HOSTILE] * 30
    first, second = (
        Judged(
            dict.fromkeys(trades.trade_id, 0.4),
            dict(zip(trades.trade_id, random.integers(0, 2, 60).astype(float), strict=True)),
        )
        for _ in range(2)
    )
    found = side_by_side(
        trades, trades.realized_pnl_pct < 0, first, second, capital=0, resamples=100, seed=1
    )
    assert found
    write_compare_page(settings, found, MODELS[0], MODELS[2])


def _record(dataset: Dataset, score: np.ndarray, policies: dict[str, np.ndarray]) -> dict[str, Any]:
    bad = dataset.realized_pnl_pct < 0
    return msgspec.to_builtins(track_record(dataset, bad, score, policies))
