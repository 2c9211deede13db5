"""What a person reads after a training, word for word."""

from typing import Any

from afterclose.wording.training import training_text

RULE = "=" * 80

METRICS: dict[str, Any] = {
    "status": "trained",
    "reason": "",
    "model_id": "20260127_153000",
    "model": "logistic",
    "dataset_version": "v00000245-0123456789ab",
    "n_rows": 245,
    "n_train": 190,
    "n_test": 49,
    "n_purged": 6,
    "bad_share": 0.314,
    "train_accuracy": 0.72,
    "test_accuracy": 0.653,
    "baseline_accuracy": 0.612,
    "train_auc": 0.7811,
    "test_auc": 0.6904,
    "brier": 0.2104,
    "features": ["atr_pct", "rsi", "trend"],
    "dropped_features": {"flat": "constant"},
    "coefficients": {"atr_pct": 0.25, "rsi": -0.01, "trend": -0.61},
    "regularisation_c": 0.1,
    "mae_threshold": 0.03,
    "mae_unit": "fraction",
    "n_without_atr": None,
    "risk_threshold": 0.5,
    "threshold": 0.5,
    "threshold_mode": "fixed",
    "n_unseen": None,
    "calibration": {"logistic": "none"},
    "sample_weights": "none",
}


def test_a_trained_model_shows_its_data_split_scores_and_strongest_features() -> None:
    assert training_text(METRICS).splitlines() == [
        RULE,
        "OFFLINE MODEL TRAINING",
        RULE,
        "Trades: 245 (dataset v00000245-0123456789ab)",
        "Bad trades: 31.4 % (loss, or abs(MAE) > 0.03)",
        "Features: 3",
        "Model: logistic (C = 0.1)",
        "Threshold: 0.500 (fixed, ML_RISK_THRESHOLD)",
        "Train: 190 trades | Test: 49 newest trades | Purged between: 6",
        "Train accuracy: 72.0 % | Test accuracy: 65.3 % | Baseline: 61.2 %",
        "Train AUC: 0.781 | Test AUC: 0.690 | Test Brier: 0.210",
        "Top features by coefficient (log-odds of a bad trade per standard deviation):",
        "  trend    -0.6100",
        "  atr_pct  +0.2500",
        "  rsi      -0.0100",
        "Dropped: flat (constant)",
        "New model: 20260127_153000",
    ]


def test_a_skipped_training_shows_its_reason() -> None:
    reason = "Dataset too small (5 rows). Need >= 20 for training."
    text = f"{RULE}\nOFFLINE MODEL TRAINING\n{RULE}\nSKIPPED: {reason}"
    assert training_text({"status": "skipped", "reason": reason}) == text


def test_five_features_are_shown_of_many() -> None:
    coefficients = {f"f{number}": number / 10 for number in range(1, 9)}
    lines = training_text(METRICS | {"coefficients": coefficients}).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [
        "f8", "f7", "f6", "f5", "f4",
    ]  # fmt: skip


def test_what_is_undefined_is_a_dash_and_trees_have_no_coefficients() -> None:
    changes = {"test_auc": None, "coefficients": {}, "regularisation_c": None, "model": "trees"}
    text = training_text(METRICS | changes | {"mae_unit": "atr", "mae_threshold": 2.0})
    assert "Test AUC: - | Test Brier: 0.210" in text
    assert "Top features" not in text
    assert "Model: trees\n" in text
    assert "abs(MAE) > 2 ATR)" in text


def test_what_was_chosen_is_shown_with_the_trades_it_was_chosen_on() -> None:
    curves = {"logistic": "sigmoid", "hist_gradient_boosting": "isotonic"}
    chosen = {"threshold": 0.2576, "threshold_mode": "tuned", "calibration": curves}
    lines = training_text(METRICS | chosen | {"n_unseen": 1240}).splitlines()
    assert lines[7:9] == [
        "Threshold: 0.258 (tuned, what paid in training)",
        "Calibration: sigmoid, isotonic | Chosen on: 1240 trades not trained on",
    ]


def test_weights_and_trades_without_an_atr_are_shown() -> None:
    atr = {"mae_unit": "atr", "n_without_atr": 12, "sample_weights": "both"}
    lines = training_text(METRICS | atr).splitlines()
    assert "Without atr_pct: 12 trades, bad only when they lost" in lines
    assert "Sample weights: both" in lines


def test_a_model_of_r_counts_in_r_and_says_that_a_score_is_a_rank() -> None:
    changes = {"target": "r", "regularisation_c": None, "ridge_alpha": 100.0, "n_without_atr": 3}
    lines = training_text(METRICS | changes | {"brier": None}).splitlines()
    assert (
        "Target: R, the PnL over twice the ATR; a risk score is a rank, not a probability" in lines
    )
    assert "Model: logistic (ridge, alpha = 100)" in lines
    assert "Top features by coefficient (R lost per standard deviation):" in lines
    assert "Without atr_pct: 3 trades, not learned from" in lines
