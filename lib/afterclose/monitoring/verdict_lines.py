"""The decision log as the monitor needs it: entries, each once, from where the last night ended.

A bot may ask about one entry again and again while its signal lasts, so lines are not entries:
those of one trade id in one week are one, and without an id those of one symbol, side and strategy
of a session. An entry that was let in after all was not blocked. Asked about again the week after
it is another decision: the first week's may be settled and forgotten by then.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from afterclose.disk.seal import is_damaged, is_sealed
from afterclose.errors import UNREADABLE
from afterclose.monitoring.reading import Position, lines_from
from afterclose.paper_trading_executor import SHADOW_PREFIX
from afterclose.trading.subjects import entry_id

SCORED: Final = frozenset({"low_risk", "high_risk"})
"""Reasons of verdicts that rest on a score; with any other the filter abstained."""

LoggedFeatures = dict[str, float | str | dict[str, str] | None]


class VerdictLine(msgspec.Struct, frozen=True, gc=False):
    """A line of the log, without what the monitor does not ask for."""

    at: str
    reason: str
    allowed: bool
    size_multiplier: float
    session: str | None = None
    trade_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    strategy: str | None = None
    model_id: str | None = None
    features: LoggedFeatures | None = None
    risk_score: float | None = None
    latency_us: float | None = None


class Verdict(NamedTuple):
    """A line, its aware moment, and the byte behind it."""

    line: VerdictLine
    at: datetime
    end: int

    @property
    def key(self) -> str:
        """What lines on the same entry have in common; of a line on nothing, its own place."""
        line = self.line
        if line.trade_id:
            return line.trade_id
        if line.symbol is None:
            return f"\n{self.end}"
        return "\n".join((line.symbol, line.side or "long", line.strategy or "", self.day))

    @property
    def day(self) -> str:
        """Its session, or the day of its moment where it has none."""
        return self.line.session or self.line.at[:10]

    def ids(self) -> list[str]:
        """The ids that its trade may have in a ledger, traded or followed."""
        line = self.line
        if line.trade_id:
            return [line.trade_id, SHADOW_PREFIX + line.trade_id]
        if line.symbol is None:
            return []
        return [SHADOW_PREFIX + entry_id(line.symbol, line.side, line.strategy, self.at)]


def verdicts(path: Path, position: Position, zone: tzinfo) -> Iterator[Verdict]:
    """The sound lines from ``position`` on; moments without an offset are those of ``zone``."""
    decode = msgspec.json.Decoder(VerdictLine).decode
    for end, text in lines_from(path, position):
        try:
            line = decode(text)
            moment = datetime.fromisoformat(line.at)
        except (ValueError, *UNREADABLE):
            continue  # `make verify` says which lines are damaged
        body = text[:-1]
        if not is_sealed(body) and is_damaged(body):
            continue
        yield Verdict(line, moment if moment.tzinfo else moment.replace(tzinfo=zone), end)
