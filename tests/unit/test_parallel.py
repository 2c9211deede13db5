"""The same results in the same order, whoever does the work."""

import operator
import sys

import pytest

from afterclose.errors import ConfigError
from afterclose.parallel import run_all

ITEMS = list(range(-5, 6))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"n_jobs": 2, "backend": "threading"},
        {"n_jobs": 2, "backend": "loky"},
        {"n_jobs": -1, "backend": "dask"},
    ],
    ids=["sequential", "threads", "processes", "dask"],
)
def test_results_come_in_the_order_of_the_items(how: dict) -> None:
    assert run_all(operator.neg, ITEMS, **how) == [-item for item in ITEMS]


def test_no_items_are_no_work() -> None:
    assert run_all(operator.neg, [], n_jobs=2, backend="threading") == []


def test_an_error_in_the_work_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run_all(lambda item: 1 / item, ITEMS, n_jobs=2, backend="threading")


def test_dask_that_is_not_installed_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match="not installed"):
        run_all(operator.neg, ITEMS, backend="dask")


def test_a_scheduler_that_does_not_answer_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="ML_DASK_SCHEDULER='nowhere'"):
        run_all(operator.neg, ITEMS, backend="dask", dask_scheduler="nowhere")
