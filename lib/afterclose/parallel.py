"""Running the same function on many items: one after the other, on all cores, or on a cluster.

joblib does all three behind one interface, and Dask registers with it; results come back in
order, and no task draws random numbers from a shared source, so the answer is the same
whichever way is taken. Sequential is the default: for a few hundred trades, starting
workers takes longer than the work.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from afterclose.errors import ConfigError
from afterclose.progress import Progress, showing_progress

Item = TypeVar("Item")
Result = TypeVar("Result")

ANSWER_S = 10
"""How long a Dask scheduler may take to answer at all."""


def run_all(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_jobs: int = 1,
    backend: str = "loky",
    dask_scheduler: str = "",
    title: str = "",
) -> list[Result]:
    """``function`` of each item, in order; one after the other, a ``title`` shows progress.

    ``n_jobs`` is the number of workers, -1 for all cores; ``backend`` is loky (processes),
    threading or dask, where ``dask_scheduler`` is the scheduler's address, empty for one in
    this process. Raises ConfigError when Dask is not installed or cannot be reached.
    """
    if n_jobs == 1 and backend != "dask":
        waiting = list(items)
        with showing_progress(title, len(waiting), quiet=not title) as progress:
            return [_advanced(progress, function(item)) for item in waiting]
    import joblib

    with _cluster(dask_scheduler) if backend == "dask" else _here(backend):
        results: list[Result] = joblib.Parallel(n_jobs=n_jobs)(
            joblib.delayed(function)(item) for item in items
        )
    return results


def _advanced(progress: Progress, result: Result) -> Result:
    progress.advance()
    return result


@contextmanager
def _here(backend: str) -> Iterator[None]:
    import joblib

    with joblib.parallel_config(backend=backend):
        yield


@contextmanager
def _cluster(scheduler: str) -> Iterator[None]:
    import joblib

    in_this_process = {"processes": False, "n_workers": 1}
    with dask_client(scheduler, **in_this_process), joblib.parallel_config(backend="dask"):
        yield


@contextmanager
def dask_client(scheduler: str, **own: object) -> Iterator[Any]:
    """A client of the Dask cluster at ``scheduler``; empty: of one that is made, with ``own``.

    An address `tls://host:8786` takes certificate and key from Dask's own configuration, where
    the scheduler and the workers have theirs. Raises ConfigError when Dask is not installed, no
    scheduler answers, or the certificates are missing or refused.
    """
    try:
        client_class: Any = import_module("distributed").Client  # an optional dependency
    except ImportError:
        raise ConfigError(
            "ML_JOBLIB_BACKEND", "dask", "Dask is not installed; pip install 'afterclose[dask]'"
        ) from None
    where: dict[str, Any] = {"address": scheduler, "timeout": ANSWER_S}
    try:
        client = client_class(**(where if scheduler else {"dashboard_address": None, **own}))
    except (OSError, ValueError, TypeError) as error:  # TypeError: tls without certificates
        problem = f"no scheduler answers there: {error}"
        raise ConfigError("ML_DASK_SCHEDULER", scheduler, problem) from error
    with client:
        yield client
