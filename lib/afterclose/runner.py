"""The edge all jobs share: options, settings, logging, printing and exit codes.

A job supplies `run(settings, now, args) -> Outcome`; everything that could differ between
jobs by accident (how an error is shown, where JSON goes) is here once. Heavy modules are
imported inside `run`, so that a cron tick with nothing due stays as cheap as Python itself.
"""

import argparse
import atexit
import gc
import io
import math
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

from afterclose.clock import parse_now, utc_now
from afterclose.config import json_logs_are_asked, load_settings
from afterclose.disk.files import share_with_group, storage_error
from afterclose.errors import AftercloseError, UsageError, is_a_stop, status_of
from afterclose.log_lines import JsonLines, begin_run
from afterclose.records import Outcome
from afterclose.settings import Settings

GARBAGE_AFTER_OBJECTS = 200_000
"""Containers that a job makes before Python looks for cycles among them."""

RESULT_VERSION = 1
"""Of the object that ``--json`` prints."""

HELP_COLUMNS = 96

_INTERRUPTED = KeyboardInterrupt("interrupted")

Run = Callable[[Settings, datetime, argparse.Namespace], Outcome]
"""What a job does, once its options and settings are known."""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Of a fixed width: asking the terminal, which happens at every start, costs 3 ms."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=HELP_COLUMNS)


class _JobParser(argparse.ArgumentParser):
    """Unusable arguments are one JSON object too, where ``--json`` is among them."""

    _words: tuple[str, ...] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words = tuple(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if "--json" in self._words:
            _print_failure(self.prog.rpartition(".")[2], message, UsageError.exit_code)
        super().error(message)


def job_parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """The parser of job ``name`` with the options common to all jobs."""
    parser = _JobParser(
        prog=f"python -m jobs.{name}",
        description=doc,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    common = parser.add_argument_group("common options")
    common.add_argument("--logs-dir", metavar="DIR", help="the mounted volume (ML_LOGS_DIR)")
    common.add_argument("--market", help="us, india, crypto, ... (ML_MARKET)")
    common.add_argument("--env", help="paper, live, ... (ML_ENV)")
    common.add_argument("--now", metavar="ISO8601", help="stands in for the wall clock")
    common.add_argument("--json", action="store_true", help="print one JSON object, the result")
    common.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    common.add_argument("-v", "--verbose", action="store_true", help="log each step to stderr")
    return parser


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number from ``least`` on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return number

    return read


def seconds(text: str) -> float:
    """The type of an option that is a number of seconds, not below 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 60 or 0.5")
    return number


def run_job(run: Run, parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> int:
    """Run one job to its exit code (docs/design.md, section 1). Never lets a traceback through."""
    args = parser.parse_args(argv)
    with _stopped_like_by_ctrl_c():
        return _run(run, parser.prog, args)


def _run(run: Run, prog: str, args: argparse.Namespace) -> int:
    # A job ends soon, and its libraries stay: looking through what they have just loaded for
    # garbage, again and again and once more at the end, takes a sixth of a cycle.
    gc.set_threshold(GARBAGE_AFTER_OBJECTS)
    atexit.register(gc.freeze)
    args.json_lines = None
    try:
        settings = _prepared(args, prog)
        outcome = run(settings, parse_now(args.now), args)
    except AftercloseError as error:
        return _fail(args, prog, error, error.exit_code)
    except ModuleNotFoundError as error:
        return _fail(args, prog, UsageError(_not_installed(error)), UsageError.exit_code)
    except KeyboardInterrupt:
        return _fail(args, prog, _INTERRUPTED, 1)
    except OSError as error:  # a volume that goes away fails where nobody looks for it
        told = storage_error(error.filename, error) if error.filename else error
        return _fail(args, prog, told, 1)
    except Exception as error:  # noqa: BLE001 - the edge: people get a sentence, -v the traceback
        if args.verbose:
            import traceback

            traceback.print_exc()
        return _fail(args, prog, _INTERRUPTED if is_a_stop(error) else error, 1)
    try:
        _show(args, outcome)
        sys.stdout.flush()
    except OSError as error:  # a full disk behind stdout: what is done is done all the same
        sys.stdout = io.StringIO()  # or the exit would try again
        sys.stderr.write(f"{outcome.job}: {outcome.status}, but it could not be printed: {error}\n")
    return outcome.exit_code


def _prepared(args: argparse.Namespace, prog: str) -> Settings:
    """The settings, with logging and file rights set up as they say."""
    if args.verbose:
        _log_to_stderr()
    settings = load_settings(logs_dir=args.logs_dir, market=args.market, env=args.env)
    if settings.log_format == "json":
        args.json_lines = _json_lines(args, prog, f"{settings.market}/{settings.env}")
    if settings.group_writable:
        share_with_group()
    return settings


@contextmanager
def _stopped_like_by_ctrl_c() -> Iterator[None]:
    """SIGTERM, a container's stop, ends the job inside in order; a caller gets its own way back."""
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL:
        yield
        return
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # in a thread, which gets no signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _not_installed(error: ModuleNotFoundError) -> str:
    """A bot's environment has what trading needs; the night's jobs need an extra."""
    return (
        f"this job needs the package {error.name!r}, which is not installed here. Install what "
        "the jobs need: pip install 'afterclose[nightly]'"
    )


def _show(args: argparse.Namespace, outcome: Outcome) -> None:
    if args.json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(outcome_dict(outcome)).decode() + "\n")
    elif args.json_lines:
        more = {"status": outcome.status, "exit_code": outcome.exit_code}
        args.json_lines.write(sys.stdout, "info", outcome.reason or outcome.status, **more)
    elif not args.quiet and not _shown_as_table(outcome):
        sys.stdout.write((outcome.text or f"{outcome.job}: {outcome.reason}") + "\n")


def _shown_as_table(outcome: Outcome) -> bool:
    if not sys.stdout.isatty():
        return False
    from afterclose.console import print_table  # 60 ms, for people only

    return print_table(outcome)


def outcome_dict(outcome: Outcome) -> dict[str, object]:
    """The JSON form of an outcome: its details, with job, status and reason beside them."""
    return {
        "schema_version": RESULT_VERSION,
        "job": outcome.job,
        "status": outcome.status,
        "reason": outcome.reason,
        "exit_code": outcome.exit_code,
        **outcome.details,
    }


def _fail(args: argparse.Namespace, prog: str, error: BaseException, code: int) -> int:
    job = prog.rpartition(".")[2]
    words = str(error) or type(error).__name__
    if not isinstance(error, AftercloseError | KeyboardInterrupt):
        words = f"{type(error).__name__}: {words} (run again with -v for the details)"
    lines = args.json_lines
    if lines is None and json_logs_are_asked():  # the settings themselves are unusable
        lines = _json_lines(args, prog, f"{args.market or ''}/{args.env or ''}")
    if lines:
        lines.write(sys.stderr, "error", words, status="failed", exit_code=code)
    else:
        sys.stderr.write(f"{job}: {words}\n")
    if args.json:
        _print_failure(job, words, code)
    return code


def _print_failure(job: str, words: str, code: int) -> None:
    """The one JSON object of a job that came to nothing."""
    import json

    body = {"schema_version": RESULT_VERSION, "job": job, "status": status_of(code)}
    sys.stdout.write(json.dumps(body | {"reason": words, "exit_code": code}) + "\n")


def _json_lines(args: argparse.Namespace, prog: str, scope: str) -> JsonLines:
    """Everything that is logged, and the job's end, as lines of JSON."""
    import logging

    lines = JsonLines(prog.rpartition(".")[2], scope, begin_run(utc_now()))
    level = logging.DEBUG if args.verbose else logging.WARNING
    logging.basicConfig(handlers=[lines], level=level, force=True)
    return lines


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(
        stream=sys.stderr, level=logging.DEBUG, format="%(asctime)s %(levelname)s %(message)s"
    )
