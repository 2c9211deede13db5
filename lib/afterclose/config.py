"""The one place that reads the environment: `ML_*` variables, with `.env` beneath them.

An option beats a real variable, a real variable beats `.env`. A mistyped name is an error
that suggests the near one: a setting silently ignored would trade money on a default.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from afterclose.errors import ConfigError, InputError
from afterclose.settings import CALENDARS, MASK, SECRETS, Settings

PREFIX = "ML_"

__all__ = ["Settings", "describe_range", "load_settings"]


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings once.

    ``environ`` stands in for the process environment; `.env` is looked for in the working
    directory. ``overrides`` are field names (``market="india"``); ``None`` means not given.
    An empty string in the environment means the default; a risk threshold without a threshold
    mode means mode fixed. Raises ConfigError for an unknown
    name, a value that cannot be parsed, or one out of range.
    """
    values: dict[str, object] = {}
    for source in (_dotenv(), os.environ if environ is None else environ):
        values |= {
            _field(name, text): text.strip()
            for name, text in source.items()
            if name.startswith(PREFIX) and text is not None and text.strip()
        }
    for name, value in overrides.items():
        if value is not None:
            field = _field(PREFIX + name.upper(), value)
            values[field] = os.fspath(value) if isinstance(value, os.PathLike) else value
    if "risk_threshold" in values:  # whoever sets a threshold means it
        values.setdefault("threshold_mode", "fixed")
    return _checked(values)


def with_changes(settings: Settings, changes: str) -> Settings:
    """``settings`` but for ``changes``, such as ``ML_TARGET=r,ML_BLOCK_SHARE=0.3``.

    Raises ConfigError as `load_settings` does, also for a change without a value.
    """
    changed: dict[str, object] = {}
    for change in changes.split(","):
        name, _, value = (part.strip() for part in change.partition("="))
        field = _field(name, value)
        if not value:
            raise ConfigError(name, value, f"write {name}=VALUE")
        changed[field] = value
    if "risk_threshold" in changed:
        changed.setdefault("threshold_mode", "fixed")
    return _checked(msgspec.structs.asdict(settings) | changed)


def _checked(values: Mapping[str, object]) -> Settings:
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError:
        raise _first_bad_value(values) from None
    _check_across_fields(settings)
    return settings


def json_logs_are_asked() -> bool:
    """Whether ML_LOG_FORMAT says json, where the settings as a whole cannot be read."""
    try:
        asked = {**_dotenv(), **os.environ}.get(PREFIX + "LOG_FORMAT") or ""
    except InputError:
        return False
    return asked.strip() == "json"


def describe_range(field: str) -> str:
    """The allowed values of a field in words, such as ``0 to 1`` or ``fraction, atr``."""
    hint = get_type_hints(Settings, include_extras=True)[field]
    kind, bounds = _unpack(hint)
    if choices := get_args(kind):
        return ", ".join(str(choice) for choice in choices)
    if kind is bool:
        return "true or false"
    if "le" in bounds:
        whole = "a whole number, " if kind is int else ""
        low = f"{bounds['ge']:,}" if "ge" in bounds else f"above {bounds['gt']:,}"
        return f"{whole}{low} to {bounds['le']:,}"
    return str(bounds.get("title", "text"))


def _dotenv() -> Mapping[str, str | None]:
    if not Path(".env").is_file():
        return {}
    from dotenv import dotenv_values  # only when there is a file: it costs a tick 25 ms

    try:
        values = dotenv_values(".env", interpolate=False)
    except UnicodeDecodeError as error:
        raise InputError(f"{Path('.env').absolute()}: not UTF-8 text ({error})") from None
    for name, text in values.items():
        if "\0" in f"{name}{text}":  # no environment could hold it, and no path may
            raise InputError(f"{Path('.env').absolute()}: a NUL character in {name!r}")
    return values


def _field(name: str, value: object) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field in Settings.__struct_fields__:
        return field
    import difflib  # on the error path only

    near = difflib.get_close_matches(field, Settings.__struct_fields__, n=1)
    if not near:
        raise ConfigError(name, value, "unknown setting; see .env.example for all names")
    hint = f"{PREFIX}{near[0].upper()} (allowed: {describe_range(near[0])})"
    shown = MASK if near[0] in SECRETS else value
    raise ConfigError(name, shown, f"unknown setting; did you mean {hint}?")


def _unpack(hint: Any) -> tuple[Any, dict[str, Any]]:
    bounds: dict[str, Any] = {}
    while hasattr(hint, "__metadata__"):
        for meta in hint.__metadata__:
            for name in ("ge", "gt", "le", "title"):
                if (value := getattr(meta, name, None)) is not None:
                    bounds[name] = value
        hint = hint.__origin__
    return hint, bounds


def _first_bad_value(values: Mapping[str, object]) -> ConfigError:
    hints = get_type_hints(Settings, include_extras=True)
    for field, value in values.items():
        try:
            msgspec.convert(value, hints[field], strict=False)
        except msgspec.ValidationError:
            shown = MASK if field in SECRETS else value
            return ConfigError(PREFIX + field.upper(), shown, f"allowed: {describe_range(field)}")
    raise AssertionError("the settings failed as a whole but no single value did")


def _check_across_fields(settings: Settings) -> None:
    for field in Settings.__struct_fields__:
        value = getattr(settings, field)
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(PREFIX + field.upper(), value, f"allowed: {describe_range(field)}")
    if not settings.calendar and settings.market not in CALENDARS:
        raise ConfigError(
            "ML_MARKET",
            settings.market,
            f"no calendar is known for it; set ML_CALENDAR, or use {', '.join(CALENDARS)}",
        )
    if settings.mae_unit == "fraction" and settings.mae_threshold > 1:
        raise ConfigError(
            "ML_MAE_THRESHOLD",
            settings.mae_threshold,
            "allowed: above 0 to 1, a fraction (3 % is 0.03); or set ML_MAE_UNIT=atr",
        )
    if settings.n_jobs == 0:
        raise ConfigError("ML_N_JOBS", 0, "allowed: -1 for all cores, or 1 and more")
