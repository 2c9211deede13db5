"""What the user asks of an import, from the job's options."""

from collections.abc import Mapping as AnyMapping
from difflib import get_close_matches
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from afterclose.errors import InputError
from afterclose.importing.engine import AUTO, formats
from afterclose.importing.parsed import Options
from afterclose.importing.splits import read_splits


class Request(NamedTuple):
    """What to import: paths, a format, and what the file does not say."""

    file: str
    format: str = AUTO
    timezone: str | None = None
    bars: str | None = None
    symbol: str | None = None
    strategy: str | None = None
    dry_run: bool = False
    map: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    side: str | None = None
    long_only: bool = False
    opening: str | None = None
    order: str | None = None
    pnl: str | None = None
    features: str | None = None
    splits: str | None = None
    account: str = ""

    @classmethod
    def of(cls, options: AnyMapping[str, Any]) -> "Request":
        """The request in a job's options, others left aside."""
        return cls(**{name: options[name] for name in cls._fields if name in options})

    def options(self, timezone: str, stem: str) -> Options:
        """The options of a file called ``stem``. Raises InputError for one that is none."""
        if self.format not in (known := formats()):
            near = get_close_matches(self.format, known, n=1)
            hint = f" did you mean {near[0]}?" if near else ""
            raise InputError(
                f"--format {self.format!r} is not known;{hint} there are: {', '.join(known)}"
            )
        zone = self.timezone or timezone
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            raise InputError(f"--timezone {zone!r} is no zone such as Asia/Kolkata") from None
        names = (self.features or "").split(",")
        return Options(
            timezone=zone,
            zone_given=self.timezone is not None,
            symbol=self.symbol or stem,
            symbol_given=self.symbol is not None,
            strategy=self.strategy,
            date_format=self.date_format,
            decimal=self.decimal,
            side=self.side,
            long_only=self.long_only,
            opening=self.opening,
            order=self.order,
            pnl=self.pnl,
            features=tuple(name.strip() for name in names if name.strip()),
            splits=read_splits(self.splits or ""),
            account=self.account or "",
        )
