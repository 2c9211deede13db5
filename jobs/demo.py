"""Replay 2000 to 2013 on real daily prices, night by night, and show the last cycle.

Reads   the prices in the package bokeh_sampledata.
Writes  a scope of its own in --logs-dir (demo_logs).
Again   the demo's own folder is made anew; any other that is not empty is refused.

Exit codes: 0 done, 1 failed, 2 unusable settings, arguments or folder.
"""

import argparse
from datetime import datetime

from afterclose.records import Outcome
from afterclose.runner import job_parser, run_job
from afterclose.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Options of this job."""
    return job_parser("demo", __doc__)


def run(settings: Settings, _now: datetime, args: argparse.Namespace) -> Outcome:
    """Run this job."""
    from afterclose.demo.nightly import run_demo

    return run_demo(settings, args.logs_dir, quiet=args.quiet)


if __name__ == "__main__":
    raise SystemExit(run_job(run, parser()))
