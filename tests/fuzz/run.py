"""Let a coverage-guided fuzzer (atheris, on libFuzzer) write the bytes for one target.

    python tests/fuzz/run.py ledger 60        # seconds

Ends with 0 when nothing was found. What was found is written to tests/fuzz/corpus/<target>/,
where `tests/property/test_property_corpus.py` replays it from then on. Without atheris it
says how to get it, and ends with 0: its wheels are for Linux on x86-64 alone.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
INSTALL = ".venv/bin/python -m pip install 'atheris>=3'"
MAX_BYTES = 4096


def main(name: str, seconds: str) -> None:
    if find_spec("atheris") is None:
        print(f"fuzz {name}: atheris is not installed; {INSTALL}")
        return
    import atheris

    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]
    with atheris.instrument_imports(include=["lib", "json", "dotenv", "cronsim"]):
        from fuzz import targets

    found, grown = HERE / "corpus" / name, targets.workshop() / "grown"
    for folder in (found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(name)):
        (grown / f"seed-{number}").write_bytes(seed)
    words = grown.parent / "words"
    words.write_text("".join(f'"{word}"\n' for word in targets.words(name)))
    options = (f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-dict={words}",
               f"-artifact_prefix={found}/", "-timeout=20")  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(grown), str(found)], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
