"""The due scopes spread over processes of this machine.

Work that a dead worker took with it is handed out again: a scope's own lock and journal make
that harmless, because a session that was finished is not due a second time, and one that was
not goes on from its files. The journal counts a killed run as an attempt, so a scope that kills
its workers is not due any more after three, and named.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from afterclose.fleet.scope_run import scope_name, trouble
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

    left = {scope_name(settings): settings for settings in due}
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
    for settings in left.values():
        words = f"{fruitless} pools of workers died in a row; run `make cycle` there by hand"
        yield trouble(settings, words)
