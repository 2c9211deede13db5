"""A training in words: the block that `train` prints, from the metrics alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from afterclose.learning.blocking import blocking_of
from afterclose.numerals import number, percent
from afterclose.wording.tables import section

TOP_FEATURES: Final = 5
LOG_ODDS: Final = "log-odds of a bad trade"
R_LOST: Final = "R lost"


def training_text(metrics: Mapping[str, Any]) -> str:
    """The sectioned text for ``metrics`` as `OfflineTrainer.train` returns them."""
    skipped = metrics["status"] == "skipped"
    body = [f"SKIPPED: {metrics['reason']}"] if skipped else list(_trained(metrics))
    return section("OFFLINE MODEL TRAINING", body)


def _trained(metrics: Mapping[str, Any]) -> Iterator[str]:
    unit = "" if metrics["mae_unit"] == "fraction" else " ATR"
    regularisation_c = metrics["regularisation_c"]
    regularisation = "" if regularisation_c is None else f" (C = {regularisation_c:g})"
    if metrics.get("ridge_alpha") is not None:
        regularisation = f" (ridge, alpha = {metrics['ridge_alpha']:g})"
    yield f"Trades: {metrics['n_rows']} (dataset {metrics['dataset_version']})"
    if backtests := metrics.get("n_backtest"):
        real = metrics["n_rows"] - backtests
        yield f"Of these {backtests} are backtests, to learn from; {real} are real"
    yield (
        f"Bad trades: {percent(metrics['bad_share'])} "
        f"(loss, or abs(MAE) > {metrics['mae_threshold']:g}{unit})"
    )
    yield f"Features: {len(metrics['features'])}"
    if metrics["n_without_atr"]:
        yield f"Without atr_pct: {metrics['n_without_atr']} trades, {_effect(metrics)}"
    if metrics.get("target") == "r":
        yield "Target: R, the PnL over twice the ATR; a risk score is a rank, not a probability"
    yield f"Model: {metrics['model']}{regularisation}"
    if metrics["sample_weights"] != "none":
        yield f"Sample weights: {metrics['sample_weights']}"
    yield f"Threshold: {blocking_of(metrics, metrics['risk_threshold']).words()}"
    if metrics["n_unseen"] is not None:
        yield _chosen(metrics)
    yield (
        f"Train: {metrics['n_train']} trades | Test: {metrics['n_test']} newest trades | "
        f"Purged between: {metrics['n_purged']}"
    )
    yield (
        f"Train accuracy: {percent(metrics['train_accuracy'])} | "
        f"Test accuracy: {percent(metrics['test_accuracy'])} | "
        f"Baseline: {percent(metrics['baseline_accuracy'])}"
    )
    yield (
        f"Train AUC: {number(metrics['train_auc'], 3)} | "
        f"Test AUC: {number(metrics['test_auc'], 3)} | "
        f"Test Brier: {number(metrics['brier'], 3)}"
    )
    if metrics["coefficients"]:
        unit = R_LOST if metrics.get("target") == "r" else LOG_ODDS
        yield f"Top features by coefficient ({unit} per standard deviation):"
        yield from _top(metrics["coefficients"])
    for name, fault in metrics["dropped_features"].items():
        yield f"Dropped: {name} ({fault})"
    yield f"New model: {metrics['model_id']}"


def _effect(metrics: Mapping[str, Any]) -> str:
    return "not learned from" if metrics.get("target") == "r" else "bad only when they lost"


def _chosen(metrics: Mapping[str, Any]) -> str:
    """The curves, and how many trades they and the threshold were chosen on."""
    curves = ", ".join(metrics["calibration"].values())
    return f"Calibration: {curves} | Chosen on: {metrics['n_unseen']} trades not trained on"


def _top(coefficients: Mapping[str, float]) -> Iterator[str]:
    ranked = sorted(coefficients.items(), key=lambda item: (-abs(item[1]), item[0]))
    width = max(len(name) for name, _ in ranked[:TOP_FEATURES])
    for name, coefficient in ranked[:TOP_FEATURES]:
        yield f"  {name:<{width}}  {coefficient:+.4f}"
