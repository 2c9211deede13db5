"""docs/scorecard.md is enough to score by: two scorers give the answers of its test vectors."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from afterclose.learning.scorer import MAX_MISSING_SHARE
from afterclose.learning.tree_card import read_card
from afterclose.learning.tree_scorer import scorer_of
from afterclose.settings import Settings
from repository import REPOSITORY

FILE = REPOSITORY / "examples" / "scorecard_vectors.json"
CONTENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CONTENT["cards"])
def test_this_scorer_gives_the_vectors_answers(name: str) -> None:
    max_abs_z = Settings().ood_max_z
    scorer = scorer_of(read_card(json.dumps(CONTENT["cards"][name]).encode()), max_abs_z)
    vectors = [vector for vector in CONTENT["vectors"] if vector["card"] == name]
    assert {vector["risk"] is None for vector in vectors} == {True, False}
    for vector in vectors:
        found = scorer.assess(vector["features"])
        refused = (
            found.invalid
            or found.needed_missing
            or found.missing_share > MAX_MISSING_SHARE
            or found.max_abs_z > max_abs_z
        )
        risk = None if refused else found.risk_score
        assert risk == (
            vector["risk"] if risk is None else pytest.approx(vector["risk"], abs=1e-12)
        )


def test_every_kind_and_curve_has_vectors() -> None:
    cards = CONTENT["cards"].values()
    kinds = {"logistic", "ridge", "hist_gradient_boosting", "ensemble"}
    assert {card["kind"] for card in cards} == kinds
    curves = {card["curve"]["curve"] for card in cards if "curve" in card}
    assert curves == {"sigmoid", "isotonic"}


@pytest.mark.parametrize(
    "command",
    [["node", "examples/scorer.js"], ["go", "run", "examples/scorer.go"]],
    ids=["javascript", "go"],
)
def test_the_scorers_in_other_languages_give_them_too(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    monkeypatch.setenv("GOCACHE", str(tmp_path))  # its own: a home may be read-only
    done = subprocess.run(
        [*command, str(FILE)], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(CONTENT['vectors'])} of {len(CONTENT['vectors'])} vectors\n"
