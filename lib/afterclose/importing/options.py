"""The options of an import: what a file cannot say, and the user can."""

import argparse


def add_options(options: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add them to a job's parser; `docs/importing.md` says what each settles."""
    add = options.add_argument
    add("file", metavar="FILE", help="the file, a database's URL, or - (standard input)")
    add("--format", default="auto", metavar="NAME", help="of FILE; found out by itself")
    add("--map", metavar="TOML", help="a mapping of your own for FILE's columns")
    add("--timezone", metavar="IANA", help="of times without one; the source's or market's")
    add("--bars", metavar="CSV", help="daily prices, for features and MAE")
    add("--features", metavar="A,B", help="columns that the decision knew and may be learned from")
    add("--symbol", metavar="NAME", help="where FILE names none")
    add("--account", metavar="NAME", help="where FILE names none and there are several", default="")
    add("--strategy", metavar="NAME", help="where FILE holds several")
    add("--date-format", metavar="ORDER", help="mdy, dmy, ymd, or a pattern such as %%d/%%m/%%Y")
    add("--decimal", choices=(".", ","), help="the decimal mark, where the file leaves it open")
    add("--side", choices=("long", "short"), help="of all trades, where no column says it")
    add("--long-only", action="store_true", help="a sale of what is not held opens no short")
    add("--opening", choices=("flat", "skip"), help="held before FILE begins: nothing, or unknown")
    add("--order", choices=("newest-first", "oldest-first"), help="of fills of one moment")
    add("--pnl", choices=("ignore", "multiplier"), help="FILE's own PnL: not compared, or source")
    add("--splits", metavar="S:DAY:N", help="splits inside a holding, as ALPHA:2026-01-15:4")
    add("--dry-run", action="store_true", help="only say what would be done")
    return options
