"""Moments as exports write them: one order of day, month and year a file, never cell by cell.

``06/03/2020`` is June in one country and March in another. Another cell of the file settles
it, a mapping or the user does, or the import is refused: a wrong guess changes what was bought
before what.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from afterclose.importing.parsed import NotUsable
from afterclose.importing.values import quoted

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = (
    r"(?:[T ,;]+(?:as of )?(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d(?::?\d\d)?"
    r"|[A-Z][A-Za-z]+/[A-Za-z_/]+)?"
)
_NUMERIC = re.compile(r"(?P<a>\d{1,4})[-./](?P<b>\d{1,2})[-./](?P<c>\d{1,4})" + _CLOCK, re.ASCII)
_NAMED = re.compile(
    r"(?:(?P<a>\d{1,4})[-./ ]+)?(?P<name>[A-Za-z]{3,9})\.?[-./ ]+(?P<b>\d{1,4})"
    r"(?:,?[-./ ]+(?P<c>\d{4}))?" + _CLOCK,
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?P<a>\d{4})(?P<b>\d\d)(?P<c>\d\d)"
    r"(?:[;, T]*(?P<h>\d\d):?(?P<m>\d\d):?(?P<s>\d\d))?\s*(?P<zone>[A-Z][A-Za-z]+/[A-Za-z_/]+)?",
    re.ASCII,
)
_EPOCH = re.compile(r"(\d{9,10}|\d{12,13}|\d{16}|\d{19})(\.\d*)?", re.ASCII)

ORDERS = ("ymd", "mdy", "dmy")


def day_order(values: Iterable[str]) -> str | None:
    """ymd, mdy or dmy; None where day and month can be read both ways."""
    month_first = day_first = ambiguous = False
    short_firsts: set[str] = set()
    short_lasts: set[str] = set()
    for value in values:
        found = _NUMERIC.match(value.strip())
        if not found or len(found["a"]) == 4:
            continue
        first, second = int(found["a"]), int(found["b"])
        day_first |= first > 12 and second <= 12
        month_first |= second > 12 and first <= 12
        ambiguous |= first != second
        if len(found["c"]) == 2:
            short_firsts.add(found["a"])
            short_lasts.add(found["c"])
    if day_first and len(short_lasts) > len(short_firsts):
        return None  # 25-06-05: its years differ more than its days, so it may begin with the year
    if day_first == month_first:
        return None if ambiguous else "ymd"
    return "dmy" if day_first else "mdy"


def order_of_format(text: str) -> str | None:
    """The order in what the user says: one of `ORDERS`, or a pattern with %d and %m."""
    if text.lower() in ORDERS:
        return text.lower()
    if "%d" not in text or not ("%m" in text or "%b" in text or "%B" in text):
        return "ymd" if "%Y-%m-%d" in text else None
    if text.startswith(("%Y", "%y")):
        return "ymd"
    return "dmy" if text.index("%d") < max(text.find("%m"), text.find("%b"), 0) else "mdy"


class Dates:
    """Reads the moments of one file; those without an offset are local times of ``zone``."""

    def __init__(self, zone: str, order: str = "ymd") -> None:
        self.zone = ZoneInfo(zone)
        self.order = order
        self.naive = self.days_only = 0
        self.read_count = 0
        self._offsets: dict[str, tzinfo] = {}

    def read(self, name: str, text: str) -> datetime:
        """The moment, with its own offset or that of the zone. Raises NotUsable."""
        text = text.strip()
        try:
            moment = self._moment(text)
            moment.astimezone(UTC)
        except (ValueError, OverflowError, KeyError, OSError):
            raise NotUsable("not a timestamp", f"{name} is {quoted(text)}") from None
        self.read_count += 1
        return moment

    def _moment(self, text: str) -> datetime:
        _, told, effective = text.partition(" as of ")
        if told and _NUMERIC.fullmatch(effective):
            text = effective  # booked on the first day, done on the second
        if text[4:5] == "-":
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                pass
            else:
                self.days_only += len(text) == 10
                return self._placed(self._shared(moment), None)
        if found := _EPOCH.fullmatch(text):
            scale = 10 ** (3 * ((len(found[1]) - 8) // 3))
            return datetime.fromtimestamp(float(found[1] + (found[2] or "")) / scale, UTC)
        found = _NUMERIC.fullmatch(text) or _NAMED.fullmatch(text) or _COMPACT.fullmatch(text)
        if not found:
            raise ValueError(text)
        return self._built(found)

    def _shared(self, moment: datetime) -> datetime:
        """It, with one object for all equal offsets: a million of their own are 70 MB."""
        if moment.tzinfo is None:
            return moment
        zone = self._offsets.setdefault(str(moment.tzinfo), moment.tzinfo)
        return moment.replace(tzinfo=zone)

    def _built(self, found: re.Match[str]) -> datetime:
        part = found.groupdict()
        self.days_only += part["h"] is None
        hour = int(part["h"] or 0)
        if half := part.get("half"):
            hour = hour % 12 + (12 if half in "pP" else 0)
        fraction = (part.get("f") or "0")[:6].ljust(6, "0")
        year, month, day = self._day(part)
        moment = datetime(  # noqa: DTZ001 - it is placed at once
            year, month, day, hour, int(part["m"] or 0), int(part["s"] or 0), int(fraction)
        )
        return self._placed(moment, part["zone"])

    def _day(self, part: dict[str, str]) -> tuple[int, int, int]:
        if name := part.get("name"):
            month = _MONTHS.index(name[:3].lower()) + 1
            numbers = [each for each in (part["a"], part["b"], part["c"]) if each]
            year = next(each for each in numbers if len(each) == 4)
            numbers.remove(year)
            return int(year), month, int(numbers[0])
        a, b, c = part["a"], part["b"], part["c"]
        if len(a) == 4:
            return int(a), int(b), int(c)
        whole = int(c) + (2000 if len(c) == 2 else 0)
        first, second = int(a), int(b)
        if self.order == "ymd" and len(a) == len(c) == 2:
            return 2000 + first, second, int(c)
        return (whole, second, first) if self.order == "dmy" else (whole, first, second)

    def _placed(self, moment: datetime, zone: str | None) -> datetime:
        if moment.tzinfo is not None:
            return moment
        if zone is None:
            self.naive += 1
            return moment.replace(tzinfo=self.zone)
        if zone not in self._offsets:
            self._offsets[zone] = _offset(zone)
        return moment.replace(tzinfo=self._offsets[zone])


def _offset(text: str) -> tzinfo:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    if "/" in text:
        return ZoneInfo(text)
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return timezone(size if text[0] == "+" else -size)
