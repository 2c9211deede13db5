"""afterclose: an offline machine-learning risk filter for rule-based swing trading.

Whoever trades needs one line, `from afterclose import RiskFilter, load_settings`; what stands
in `__all__` is the public face, and importing it loads only what is asked for. The calls that
users know stand at the top: `dataset_builder`, `offline_trainer`, `offline_evaluator`,
`model_registry`, `ml_orchestrator`, `risk_filter`, `paper_trading_executor`, `ledger`, `config`.

What they are made of, from the ground up: each imports only from what stands above it here
(`tests/architecture/test_floors.py` reads this map), so a trade goes down this page once.

    errors arrays records scope_files numerals settings   the vocabulary: types, names, words
    clock log_lines config progress parallel    wall clock, log lines, environment, terminal, cores
    disk                  whole files, appended lines, locks, seals: the only way to the disk
    cron                  the container's cron: crontab lines, next runs, the runner
    measures              what trades earned and risked; how well scores part them
    trades ledger         one trade: its record, parsed; the file of all of them
    dataset               ledger lines to the append-only dataset
    learning              dataset to a frozen model in plain numbers
    evaluating            what a model is worth on trades it never saw
    market                when the market trades: sessions, calendars, the embargo
    dataset_builder       dataset and ledgers of one scope
    registry model_registry          which models there are and which is active
    offline_trainer       trains and publishes
    gating offline_evaluator         whether a candidate may become active by itself
    trading paper_trading_executor risk_filter   what runs while the market is open
    wording               numbers, sections and sentences for people
    monitoring            verdicts in use: counted, joined with outcomes, watched by four alarms
    nightly               the work after the close: due, steps, journal, status
    features              what daily bars tell, without prices, for importer and bot alike
    history               bars, signals, and trading days replayed
    importing             trades of other systems
    report                the pages
    ml_orchestrator operating        what a person or cron asks of a scope
    fleet                 all scopes of a volume in one run
    courier               pings and messages: the one part with a network
    backup                copies of scopes elsewhere, and back
    study demo            whole histories, and real prices, through all of it
    testing               for the tests of a bot: filters with one answer, a frozen clock
    adapters              the filter inside the bots of others; each is imported only on demand
    console runner cli    the edge: options, printing, exit codes
"""

import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

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

if TYPE_CHECKING:
    from afterclose.config import load_settings as load_settings
    from afterclose.dataset_builder import DatasetBuilder as DatasetBuilder
    from afterclose.errors import AftercloseError as AftercloseError
    from afterclose.ledger import TradeLedger as TradeLedger
    from afterclose.ml_orchestrator import OfflineMLOrchestrator as OfflineMLOrchestrator
    from afterclose.model_registry import ModelRegistry as ModelRegistry
    from afterclose.offline_evaluator import OfflineEvaluator as OfflineEvaluator
    from afterclose.offline_trainer import OfflineTrainer as OfflineTrainer
    from afterclose.paper_trading_executor import PaperTradingExecutor as PaperTradingExecutor
    from afterclose.records import Bar as Bar
    from afterclose.records import Decision as Decision
    from afterclose.records import Signal as Signal
    from afterclose.records import Subject as Subject
    from afterclose.records import Trade as Trade
    from afterclose.risk_filter import RiskFilter as RiskFilter
    from afterclose.settings import Settings as Settings

_HOME = {
    "AftercloseError": "errors",
    "Bar": "records",
    "DatasetBuilder": "dataset_builder",
    "Decision": "records",
    "ModelRegistry": "model_registry",
    "OfflineEvaluator": "offline_evaluator",
    "OfflineMLOrchestrator": "ml_orchestrator",
    "OfflineTrainer": "offline_trainer",
    "PaperTradingExecutor": "paper_trading_executor",
    "RiskFilter": "risk_filter",
    "Settings": "settings",
    "Signal": "records",
    "Subject": "records",
    "Trade": "records",
    "TradeLedger": "ledger",
    "load_settings": "config",
}
"""Public name to the module that has it; imported when it is first asked for."""

__all__ = sorted(_HOME)  # noqa: PLE0605 - sorted gives a list


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'afterclose' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"afterclose.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
