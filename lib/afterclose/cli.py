"""The command `afterclose JOB [options]`: the same jobs as `python -m jobs.JOB`.

In a wheel the jobs lie inside the package, because a bot may have a folder `jobs` of its own;
in a checkout they are the folder `jobs` at the top. Only the job that is asked for is imported.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

JOBS_OF_A_DAY = {
    "Before the open": ("open", "lock", "unlock", "on", "off", "status"),
    "While the market is open": ("check", "session", "why"),
    "After the close": (
        "import_ledger",
        "cycle",
        "shadow",
        "monitor",
        "build",
        "train",
        "evaluate",
        "register",
    ),
    "In the evening": (
        "candidates",
        "report",
        "compare",
        "promote",
        "rollback",
        "deactivate",
        "verify",
    ),
    "Once in a while": (
        "backup",
        "restore",
        "demo",
        "study",
        "placebo",
        "calibrate_gates",
        "calibrate_monitor",
    ),
    "As a service": ("cron", "fleet", "courier"),
}
"""The jobs in the order of a trader's day."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job that the first word names; with no word or `--help` list all jobs."""
    from afterclose.runner import run_job  # a listing needs none of the settings

    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(listing())
        return 0
    if words[0] in {"-V", "--version"}:
        from afterclose import __version__

        sys.stdout.write(f"afterclose {__version__}\n")
        return 0
    name = words[0].replace("-", "_")
    if name not in known_jobs():
        sys.stderr.write(f"afterclose: there is no job {words[0]!r}. {_nearest(name)}\n")
        return 2
    job = job_module(name)
    return run_job(job.run, job.parser(), words[1:])


def known_jobs() -> list[str]:
    """The names of all jobs, in the order of a trader's day."""
    return [name for names in JOBS_OF_A_DAY.values() for name in names]


def job_module(name: str) -> ModuleType:
    """The module of a job: inside the installed package, or the folder `jobs` of a checkout."""
    installed = find_spec("afterclose.jobs") is not None
    return import_module(f"afterclose.jobs.{name}" if installed else f"jobs.{name}")


def listing() -> str:
    """All jobs with their first sentence, as `--help` prints them."""
    lines = ["usage: afterclose JOB [options]      afterclose JOB --help", ""]
    for part, names in JOBS_OF_A_DAY.items():
        lines.append(part)
        lines += [f"  {name.replace('_', '-'):18} {_sentence(name)}" for name in names]
        lines.append("")
    return "\n".join(lines)


def _sentence(name: str) -> str:
    return (job_module(name).__doc__ or "").partition("\n")[0].rstrip(".")


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known_jobs(), n=1)
    return f"Did you mean {near[0]}?" if near else "List them: afterclose --help"
