"""The due scopes spread over processes of this machine, or over a Dask cluster.

Work that a dead worker took with it is handed out again: a scope's own lock and journal make
that harmless, because a session that was finished is not due a second time, and one that was
not goes on from its files. The journal counts a killed run as an attempt, so a scope that kills
its workers is not due any more after three, and named.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from afterclose.errors import ConfigError
from afterclose.fleet.scope_run import WATCHDOG_FACTOR
from afterclose.records import ScopeResult
from afterclose.settings import Settings

MOST_FRUITLESS_POOLS: Final = 10
"""Pools that may die one after the other before any scope has ended in them."""

IDLE_S: Final = 60
"""After which a worker without work ends."""

RunScope = Callable[[Settings], ScopeResult]


def on_processes(run: RunScope, due: Sequence[Settings], n_jobs: int) -> Iterator[ScopeResult]:
    """``run`` of each scope on ``n_jobs`` processes, in the order in which they end."""
    from concurrent.futures import BrokenExecutor, as_completed

    from joblib.externals.loky import get_reusable_executor

    left = {_name(settings): settings for settings in due}
    fruitless = 0
    while left and fruitless < MOST_FRUITLESS_POOLS:
        fruitless += 1
        executor = get_reusable_executor(max_workers=n_jobs, timeout=IDLE_S)
        futures = {executor.submit(run, settings): name for name, settings in left.items()}
        for future in as_completed(futures):
            try:
                result = future.result()
            except (BrokenExecutor, OSError):  # of a pool that lost one worker, all say so
                continue
            del left[futures[future]]
            fruitless = 0
            yield result
        # Whatever was with a worker that died waits its turn again: were it first once more, a
        # machine that kills whoever starts would take all of one scope's attempts.
        for name in list(left)[: 2 * n_jobs]:
            left[name] = left.pop(name)
    for name in left:
        words = f"{fruitless} pools of workers died in a row; run `make cycle` there by hand"
        yield _trouble(name, words)


def on_dask(
    run: RunScope, due: Sequence[Settings], scheduler: str, limit_s: float, security: Any = None
) -> Iterator[ScopeResult]:
    """``run`` of each scope on a Dask cluster, in the order in which they end.

    ``scheduler`` is its address, empty for one in this process. A scope that has not answered
    when every worker must have (its time limit, times its place in the queue) is named. Raises
    ConfigError when Dask is not installed or no scheduler answers.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        problem = "Dask is not installed; pip install 'afterclose[dask]'"
        raise ConfigError("ML_JOBLIB_BACKEND", "dask", problem) from None
    local: dict[str, Any] = {"processes": False, "n_workers": 1, "dashboard_address": None}
    where: dict[str, Any] = {"address": scheduler, "timeout": 10} if scheduler else local
    try:
        client = distributed.Client(**where, **({"security": security} if security else {}))
    except (OSError, ValueError) as error:
        problem = f"no scheduler answers there: {error}"
        raise ConfigError("ML_DASK_SCHEDULER", scheduler, problem) from error
    with client:
        yield from _collected(client, distributed, run, due, limit_s)


def _collected(
    client: Any, distributed: Any, run: RunScope, due: Sequence[Settings], limit_s: float
) -> Iterator[ScopeResult]:
    threads = max(1, sum(client.nthreads().values()))
    rounds = -(-len(due) // threads)
    waits_s = limit_s * WATCHDOG_FACTOR * rounds + 30
    futures = {
        client.submit(run, settings, key=f"afterclose-{_name(settings)}", pure=False): _name(
            settings
        )
        for settings in due
    }
    try:
        for future in distributed.as_completed(futures, timeout=waits_s):
            name = futures.pop(future)
            if future.status == "finished":
                yield future.result()
            else:
                yield _trouble(name, f"the cluster lost it: {future.exception()}")
    except (TimeoutError, OSError, distributed.client.FutureCancelledError) as error:
        for name in futures.values():
            words = f"no answer from the cluster: {type(error).__name__}; run the fleet again"
            yield _trouble(name, words)


def _trouble(name: str, reason: str) -> ScopeResult:
    return ScopeResult(
        scope=name, session=None, status="failed", reason=reason, exit_code=1, seconds=0.0
    )


def _name(settings: Settings) -> str:
    return f"{settings.market}/{settings.env}"
