"""Show the volume's pages in a browser: served to this machine alone, until Ctrl-C.

Reads   index.html of the volume and of its scopes, review and comparison pages.
Writes  nothing.
Again   the same pages as they are then, on another free port.

Exit codes: 0 done or nothing to do, 1 failed, 2 unusable settings or arguments,
3 refused by a safety rule, 4 another job is writing in this scope.
"""

import argparse
import webbrowser
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job, whole_number
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    options = job_parser("open", __doc__)
    options.add_argument(
        "--port", type=whole_number(0), default=0, help="default: any that is free"
    )
    options.add_argument("--no-browser", action="store_true", help="print the address only")
    return options


def run(settings: Settings, _now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.operating.page_server import open_pages

    browse = None if args.no_browser else webbrowser.open
    return open_pages(settings, port=args.port, browse=browse)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
