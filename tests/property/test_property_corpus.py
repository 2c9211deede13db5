"""What a coverage-guided fuzzer once found (`make fuzz`), and its seeds, once more."""

from pathlib import Path

import pytest

from fuzz.targets import TARGETS, seeds

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
FOUND = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_that_broke_something_once_breaks_nothing_now(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_fuzzer_starts_from_is_valid_cut_or_whole(name: str) -> None:
    for seed in seeds(name):
        for data in (seed, seed[: len(seed) // 2], b"", seed.replace(b"1", b"-1e999")):
            TARGETS[name](data)
