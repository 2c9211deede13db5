"""The due scopes on a Dask cluster: one scope a worker at a time, handed out by hand.

Dask would take all scopes at once and queue them on its workers. A scope that hangs would then
take those behind it along, and nobody could tell since when it runs. Handed out one by one, each
has its own deadline; a worker whose scope does not end is ended itself, and gets no other.

A thread of a worker hears no signals, so unlike on a process pool nothing inside interrupts it.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import msgspec

from afterclose.clock import monotonic_s
from afterclose.fleet.scope_run import scope_name, trouble
from afterclose.parallel import dask_client
from afterclose.records import ScopeResult
from afterclose.settings import Settings

LOOK_S: Final = 0.5
"""How often the workers are counted while no scope ends."""

GRACE_S: Final = 5.0
"""What an answer may take beyond a scope's time limit."""

HEARD_S: Final = 10.0
"""What a worker may take to hear that it is to end, once all scopes have an answer."""

NO_WORKER_S: Final = 60.0
"""How long a cluster may be without any worker that answers."""

MOST_DEATHS: Final = 3
"""Workers that may die over one scope, as many as its journal allows attempts."""

RunScope = Callable[[Settings], ScopeResult]


class _Errand(msgspec.Struct, frozen=True):
    """A scope that a worker has, and when its answer is overdue (monotonic seconds)."""

    scope: Settings
    worker: str
    due_s: float


def on_dask(
    run: RunScope, due: Sequence[Settings], scheduler: str, n_jobs: int, limit_s: float
) -> Iterator[ScopeResult]:
    """``run`` of each scope on a Dask cluster, in the order in which they end.

    ``scheduler`` is its address (`tls://host:8786` with the certificates of Dask's own
    configuration), empty for ``n_jobs`` worker processes of this machine. A scope without an
    answer ``limit_s`` seconds after it was handed out is named. Raises ConfigError when Dask is
    not installed or no scheduler answers.
    """
    own = {"n_workers": n_jobs, "threads_per_worker": 1, "processes": True}
    with dask_client(scheduler, **own) as client:
        yield from _Cluster(client, run, due, limit_s).results()


class _Cluster:
    """Who has which scope, and what is to be done when nobody answers."""

    def __init__(self, client: Any, run: RunScope, due: Sequence[Settings], limit_s: float) -> None:
        self._client, self._run, self._limit_s = client, run, limit_s
        self._waiting = deque(due)
        self._out: dict[Any, _Errand] = {}
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._given_up: set[str] = set()
        self._deaths: Counter[str] = Counter()
        self._ending: list[Thread] = []
        self._worker_seen_s = monotonic_s()

    def results(self) -> Iterator[ScopeResult]:
        """The results as they come; when the scheduler is gone, a name for each that is left."""
        gone = (OSError, TimeoutError, RuntimeError, import_module("distributed").CancelledError)
        try:
            while self._waiting or self._out:
                workers = set(self._client.nthreads()) - self._given_up
                yield from self._without_workers(workers)
                self._hand_out(workers)
                yield from self._answers()
                yield from self._overdue()
                yield from self._lost(workers)
        except gone as error:
            words = f"the scheduler does not answer ({type(error).__name__}); run the fleet again"
            yield from self._all_left(words)
        for said in self._ending:  # a client that is closed says nothing more
            said.join(HEARD_S)

    def _hand_out(self, workers: set[str]) -> None:
        for worker in sorted(workers - {errand.worker for errand in self._out.values()}):
            if not self._waiting:
                return
            scope = self._waiting.popleft()
            future = self._client.submit(self._run, scope, workers=[worker], pure=False)
            self._out[future] = _Errand(scope, worker, monotonic_s() + self._limit_s + GRACE_S)
            future.add_done_callback(self._ended.put)

    def _answers(self) -> Iterator[ScopeResult]:
        try:
            ended = [self._ended.get(timeout=LOOK_S)]
        except Empty:
            return
        while not self._ended.empty():
            ended.append(self._ended.get())
        for future in ended:
            errand = self._out.get(future)
            if errand is None:  # it was given up before
                continue
            if future.status in {"cancelled", "lost"}:
                raise ConnectionError("its work was cancelled")
            del self._out[future]
            if future.status == "error":
                yield trouble(errand.scope, f"the worker said: {future.exception()}")
                continue
            try:
                yield future.result(timeout=GRACE_S)
            except TimeoutError:  # its worker died with the answer; the journal has what was done
                yield from self._elsewhere(future, errand)

    def _overdue(self) -> Iterator[ScopeResult]:
        for future, errand in list(self._out.items()):
            if monotonic_s() < errand.due_s:
                continue
            del self._out[future]
            future.cancel(force=True)
            self._given_up.add(errand.worker)
            self._end(errand.worker)
            yield trouble(
                errand.scope,
                f"no answer within its time limit of {self._limit_s:g} s; its worker "
                f"{errand.worker} was ended. Look at what it waits for, or give it longer: "
                "--time-limit-s",
            )

    def _end(self, worker: str) -> None:
        """End a worker's process; one that does not even hear it is left alone."""
        run = partial(self._client.run, end_process, workers=[worker], on_error="ignore")
        said = Thread(target=run, kwargs={"wait": False}, daemon=True)
        said.start()
        self._ending.append(said)

    def _lost(self, workers: set[str]) -> Iterator[ScopeResult]:
        """Scopes whose worker is gone wait for another one, but not for ever."""
        for future, errand in list(self._out.items()):
            if errand.worker in workers:
                continue
            del self._out[future]
            yield from self._elsewhere(future, errand)

    def _elsewhere(self, future: Any, errand: _Errand) -> Iterator[ScopeResult]:
        """Let a scope whose worker died wait for another one, up to `MOST_DEATHS` times."""
        future.cancel(force=True)
        name = scope_name(errand.scope)
        self._deaths[name] += 1
        if self._deaths[name] < MOST_DEATHS:
            self._waiting.append(errand.scope)
        else:
            words = f"{MOST_DEATHS} workers died over it; run `make cycle` there by hand"
            yield trouble(errand.scope, words)

    def _without_workers(self, workers: set[str]) -> Iterator[ScopeResult]:
        if workers:
            self._worker_seen_s = monotonic_s()
        elif monotonic_s() - self._worker_seen_s > NO_WORKER_S:
            words = f"the cluster has had no worker for {NO_WORKER_S:g} s; start some, run again"
            yield from self._all_left(words)

    def _all_left(self, reason: str) -> Iterator[ScopeResult]:
        left = [*(errand.scope for errand in self._out.values()), *self._waiting]
        self._out.clear()
        self._waiting.clear()
        for scope in left:
            yield trouble(scope, reason)


async def end_process() -> None:
    """End the worker it is sent to, whatever its threads wait for.

    It is a coroutine because Dask awaits the answer of anything else, and there will be none.
    """
    os._exit(1)
