"""afterclose: an offline machine-learning risk filter for rule-based swing trading.

The calls that users know stand at the top: `dataset_builder`, `offline_trainer`,
`offline_evaluator`, `model_registry`, `ml_orchestrator`, `risk_filter`,
`paper_trading_executor`, `ledger`, `config`. What they are made of, by subject:

market      when the market trades
dataset     ledger lines to the append-only dataset
learning    dataset to a frozen model in plain numbers
evaluating  what a model is worth on trades it never saw
gating      whether a candidate may become active by itself
registry    which models there are and which is active
trading     what runs while the market is open
nightly     the work after the close: due, journal, status, cron
report      the review pages
demo, study real prices through all of it

Imports point downward only, from floor to floor (`tests/architecture` holds which module
stands where): 4 edge (settings, options, exit codes), 3 use cases, 2 disk and time, 1 pure
(arrays and values), 0 vocabulary (errors, records, settings).
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
