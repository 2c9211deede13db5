"""A Dask cluster of real processes gives the numbers of one process.

A scheduler and two workers run as processes of their own on loopback, on ports that the
system gives out, and end with the test. What they import is the repository, as it would be
an image's.
"""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from afterclose.evaluating.cross_validation import cross_validate
from afterclose.evaluating.walk_forward import walk_forward
from afterclose.history.bars import clean_ohlcv, on_sessions
from afterclose.learning.splits import no_embargo
from afterclose.learning.training import TrainingOptions, label
from afterclose.parallel import run_all
from afterclose.settings import Settings
from afterclose.study.sources import all_trades
from bar_builders import wandering
from dask_processes import Cluster
from training_builders import learnable

LONGEST_TEST_S = 180

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A cluster that does not answer fails its test; it does not hang the suite."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no answer in {LONGEST_TEST_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LONGEST_TEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running.start_workers(2)


def test_walking_forward_and_cross_validating_give_the_same_numbers(cluster: str) -> None:
    dataset, options = learnable(150), TrainingOptions()
    bad = label(dataset, options)
    on_cluster = partial(run_all, n_jobs=-1, backend="dask", dask_scheduler=cluster)
    walk = partial(walk_forward, dataset, bad, options, no_embargo, max_abs_z=8.0)
    one, other = walk(), walk(run_all=on_cluster)
    assert one.windows == other.windows
    np.testing.assert_array_equal(one.verdicts.score, other.verdicts.score)
    cross = partial(
        cross_validate, dataset, bad, options, no_embargo, regularisation_c=1.0, max_abs_z=8.0
    )
    assert cross() == cross(run_all=on_cluster)


def test_the_symbols_of_a_study_give_the_same_trades(cluster: str) -> None:
    here = Settings()
    there = Settings(n_jobs=-1, joblib_backend="dask", dask_scheduler=cluster)
    bars = on_sessions(clean_ohlcv(wandering(symbols=3, days=260), Path("made")), here).frame
    trades = all_trades(here, bars)
    assert len(trades) > 5
    assert all_trades(there, bars) == trades


def test_the_work_is_done_by_both_workers(cluster: str) -> None:
    def process_id(_item: int) -> int:  # a closure travels by value: workers have no tests
        time.sleep(0.05)
        return os.getpid()

    processes = run_all(process_id, range(40), n_jobs=-1, backend="dask", dask_scheduler=cluster)
    assert os.getpid() not in processes
    assert len(set(processes)) == 2
