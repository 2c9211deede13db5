"""What crash tests break: a scope with everything in it, the work done on it, a disk that kills.

The work runs in processes forked from a server that has imported everything and done nothing
(`multiprocessing`'s forkserver), so a case costs milliseconds, and a kill is a real SIGKILL:
no `finally`, no `except`, locks released by the kernel.
"""

import itertools  # noqa: TC003 - a NamedTuple evaluates its annotations
import json
import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from afterclose.config import load_settings
from afterclose.dataset import line_writer
from afterclose.dataset_builder import DatasetBuilder
from afterclose.disk import files
from afterclose.disk.disk_layer import DiskLayer
from afterclose.disk.seal import seal
from afterclose.learning.artifacts import ModelStore
from afterclose.ledger import TradeLedger
from afterclose.model_registry import ModelRegistry
from afterclose.operating.operations import PromotionRequest, promote, rollback
from afterclose.operating.verification import verify_scope
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.records import Bar, Outcome, Signal
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from builders import append_ledger, synthetic_records, write_ledger
from power_cut import PowerCut

NIGHT_1 = datetime(2026, 1, 26, 21, 45, tzinfo=UTC)
NIGHT_2 = NIGHT_1 + timedelta(days=1)
NIGHT_3 = NIGHT_1 + timedelta(days=2)
MORNING = datetime(2026, 1, 29, 14, tzinfo=UTC)
"""9:00 in New York before the session of Thursday, 29 January 2026."""

TRADES = 60
NEW_TRADES = 5
IMPORTED_TRADES = 20
CALM = {"trend": 1.5, "atr_pct": 0.012, "rsi": 50.0, "volume_ratio": 1.5}
"""Features that the first model finds harmless."""

WILD = {"trend": -2.5, "atr_pct": 0.045, "rsi": 50.0, "volume_ratio": 1.5}
"""Features that it blocks."""


def settings_of(logs: Path, **environ: str) -> Settings:
    """Settings over a volume, with few resamples: nothing here is about statistics."""
    return load_settings({"ML_BOOTSTRAP_RESAMPLES": "100"} | environ, logs_dir=logs)


def trades(count: int) -> list[dict[str, Any]]:
    """Closed records a day apart: so few that some must not overlap the held-out ones."""
    records = synthetic_records(count)
    for number, record in enumerate(records):
        for name in ("entry_timestamp", "exit_timestamp", "decision_timestamp"):
            moment = datetime.fromisoformat(record[name]) + timedelta(hours=23 * number)
            record[name] = moment.isoformat()
    return records


def full_scope(logs: Path) -> Settings:
    """A scope with every file there is: two models, one active, a paper book, all logs.

    Its ledger has `NEW_TRADES` trades that no cycle has seen yet, and a line that is no record.
    """
    from afterclose.operating.cycle import run_cycle

    settings = settings_of(logs)
    ledger = settings.root / "trade_ledger.jsonl"
    records = trades(TRADES + 2 * NEW_TRADES)
    write_ledger(ledger, [*records[:TRADES], "not a record"])
    first = run_cycle(settings, NIGHT_1).details["model_id"]
    promote(settings, NIGHT_1, PromotionRequest(first, "the first one", anyway=True))
    append_ledger(ledger, records[TRADES:-NEW_TRADES])
    run_cycle(settings, NIGHT_2)
    trade_a_day(settings, NIGHT_2 + timedelta(hours=17), "2026-01-28", lambda _: None)
    append_ledger(ledger, records[-NEW_TRADES:])
    replayed = seal(b'{"schema_version":1,"session":"2026-01-28"}')
    files.write_atomic(settings.root / "paper_replay.json", replayed + b"\n")
    return settings


def trade_a_day(
    settings: Settings, now: datetime, session: str, acknowledge: Callable[[str], None]
) -> None:
    """Load the filter before an open, enter four signals, let a close end what it ends."""
    ledger = TradeLedger(settings.ledger_paths[0])
    at = f"{session}T10:00:00-05:00"
    with RiskFilter.load(settings, now) as risk:
        executor = PaperTradingExecutor(settings, risk, ledger)
        for symbol, features in (("AAPL", CALM), ("MSFT", CALM), ("XOM", WILD), ("NVDA", CALM)):
            signal_ = Signal(
                symbol=symbol, timestamp=at, price=100.0, quantity=10.0, rule_confidence=0.6,
                features=features, stop_price=95.0, target_price=105.0,
            )  # fmt: skip
            executed, trade_id = executor.execute_signal(signal_)
            acknowledge(trade_id if executed and trade_id else "blocked")
        for symbol, high in (("AAPL", 106.0), ("XOM", 106.0), ("MSFT", 101.0)):
            executor.mark_to_market(
                Bar(symbol=symbol, timestamp=f"{session}T16:00:00-05:00", open=100.0, high=high,
                    low=99.0, close=100.5)
            )  # fmt: skip


def copy_of(scope: Settings, logs: Path) -> Settings:
    """The same scope in another volume."""
    shutil.copytree(scope.logs_dir, logs)
    return settings_of(logs)


# --- the work, by name, as a forked process finds it ------------------------------------------


def _cycle(settings: Settings, _: Callable[[str], None]) -> object:
    from afterclose.operating.cycle import run_cycle

    return run_cycle(settings, NIGHT_3)


def _promote(settings: Settings, _: Callable[[str], None]) -> object:
    return promote(
        settings, NIGHT_3, PromotionRequest(newest_model(settings), "better", anyway=True)
    )


def _rollback(settings: Settings, _: Callable[[str], None]) -> object:
    return rollback(settings, NIGHT_3, "worse")


def _day(settings: Settings, acknowledge: Callable[[str], None]) -> object:
    return trade_a_day(settings, MORNING, "2026-01-29", acknowledge)


def _repair(settings: Settings, _: Callable[[str], None]) -> object:
    return verify_scope(settings, NIGHT_3, repair=True)


def _long_build(settings: Settings, _: Callable[[str], None]) -> object:
    """As a ledger of gigabytes is built: its rows reach the disk in pieces."""
    line_writer.FLUSH_BYTES = 2000
    return DatasetBuilder.from_settings(settings).build(NIGHT_3)


def _import(settings: Settings, _: Callable[[str], None]) -> object:
    """A file of another system, with trades that have all features of the ledger's."""
    from afterclose.importing.ledger_import import import_file
    from afterclose.importing.request import Request

    names = list(CALM)
    rows = []
    for number in range(IMPORTED_TRADES):
        month = f"2025-0{1 + number % 9}"
        features = [f"{number / 100 + place}" for place in range(len(names))]
        rows.append(
            f"{number},SYM{number % 3},long,10,{month}-06T10:00,100,{month}-08T10:00,"
            f"{99 + number % 4}," + ",".join(features)
        )
    head = "trade_id,symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,"
    source = Path(settings.logs_dir) / "export.csv"
    source.write_text("\n".join([head + ",".join(names), *rows]) + "\n")
    return import_file(settings, NIGHT_3, Request(file=str(source), features=",".join(names)))


WORK: dict[str, Callable[[Settings, Callable[[str], None]], object]] = {
    "cycle": _cycle,
    "promote": _promote,
    "rollback": _rollback,
    "day": _day,
    "repair": _repair,
    "long build": _long_build,
    "import": _import,
}


def newest_model(settings: Settings) -> str:
    """The id of the newest model on disk."""
    return ModelStore(settings.model_dir).model_ids()[0]


class KillingDisk(DiskLayer):
    """Kills its process at disk call ``fatal``, a write when half of it is done; 0: never."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.calls = fatal, 0

    def _call(self, dying: Callable[[], object] = lambda: None) -> None:
        self.calls += 1
        if self.calls == self.fatal:
            dying()
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, descriptor: int, data: bytes) -> int:
        self._call(lambda: super(KillingDisk, self).write(descriptor, data[: len(data) // 2]))
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._call()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._call()
        super().replace(source, target)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        self._call()
        super().truncate(descriptor, length_bytes)

    def make_folder(self, path: Path) -> None:
        self._call()
        super().make_folder(path)

    def remove(self, path: Path) -> None:
        self._call()
        super().remove(path)


def work_in_a_process(name: str, logs: Path, fatal: int, diary: Path, lucky: float | None) -> None:
    """Do one piece of work and write to ``diary`` what was acknowledged, and its disk calls."""
    disk = KillingDisk(fatal) if lucky is None else PowerCut(fatal, logs, lucky=lucky)
    files.LAYER = disk
    with diary.open("w", buffering=1) as lines:
        WORK[name](settings_of(logs), lambda words: lines.write(f"{words}\n") and None)
        lines.write(f"{disk.calls} calls\n")


def cycle_in_a_process(settings: Settings, now: datetime, fatal: int) -> None:
    """The nightly cycle on a disk that kills its process at call ``fatal``."""
    from afterclose.operating.cycle import run_cycle

    files.LAYER = KillingDisk(fatal)
    run_cycle(settings, now)


def obey_file_modes() -> None:
    """Root gives up writing where the modes forbid it; for other users nothing changes.

    It stays root, and so can read the code in a folder that only root may enter, where another
    user could not.
    """
    if os.getuid() != 0:
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    this_process = (ctypes.c_uint32 * 2)(0x20080522, 0)  # capabilities of the third version
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: low words, then high
    failed = libc.capget(this_process, rights)
    for low_word in range(3):
        rights[low_word] &= ~(1 << 1)  # CAP_DAC_OVERRIDE
    if failed or libc.capset(this_process, rights):
        raise OSError(ctypes.get_errno(), "root cannot give up writing everywhere")


def job_in_a_process(name: str, arguments: list[str], result: Path, *, obeying_modes: bool) -> None:
    """Run one job through its runner and write down its exit code and its result."""
    import contextlib
    import importlib
    import io

    from afterclose.runner import run_job

    job = importlib.import_module(f"jobs.{name}")
    out = io.StringIO()
    told = result.open("w")
    if obeying_modes:
        obey_file_modes()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run_job(job.run, job.parser(), [*arguments, "--json"])
    with told:
        json.dump({"code": code, "result": json.loads(out.getvalue())}, told)


class Processes:
    """Starts work in processes that share nothing with this one but the disk."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        here = Path(__file__).parent
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(here), str(here.parent), os.environ.get("PYTHONPATH", "")]
        )
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        self._context.set_forkserver_preload(["breaking", "filelock", "afterclose.ml_orchestrator"])

    def start(
        self,
        name: str,
        settings: Settings,
        diary: Path,
        fatal: int = 0,
        lucky: float | None = None,
    ) -> multiprocessing.process.BaseProcess:
        """Start a piece of `WORK`; it dies at disk call ``fatal``: a `PowerCut` where ``lucky``."""
        process = self._context.Process(
            target=work_in_a_process, args=(name, Path(settings.logs_dir), fatal, diary, lucky)
        )
        process.start()
        return process

    def cycle(self, settings: Settings, now: datetime, fatal: int) -> None:
        """Run the cycle of a moment in a process that dies at disk call ``fatal``, if it comes."""
        process = self._context.Process(target=cycle_in_a_process, args=(settings, now, fatal))
        process.start()
        process.join()

    def start_job(
        self,
        name: str,
        settings: Settings,
        result: Path,
        *arguments: str,
        obeying_modes: bool = False,
    ) -> multiprocessing.process.BaseProcess:
        """Start a job as its command line would."""
        options = ["--logs-dir", settings.logs_dir, *arguments]
        process = self._context.Process(
            target=job_in_a_process,
            args=(name, options, result),
            kwargs={"obeying_modes": obeying_modes},
        )
        process.start()
        return process

    def calls_of(self, name: str, settings: Settings, diary: Path) -> int:
        """How many disk calls a piece of work makes when nothing kills it."""
        process = self.start(name, settings, diary)
        process.join()
        assert process.exitcode == 0
        return int(diary.read_text().splitlines()[-1].split()[0])


def spread(total: int, wanted: int, seed: int = 7) -> list[int]:
    """``wanted`` of the numbers 1 to ``total``, spread evenly with a random start; or all."""
    if wanted >= total:
        return list(range(1, total + 1))
    step = total / wanted
    start = random.Random(seed).uniform(0, step)  # noqa: S311 - a repeatable choice
    return sorted({1 + int(start + step * number) for number in range(wanted)})


class Lab(NamedTuple):
    """Where things are broken: copies of a scope with every file in it, and processes.

    ``tally(what, times)`` is called once nothing was found lost: a line of the table.
    ``note(words)`` is a line below it.
    """

    template: Settings
    processes: Processes
    folder: Path
    full: bool
    tally: Callable[..., None]
    note: Callable[[str], None]
    numbers: "itertools.count[int]"

    def scope(self) -> Settings:
        """A new copy of the scope."""
        return copy_of(self.template, self.folder / f"scope-{next(self.numbers)}")

    def some(self, total: int, in_short: int) -> list[int]:
        """The numbers 1 to ``total``; in a short run ``in_short`` of them."""
        return spread(total, total if self.full else in_short)

    def often(self, in_full: int, in_short: int) -> int:
        """How often to do something."""
        return in_full if self.full else in_short

    @property
    def diary(self) -> Path:
        """Where a process writes what it has done."""
        return self.folder / "diary"


# --- what must hold afterwards ---------------------------------------------------------------


def rows_by_trade(settings: Settings) -> dict[str, int]:
    """How many rows of the dataset each trade has."""
    counts: dict[str, int] = {}
    for trade_id in DatasetBuilder.from_settings(settings).load().trade_id:
        counts[trade_id] = counts.get(trade_id, 0) + 1
    return counts


def closed_in_ledgers(settings: Settings) -> dict[str, int]:
    """How many closed records each trade has in the scope's ledgers."""
    counts: dict[str, int] = {}
    for path in (*settings.ledger_paths, settings.shadow_ledger_path):
        for trade in TradeLedger(path):
            if trade.exit_timestamp:
                counts[trade.trade_id] = counts.get(trade.trade_id, 0) + 1
    return counts


def risk_of(settings: Settings, model_id: str) -> tuple[float, float]:
    """What a model says of `CALM` and `WILD`, loaded by the digests of the registry."""
    artifacts = ModelRegistry.from_settings(settings).view().state.models[model_id]
    scorer = ModelStore(settings.model_dir).load_scorer(
        model_id, artifacts.registered.artifacts, max_abs_z=settings.ood_max_z
    )
    return scorer.predict_risk(CALM), scorer.predict_risk(WILD)


def readers_work(settings: Settings) -> str | None:
    """Ask everything that only reads; return the active model's id."""
    from afterclose.nightly.operator_view import show_candidates, show_status

    registry = ModelRegistry.from_settings(settings)
    assert registry.view().broken is None
    for outcome in (
        show_status(settings, NIGHT_3),
        show_status(settings, NIGHT_3, health=True),
        show_candidates(settings, NIGHT_3),
        verify_scope(settings, NIGHT_3),
    ):
        assert isinstance(outcome, Outcome)
    list(TradeLedger(settings.ledger_paths[0]))
    active = registry.get_active_model()
    if active:
        risk_of(settings, active)
    return active
