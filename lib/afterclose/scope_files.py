"""What the files of a scope are called, each once.

Names alone; docs/design.md, section 3, says what is in them. Where a scope lies is a setting
(`Settings.root`), and what a file holds is known to the module that writes it.
"""

from typing import Final

# In the scope's folder: trades and what is learned from.
LEDGER_FILE: Final = "trade_ledger.jsonl"
SHADOW_LEDGER_FILE: Final = "shadow_ledger.jsonl"
ROWS_FILE: Final = "ml_training_dataset.jsonl"
DATASET_FILE: Final = "ml_dataset_metadata.json"
REJECTS_FILE: Final = "ml_dataset_rejects.jsonl"

# Trading.
DECISIONS_FILE: Final = "ml_decisions.jsonl"
POSITIONS_FILE: Final = "paper_positions.json"
REPLAY_FILE: Final = "paper_replay.json"
SESSIONS_FILE: Final = "ml_sessions.json"
SWITCH_FILE: Final = "ml_switched_off.json"

# Nights, and what people look at.
JOURNAL_FILE: Final = "ml_runs.jsonl"
STATUS_FILE: Final = "ml_status.json"
MONITOR_FILE: Final = "ml_monitor.json"
METRICS_FILE: Final = "ml_metrics.prom"
INDEX_FILE: Final = "index.html"

# The machinery's own: one job at a time, and a cron that is alive.
LOCK_FILE: Final = ".lock"
HEARTBEAT_FILE: Final = ".cron_heartbeat"
CRON_LINES_FILE: Final = ".cron_lines.json"

# The folder of models and its registry.
MODELS_FOLDER: Final = "ml_models"
EVENTS_FILE: Final = "registry_events.jsonl"
POINTER_FILE: Final = "model_registry.json"

# In the folder of one model.
MODEL_FILE: Final = "model.joblib"
SCORECARD_FILE: Final = "scorecard.json"
METADATA_FILE: Final = "metadata.json"
EVALUATION_FILE: Final = "evaluation.json"
REPORT_FILE: Final = "report.html"
