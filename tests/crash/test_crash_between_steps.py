"""Every file of a scope, changed between every two steps of a night: never traded.

What one step leaves for the next (and all else that lies there) is changed, cut off, emptied or
removed; then the rest of the night goes on, whatever it is refused. In the end the filter scores
as the untouched night's model does, or trading goes on by the rules alone. A key is set: without
one, whoever forges files, digests and seal together is believed (SECURITY.md).
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from afterclose.errors import AftercloseError
from afterclose.ml_orchestrator import OfflineMLOrchestrator
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from breaking import CALM, MORNING, NIGHT_1, TRADES, WILD, Lab, settings_of, spread, trades
from builders import write_ledger

STEPS = ("build", "train", "evaluate", "register", "promote")
KEY = {"ML_SIGNING_KEY": "secret"}

Change = Callable[[Path], object]


def one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_in_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def said_twice(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def another_number(path: Path) -> None:
    """As a forger would: still well formed."""
    path.write_bytes(path.read_bytes().replace(b"0.0", b"0.1").replace(b"-", b""))


CHANGES: dict[str, Change] = {
    "one bit": one_bit,
    "cut in half": cut_in_half,
    "said twice": said_twice,
    "another number": another_number,
    "emptied": partial(Path.write_bytes, data=b""),
    "removed": Path.unlink,
}


class Case(NamedTuple):
    """One file, changed in one way after one step."""

    after: str
    name: str
    change: str


def step(name: str, settings: Settings) -> None:
    night = OfflineMLOrchestrator.from_settings(settings)
    if name == "promote":
        for model_id in night.registry.list_candidates():
            night.registry.promote_candidate(model_id, now=NIGHT_1)
    else:
        getattr(night, name)(NIGHT_1)


def scores(settings: Settings) -> tuple[float | None, ...]:
    """What the filter says before the next open; nothing where the rules decide alone."""
    with RiskFilter.load(settings, MORNING) as risk:
        verdicts = [risk.check(features) for features in (CALM, WILD)]
    if risk.mode != "ml":
        assert all(verdict.allowed for verdict in verdicts)
        return ()
    return tuple(verdict.risk_score for verdict in verdicts)


def files_in(settings: Settings) -> list[str]:
    paths = (path for path in settings.root.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(settings.root)) for path in paths if path.suffix != ".lock")


def copied(settings: Settings, logs: Path) -> Settings:
    shutil.copytree(settings.logs_dir, logs)
    return settings_of(logs, **KEY)


def test_a_file_changed_between_two_steps_is_refused_or_harmless_and_never_traded(
    lab: Lab,
) -> None:
    left = {"": settings_of(lab.folder / "night", **KEY)}
    write_ledger(left[""].ledger_paths[0], trades(TRADES))
    cases: list[Case] = []
    for before, name in zip(("", *STEPS), STEPS, strict=False):
        left[name] = copied(left[before], lab.folder / f"after-{name}")
        step(name, left[name])
        cases += [Case(name, file, change) for file in files_in(left[name]) for change in CHANGES]
    as_measured = scores(copied(left["promote"], lab.folder / "untouched"))
    assert len(as_measured) == 2
    refused = 0
    chosen = spread(len(cases), lab.often(len(cases), 24))
    for number in chosen:
        case = cases[number - 1]
        scope = copied(left[case.after], lab.folder / "changed")
        CHANGES[case.change](scope.root / case.name)
        for name in STEPS[STEPS.index(case.after) + 1 :]:
            try:
                step(name, scope)
            except AftercloseError:
                refused += 1
        traded = scores(scope)
        assert traded in {(), as_measured}, case
        shutil.rmtree(scope.logs_dir)
    assert refused
    lab.tally("a file of a scope changed between two steps of a night", len(chosen))


@pytest.mark.parametrize("name", ["scorecard.json", "evaluation.json"])
def test_a_file_of_an_older_night_in_place_of_the_new_one_is_not_traded(
    lab: Lab, name: str
) -> None:
    """It is sound, and signed in its time: but it is another model's."""
    scope = settings_of(lab.folder / "nights", **KEY)
    write_ledger(scope.ledger_paths[0], trades(TRADES))
    for night in STEPS:
        step(night, scope)
    older = scores(scope)
    (first,) = (path for path in scope.model_dir.iterdir() if path.is_dir())
    other = settings_of(lab.folder / "nights", **KEY, ML_SEED="7", ML_TEST_FRACTION="0.3")
    for night in STEPS[1:-1]:
        step(night, other)
    (new,) = {path for path in scope.model_dir.iterdir() if path.is_dir()} - {first}
    shutil.copy(first / name, new / name)
    with pytest.raises(AftercloseError):
        step("promote", other)
    assert scores(scope) == older
