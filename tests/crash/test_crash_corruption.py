"""Changed bits and cut ends in every file of a scope: named, never believed, never a traceback.

A model scores as it did or not at all; `verify` names the file; a repair rebuilds what can
be derived, keeps the damaged bytes beside, and says what it could not mend.
"""

import math
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from afterclose.dataset_builder import DatasetBuilder
from afterclose.errors import AftercloseError
from afterclose.nightly.operator_view import show_candidates, show_status
from afterclose.operating.cycle import run_cycle
from afterclose.operating.verification import verify_scope
from afterclose.risk_filter import RiskFilter
from afterclose.settings import Settings
from breaking import (
    CALM,
    NIGHT_3,
    TRADES,
    WILD,
    Lab,
    closed_in_ledgers,
    copy_of,
    rows_by_trade,
    settings_of,
)

IN_SESSION = NIGHT_3.replace(hour=16)
"""The session that the template's filter has locked."""

ORIGINALS = {
    "trade_ledger.jsonl",
    "shadow_ledger.jsonl",
    "paper_positions.json",
    "paper_replay.json",
}
"""Nothing else knows what is in them."""

LOGS = {"ml_runs.jsonl", "ml_decisions.jsonl"}
"""A line of theirs that is lost is lost, and the others stand."""


@pytest.fixture(scope="module")
def whole(template: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The template after one more build: the dataset has seen all that is in the ledgers."""
    logs = tmp_path_factory.mktemp("whole") / "logs"
    shutil.copytree(template.logs_dir, logs)
    scope = settings_of(logs)
    (scope.root / "trade_ledger.jsonl").open("ab").close()
    DatasetBuilder.from_settings(scope).build(NIGHT_3)
    assert verify_scope(scope, NIGHT_3).exit_code == 0
    metadata = DatasetBuilder.from_settings(scope).metadata()
    for read in metadata.ledgers if metadata else ():  # no byte of theirs is open or unread
        assert read.bytes == (scope.root / read.ledger).stat().st_size, read.ledger
    return scope


def files_of(scope: Settings) -> list[str]:
    names = (p.relative_to(scope.root) for p in scope.root.rglob("*") if p.is_file())
    return sorted(str(name) for name in names if name.name != ".lock")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` with one bit changed, or cut short."""
    if chance.random() < 0.75:
        place = chance.randrange(len(data) * 8)
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        return bytes(changed)
    return data[: chance.randrange(len(data))]


def scores(scope: Settings) -> tuple[float, float]:
    """What the filter says in the locked session; NaN where the rules decide alone."""
    with RiskFilter.load(scope, IN_SESSION) as risk:
        return risk.predict_risk(CALM), risk.predict_risk(WILD)


def says_the_same(data: bytes, changed: bytes) -> bool:
    """Whether a damaged JSON file still has the same content (1e5 against 1E5)."""
    try:
        return msgspec.json.decode(data) == msgspec.json.decode(changed)
    except ValueError:
        return False


def restore(scope: Settings, sound: dict[str, bytes]) -> None:
    """Undo the damage, and what the filter wrote for it (a lock whose event was cut off)."""
    for name, data in sound.items():
        if (scope.root / name).read_bytes() != data:
            (scope.root / name).write_bytes(data)


def first_change(data: bytes, changed: bytes) -> tuple[int, bytes, bytes]:
    """Where two files part, and what they say there."""
    place = next(
        (i for i, pair in enumerate(zip(data, changed, strict=False)) if len({*pair}) > 1),
        len(changed),
    )
    return place, data[place - 20 : place + 20], changed[place - 20 : place + 20]


def cut_between_lines(name: str, data: bytes, changed: bytes) -> bool:
    """A log that lost whole lines at its end: a known limit, nothing says how long it was."""
    whole_lines = not changed or changed.endswith(b"\n")
    return Path(name).name in LOGS and data.startswith(changed) and whole_lines


def test_no_changed_bit_or_cut_is_believed_in_any_file(whole: Settings, lab: Lab) -> None:
    chance = random.Random(3)  # noqa: S311 - a repeatable series
    whole = copy_of(whole, lab.folder / "logs")
    right = scores(whole)
    assert all(map(math.isfinite, right))
    names = files_of(whole)
    assert len(names) >= 24
    times = lab.often(2400, 114) // len(names) + 1
    sound = {name: (whole.root / name).read_bytes() for name in names}
    unnamed = 0
    for name in names:
        path = whole.root / name
        data = sound[name]
        for _ in range(times if data else 0):
            changed = damaged(data, chance)
            path.write_bytes(changed)
            found = scores(whole)
            path.write_bytes(changed)  # whatever was appended since
            assert all(a == b or math.isnan(a) for a, b in zip(found, right, strict=True)), name
            for ask in (show_status, show_candidates):
                try:
                    ask(whole, NIGHT_3)
                except AftercloseError:
                    assert "registry" in name  # a broken one may be refused, in words
            named = {
                problem["file"] for problem in verify_scope(whole, NIGHT_3).details["problems"]
            }
            if says_the_same(data, changed) or cut_between_lines(name, data, changed):
                unnamed += 1
            else:
                assert name in named, (name, *first_change(data, changed))
            restore(whole, sound)
    assert verify_scope(whole, NIGHT_3).exit_code == 0
    lab.tally(f"a bit or the end of each of {len(names)} files", len(names) * times)
    lab.tally("... of which no check can tell (log cut between lines, 1e5 for 1E5)", unnamed)


@pytest.mark.parametrize("round_number", range(4))
def test_a_repair_rebuilds_what_can_be_derived_and_says_what_cannot(
    whole: Settings, lab: Lab, round_number: int
) -> None:
    chance = random.Random(round_number)  # noqa: S311 - a repeatable series
    names = files_of(whole)
    names = [name for name in names if (whole.root / name).stat().st_size]
    chosen = names if lab.full else names[round_number::4]
    times = lab.often(2, 1)
    for number, name in enumerate(chosen * times):
        logs = lab.folder / "logs"
        shutil.copytree(whole.logs_dir, logs)
        scope = settings_of(logs)
        path = scope.root / name
        data = path.read_bytes()
        changed = damaged(data, chance)
        path.write_bytes(changed)
        outcome = verify_scope(scope, NIGHT_3, repair=True)
        left = {problem["file"] for problem in outcome.details["problems"]}
        is_model = name.startswith("ml_models/2") and not name.endswith(".html")
        if name in ORIGINALS or is_model:
            assert left <= {name, "ml_models/model_registry.json"} | ORIGINALS, outcome.text
            assert changed == data or name in left or says_the_same(data, changed), outcome.text
        else:
            assert left == set(), (name, outcome.text)
            every_byte_is_kept(scope, name, changed, data)
        if name not in ORIGINALS and number % 4 == 0:
            assert run_cycle(scope, NIGHT_3, force=True).exit_code == 0
            assert rows_by_trade(scope) == closed_in_ledgers(scope)
            assert len(rows_by_trade(scope)) >= TRADES
        shutil.rmtree(logs)
    lab.tally("repairs of a damaged file", len(chosen) * times)


def every_byte_is_kept(scope: Settings, name: str, changed: bytes, data: bytes) -> None:
    """The damaged file, or its damaged lines, stand beside the mended one."""
    path = scope.root / name
    kept = [p.read_bytes() for p in path.parent.glob(f"{path.name}.*") if p.suffix != ".1"]
    mended = path.read_bytes() if path.exists() else b""
    if changed == data or data.startswith(changed) or says_the_same(data, changed):
        return
    lines = {line for line in changed.splitlines(keepends=True) if line not in data}
    beside = b"".join([*kept, mended])
    assert all(line.strip() in beside for line in lines), (name, lines)


def test_a_tampered_pickle_is_never_opened(lab: Lab) -> None:
    """Neither by the filter nor by an evaluation, whatever its metadata claims."""
    import pickle

    from afterclose.learning.artifacts import ModelStore

    scope = lab.scope()
    proof = lab.folder / "ran"

    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(proof),))  # would fail, and so show itself

    active = show_status(scope, NIGHT_3).details["active_model"]["id"]
    (scope.model_dir / active / "model.joblib").write_bytes(pickle.dumps(Attack()))
    registry_digests = msgspec.json.decode(
        (scope.model_dir / active / "metadata.json").read_bytes()
    )
    store = ModelStore(scope.model_dir)
    with pytest.raises(AftercloseError):
        store.verify(active, registry_digests["artifacts"])
    assert scores(scope) == scores(lab.scope())  # a linear model unpickles nothing at all
    assert run_cycle(scope, NIGHT_3).exit_code == 0
