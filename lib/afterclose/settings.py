"""Every setting, its default, its range and its one-line meaning, in one frozen struct.

This is vocabulary only: `afterclose.config` reads the environment and builds it. Ranges live in
the types (msgspec `Meta`), so the check, the error message, `.env.example` and the README
cannot drift apart. A dictionary of strings would make each module parse its own copy.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from afterclose.scope_files import LEDGER_FILE, MODELS_FOLDER, SHADOW_LEDGER_FILE

CALENDARS = {"us": "XNYS", "india": "XBOM", "crypto": "24/7"}
"""Market to exchange_calendars name. NSE follows XBOM; the library has no XNSE."""

MASK = "********"

SECRETS = frozenset({"signing_key", "ping_url", "notify_urls"})
"""Fields that nobody is shown: whoever has one of these URLs can send in your name."""

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        title="a to z in lower case, 0 to 9, _ and -, at most 32 characters",
    ),
]
"""A scope part. The pattern keeps it one folder deep: no separator, no dot; the title says it."""

Share = Annotated[float, Meta(ge=0, le=1)]
"""A fraction between 0 and 1."""


Options = TypeVar("Options", bound=msgspec.Struct)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All `ML_*` settings of one run; field `risk_threshold` is `ML_RISK_THRESHOLD`.

    Fractions are fractions (0.03 is 3 %), minutes and sessions are named in the field.
    """

    logs_dir: Annotated[str, Meta(min_length=1, description="the mounted volume")] = "logs"
    market: Annotated[Name, Meta(description="scope: us, india, crypto, or another name")] = "us"
    env: Annotated[Name, Meta(description="scope: paper, live, ...")] = "paper"
    calendar: Annotated[str, Meta(description="exchange_calendars name; empty: from ML_MARKET")] = (
        ""
    )
    calendar_overrides: Annotated[
        str, Meta(description="JSON file of extra or removed sessions")
    ] = ""
    ledger_file: Annotated[
        str, Meta(description="ledger to learn from, several with : between; empty: the scope's")
    ] = ""
    risk_threshold: Annotated[
        Share, Meta(description="threshold mode fixed blocks when the risk score is above")
    ] = 0.5
    mae_threshold: Annotated[
        float, Meta(gt=0, le=100, description="bad when abs(MAE) is above")
    ] = 0.03
    mae_unit: Annotated[
        Literal["fraction", "atr"], Meta(description="fraction, or multiples of atr_pct")
    ] = "fraction"
    min_dataset_size: Annotated[
        int, Meta(ge=2, le=10_000_000, description="closed trades before training")
    ] = 20
    test_fraction: Annotated[float, Meta(ge=0.05, le=0.5, description="newest share held out")] = (
        0.2
    )
    embargo_sessions: Annotated[
        int, Meta(ge=0, le=250, description="gap between train and test, market sessions")
    ] = 1
    model: Annotated[
        Literal["logistic", "hist_gradient_boosting", "xgboost", "ensemble", "volatility"],
        Meta(description="kind of model; volatility is atr_pct alone"),
    ] = "logistic"
    target: Annotated[
        Literal["bad", "r"],
        Meta(description="learn bad trades, or the outcome in units of risk (R)"),
    ] = "bad"
    seed: Annotated[int, Meta(ge=0, le=4294967295, description="random seed")] = 42
    auto_promote: Annotated[
        bool, Meta(description="let a candidate that passes every gate become active")
    ] = False
    auto_off: Annotated[
        bool, Meta(description="let a harm alarm of the monitor switch the filter off")
    ] = False
    after_close_delay_minutes: Annotated[
        int, Meta(ge=0, le=1440, description="wait after the close")
    ] = 30
    sizing: Annotated[
        Literal["off", "linear"], Meta(description="size down as risk nears the threshold")
    ] = "off"
    min_size: Annotated[Share, Meta(description="smallest multiplier of linear sizing")] = 0.25
    ood_max_z: Annotated[
        float, Meta(gt=0, le=1e6, description="abstain when a feature is further from its mean")
    ] = 8.0
    model_max_age_sessions: Annotated[
        int, Meta(ge=0, le=100_000, description="0: never; older models: rules only")
    ] = 0
    shadow_blocked: Annotated[
        bool, Meta(description="follow blocked signals on paper and learn from them")
    ] = True
    bars_file: Annotated[
        str, Meta(description="CSV of daily bars; each cycle follows blocked entries through it")
    ] = ""
    bar_features: Annotated[
        str,
        Meta(
            description="features of daily bars beyond the few default ones, + between; or market"
        ),
    ] = ""
    shadow_stop_pct: Annotated[
        float, Meta(ge=0, le=1, description="stop of blocked entries without a plan; 0: none")
    ] = 0.0
    shadow_target_pct: Annotated[
        float, Meta(ge=0, le=10, description="target of blocked entries without a plan; 0: none")
    ] = 0.0
    shadow_holding_days: Annotated[
        float,
        Meta(ge=0, le=1000, description="days to hold those without a plan; 0: any number"),
    ] = 10.0
    exclude_exit_types: Annotated[
        str, Meta(description="exits that say nothing of the strategy, comma between")
    ] = "EXTERNAL_CLOSE,LIQUIDATION"
    allow_live_training: Annotated[bool, Meta(description="train in env=live")] = False
    keep_models: Annotated[
        int, Meta(ge=2, le=100_000, description="older artifacts are pruned")
    ] = 60
    signing_key: Annotated[
        str, Meta(description="HMAC-SHA256 key over registry entries (secret)")
    ] = ""
    n_jobs: Annotated[int, Meta(ge=-1, le=1024, description="parallel evaluation; -1: all")] = 1
    joblib_backend: Annotated[
        Literal["loky", "threading", "dask"], Meta(description="how to run in parallel")
    ] = "loky"
    dask_scheduler: Annotated[str, Meta(description="address of a Dask scheduler")] = ""
    bootstrap_resamples: Annotated[
        int, Meta(ge=100, le=1_000_000, description="resamples behind each interval")
    ] = 10_000
    capital: Annotated[
        float, Meta(ge=0, le=1e15, description="of the account; 0: the most that was ever open")
    ] = 0.0
    objective: Annotated[
        Literal["money", "risk"], Meta(description="what a filter is for: money, or less risk")
    ] = "money"
    fees_bps: Annotated[
        float, Meta(ge=0, le=1000, description="paper fees a side, basis points of notional")
    ] = 0.0
    slippage_bps: Annotated[
        float, Meta(ge=0, le=1000, description="paper slippage a side, basis points of price")
    ] = 0.0
    threshold_mode: Annotated[
        Literal["share", "fixed", "tuned"],
        Meta(
            description="block the riskiest ML_BLOCK_SHARE, above ML_RISK_THRESHOLD, "
            "or above what training found to pay; ML_RISK_THRESHOLD alone means fixed"
        ),
    ] = "share"
    block_share: Annotated[
        float, Meta(gt=0, le=0.9, description="share of decisions that threshold mode share blocks")
    ] = 0.2
    sample_weights: Annotated[
        Literal["none", "uniqueness", "loss", "both"],
        Meta(description="weigh training trades by overlap, by size of loss, or by both"),
    ] = "none"
    calibration: Annotated[
        Literal["none", "sigmoid", "isotonic", "auto"],
        Meta(description="how scores become probabilities; an ensemble has sigmoid at least"),
    ] = "none"

    gate_alpha: Annotated[
        float, Meta(gt=0, le=0.2, description="chance that noise is ever promoted automatically")
    ] = 0.05
    gate_min_trades: Annotated[
        int, Meta(ge=20, le=10_000_000, description="out-of-sample trades a promotion needs")
    ] = 100
    gate_blocked_confidence: Annotated[
        float,
        Meta(ge=0.5, le=0.999, description="how sure it must be that what is blocked loses money"),
    ] = 0.8
    gate_min_kept_share: Annotated[
        Share, Meta(description="a filter that keeps fewer trades is not promoted automatically")
    ] = 0.3
    gate_min_window_share: Annotated[
        Share, Meta(description="share of walk-forward windows that must have gained")
    ] = 0.5

    ping_url: Annotated[
        str, Meta(description="where the courier sends health-check pings (secret)")
    ] = ""
    notify_urls: Annotated[
        str, Meta(description="where it sends messages: Apprise URLs, space between (secret)")
    ] = ""
    courier_state: Annotated[
        str, Meta(min_length=1, description="folder of the courier's own state")
    ] = "courier"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="what jobs and cron print: for people, or one JSON object a line"),
    ] = "text"
    group_writable: Annotated[
        bool, Meta(description="files of the jobs may be written by their group too")
    ] = False

    @property
    def root(self) -> Path:
        """Folder of this scope: `{logs_dir}/{market}/{env}`."""
        return Path(self.logs_dir) / self.market / self.env

    @property
    def model_dir(self) -> Path:
        """Folder of model artifacts and the registry."""
        return self.root / MODELS_FOLDER

    @property
    def calendar_name(self) -> str:
        """The exchange_calendars name in force."""
        return self.calendar or CALENDARS[self.market]

    @property
    def ledger_paths(self) -> tuple[Path, ...]:
        """Ledgers to learn from, without the shadow ledger."""
        if not self.ledger_file:
            return (self.root / LEDGER_FILE,)
        return tuple(Path(part) for part in self.ledger_file.split(":") if part)

    @property
    def shadow_ledger_path(self) -> Path:
        """Ledger of what blocked signals would have done."""
        return self.root / SHADOW_LEDGER_FILE

    @property
    def backtest_ledger_path(self) -> Path:
        """Ledger of what the rules would have made before the real trades began."""
        return self.root / "backtest_ledger.jsonl"

    @property
    def excluded_exit_types(self) -> frozenset[str]:
        """Exit types whose trades are not learned from, upper case."""
        return frozenset(
            part.strip().upper() for part in self.exclude_exit_types.split(",") if part.strip()
        )

    def options(self, kind: type[Options], *, prefix: str = "", **others: object) -> Options:
        """The options of one step: a ``kind`` whose fields are the settings of the same names.

        Settings' names begin with ``prefix``; ``others`` are the fields that are no settings.
        """
        names = [name for name in kind.__struct_fields__ if name not in others]
        values = {name: getattr(self, prefix + name) for name in names}
        return kind(**values, **others)

    def public_dict(self) -> dict[str, object]:
        """All settings as plain values, secrets masked: fit for logs, reports and JSON."""
        values = msgspec.structs.asdict(self)
        return values | {name: MASK for name in SECRETS if values[name]}

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.public_dict().items())
        return f"Settings({inside})"
