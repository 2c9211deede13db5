"""`make bench`: every benchmark, one after the other.

With `--smallest` each runs once on next to nothing: it shows that it runs, and its ratios
mean nothing.
"""

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py")))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--smallest", action="store_true", help="each once, on next to nothing")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in options.names or NAMES:
        importlib.import_module(f"bench.{name}").main(smallest=options.smallest)


if __name__ == "__main__":
    main()
