"""The error tree: one class for each reaction a caller can have.

::

    AftercloseError                 exit 1: the run failed; nothing half-written is left
    ├── StorageError                exit 1: disk full, no permission, vanished mount
    ├── UsageError                  exit 2: the caller must change something and try again
    │   ├── ConfigError                 a setting or a command-line option
    │   └── InputError                  a file that the user gave
    ├── RefusedError                exit 3: a safety rule said no; nothing was changed
    │   ├── SessionLocked               promote or rollback while a session is pinned
    │   ├── MarketOpen                  training while the market trades
    │   ├── LiveScopeRefused            training in env=live
    │   ├── PromotionRefused            unknown, unevaluated or gate-refused candidate
    │   └── IntegrityError              digest, signature, chain or committed data do not match
    └── ScopeBusy                   exit 4: another job holds this scope's lock

    CannotTell                      the market calendar has no answer; nothing is trained

The alternative, one class per module, would make callers catch lists of names;
what they need to know is what to *do*, which is what the exit code says too.
"""

UNREADABLE = (ValueError, RecursionError)
"""What a decoder raises for bytes that nobody here wrote; brackets without end are the latter."""


class AftercloseError(Exception):
    """Base of all errors this project raises on purpose.

    ``exit_code`` is what a job ends with when the error reaches the edge.
    """

    exit_code = 1


def status_of(exit_code: int) -> str:
    """The word for an error's ``exit_code``: in a job's JSON, and for a scope among many."""
    return {2: "unusable", 3: "refused", 4: "busy"}.get(exit_code, "failed")


class StorageError(AftercloseError):
    """The disk said no: ``path`` is where, the message says the remedy."""

    def __init__(self, path: object, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = str(path), problem, remedy
        super().__init__(f"{path}: {problem}. {remedy}")


class UsageError(AftercloseError):
    """The caller must change something: an option, a setting or an input file."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, unparsable or out of range."""

    def __init__(self, name: str, value: object, problem: str) -> None:
        self.name, self.value, self.problem = name, value, problem
        super().__init__(f"{name}={value!r}: {problem}")


class InputError(UsageError):
    """A file or an id that the user gave cannot be used."""


class RefusedError(AftercloseError):
    """A safety rule refused; nothing on disk has changed but the journal."""

    exit_code = 3


class SessionLocked(RefusedError):
    """The active model is pinned for a trading session until ``until`` (ISO 8601)."""

    def __init__(self, action: str, session: str, until: str, model_id: str | None) -> None:
        self.action, self.session, self.until, self.model_id = action, session, until, model_id
        super().__init__(
            f"{action} refused: session {session} is locked on model {model_id} until {until}. "
            "Try again after that time, or end the lock by hand with `make unlock`."
        )


class MarketOpen(RefusedError):
    """The market is trading; models are only trained after the close."""


class LiveScopeRefused(RefusedError):
    """Nothing is trained in env=live unless ML_ALLOW_LIVE_TRAINING is set."""


class PromotionRefused(RefusedError):
    """A model that may not become active: ``model_id`` and the reason."""

    def __init__(self, model_id: str, reason: str) -> None:
        self.model_id, self.reason = model_id, reason
        super().__init__(f"cannot promote {model_id}: {reason}")


class IntegrityError(RefusedError):
    """Bytes on disk are not the bytes that were committed: ``path`` says which."""

    def __init__(self, path: object, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = str(path), problem, remedy
        super().__init__(f"{path}: {problem}. {remedy}")


class ScopeBusy(AftercloseError):
    """Another job is writing in this scope; try again when it has ended."""

    exit_code = 4


class CannotTell(AftercloseError):
    """The market calendar cannot answer for a date; whoever asked must not train."""


def is_a_stop(error: BaseException | None) -> bool:
    """Whether ``error`` is a stop that was asked for (Ctrl-C, SIGTERM), or came of one.

    A stop may arrive anywhere, and what is cleaned up on its way out may fail in turn.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
