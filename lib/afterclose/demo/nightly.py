"""Thirteen years in a minute: the whole product at work on real prices, with gates and without.

The rule's trades are lived through as a study does it (`afterclose.study.lived`): after each
quarter's last session the nightly cycle runs as cron would run it, on what has ended by then. One
account promotes what every gate lets. Another, on the same candidates, promotes what had the
better expectancy, as people do who watch one figure. What came of both is printed as it is: the
rule is an ordinary one, with round numbers chosen for a sane number of trades.

The newest candidate is left to the person, with the line to copy.
"""

from typing import Any, Final

from msgspec import to_builtins
from msgspec.structs import replace

from afterclose.dataset_builder import DatasetBuilder
from afterclose.demo.folder import renew
from afterclose.demo.last_screen import worth_text
from afterclose.evaluating.figures import GateOptions
from afterclose.gating.stored import read_evaluation
from afterclose.learning.artifacts import ModelStore
from afterclose.learning.blocking import blocking_of
from afterclose.model_registry import ModelRegistry
from afterclose.progress import showing_progress
from afterclose.records import Outcome
from afterclose.settings import Settings
from afterclose.study.books import Book
from afterclose.study.demo_prices import load_demo_bars
from afterclose.study.lived import LivedHistory
from afterclose.study.nights import nights_between
from afterclose.study.promotion_rules import NAIVE, every_gate
from afterclose.study.sources import COSTS_BPS, DEMO_NAME, Source, bars_source
from afterclose.study.worth import worths_of
from afterclose.wording.cycle import promote_command

LOGS_DIR: Final = "demo_logs"

KEPT_MODELS: Final = 12
"""Three years of quarters: enough to look at."""


def run_demo(settings: Settings, logs_dir: str | None = None, *, quiet: bool = False) -> Outcome:
    """Replay 2000 to 2013 in the folder ``logs_dir`` and say what came out.

    ``settings`` are the user's, but for the scope and the costs. Raises InputError when the
    prices are not installed or the folder is not the demo's.
    """
    settings = _demo_settings(settings, logs_dir or LOGS_DIR)
    source = bars_source(settings, load_demo_bars(), DEMO_NAME)
    for scope in (settings.env, NAIVE.scope):
        renew(replace(settings, env=scope))
    nights = nights_between(settings, source.first, source.last, "quarter")
    books = [Book(every_gate(GateOptions.from_settings(settings)), settings, log=True)]
    books.append(Book(NAIVE, settings))
    with showing_progress("2000 to 2013", len(nights), quiet=quiet) as progress:
        lived = LivedHistory(settings, source.trades, books, progress)
        lived.live_through(nights)
    return _outcome(settings, source, lived)


def _demo_settings(settings: Settings, logs_dir: str) -> Settings:
    return replace(
        settings,
        logs_dir=logs_dir,
        market="us",
        env="paper",
        calendar="",
        calendar_overrides="",
        ledger_file="",
        bars_file="",
        shadow_blocked=True,
        auto_promote=False,
        fees_bps=COSTS_BPS,
        slippage_bps=COSTS_BPS,
        keep_models=KEPT_MODELS,
    )


def _outcome(settings: Settings, source: Source, lived: LivedHistory) -> Outcome:
    worths = worths_of(DatasetBuilder.from_settings(settings).load(), lived.books, settings)
    cycle = lived.last_cycle
    newest = max(ModelRegistry.from_settings(settings).list_candidates(), default=None)
    advice, command = _offer(settings, newest)
    details: dict[str, Any] = {
        "trades": len(source.trades),
        "candidates": lived.candidates,
        "promotions": {book.rule.scope: len(book.promotions) for book in lived.books},
        "worth": to_builtins(worths),
        "newest_candidate": newest,
        "last_cycle": cycle.details if cycle else {},
    }
    sections = [cycle.text] if cycle else []
    gates, naive = (len(book.promotions) for book in lived.books)
    return Outcome(
        job="demo",
        status="done",
        reason=f"{gates} promotions with the gates, {naive} without, in {lived.cycles} cycles",
        details=details,
        text="\n\n".join([*sections, worth_text(worths, advice, command)]),
    )


def _offer(settings: Settings, newest: str | None) -> tuple[str, str]:
    """Where the newest candidate blocks and what the gates say, and the line that promotes it."""
    if newest is None:
        return "", ""
    evaluation = read_evaluation(settings.model_dir / newest)
    answer, command = evaluation.gates, promote_command(newest, settings)
    metrics = ModelStore(settings.model_dir).read_metadata(newest)["metrics"]
    blocks = f"threshold {blocking_of(metrics, settings.risk_threshold).column()}"
    if answer is None or answer.passed:
        return f"{blocks}; every gate lets it", command
    refusing = f"{len(answer.refusing)} of {len(answer.gates)} gates refuse it"
    return f"{blocks}; {refusing}", f"{command} ANYWAY=1"
