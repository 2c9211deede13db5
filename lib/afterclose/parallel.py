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

    try:
        client_class: Any = import_module("distributed").Client  # an optional dependency
    except ImportError:
        raise ConfigError(
            "ML_JOBLIB_BACKEND", "dask", "Dask is not installed; pip install 'afterclose[dask]'"
        ) from None
    local: dict[str, Any] = {"processes": False, "n_workers": 1, "dashboard_address": None}
    try:
        client = client_class(scheduler, timeout=10) if scheduler else client_class(**local)
    except (OSError, ValueError) as error:
        problem = f"no scheduler answers there: {error}"
        raise ConfigError("ML_DASK_SCHEDULER", scheduler, problem) from error
    with client, joblib.parallel_config(backend="dask"):
        yield
