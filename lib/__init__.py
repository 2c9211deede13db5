"""afterclose: an offline machine-learning risk filter for rule-based swing trading.

Imports in this package point downward only (`tests/architecture` holds it):

4 edge        jobs/*, runner, config, cron_runner
3 use cases   ml_orchestrator, dataset_builder, offline_trainer, offline_evaluator,
              model_registry, risk_filter, paper_trading_executor, replay, study, report
2 disk, time  files, scope_lock, ledger, clock, market_clock, artifacts, event_log, journal
1 pure        labels, features, splits, metrics, statistics, models, scorecard, sizing, ...
0 vocabulary  errors, records, settings
"""

__version__ = "0.1.0"

import sys
from typing import Any

if "typing_extensions" not in sys.modules:
    # msgspec takes one name from typing_extensions where that is installed and from typing
    # where it is not. The first costs 8 ms, a sixth of a whole cron tick, so it is hidden
    # from msgspec's import alone.
    modules: dict[str, Any] = sys.modules
    modules["typing_extensions"] = None
    try:
        import msgspec as _msgspec  # noqa: F401 - imported for its effect
    finally:
        del modules["typing_extensions"]
    del modules
