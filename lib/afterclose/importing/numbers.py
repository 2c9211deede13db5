"""Numbers as people's exports write them, decided over a whole column and never cell by cell.

"1,234" is 1234 in one country and 1.234 in another: what one cell leaves open another settles.
Strict beyond that: digits of other scripts, underscores and words are no numbers, and a price
that was guessed is worse than a row that is named and left out.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from afterclose.importing.parsed import NotUsable
from afterclose.importing.values import LARGEST, LONGEST_NUMBER_CHARACTERS, is_blank, quoted

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)?(?:\.\d*)?", re.ASCII)
_COMMA = re.compile(
    r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?(?:(?<=[\d,])[eE][+-]?\d{1,3})?", re.ASCII
)
_AROUND = re.compile(r"^(?:[A-Z]{3}\s|[$€£¥₹])+|(?:\s?[A-Z]{3,5}|\s?[$€£¥₹%])$")
_SPACES = re.compile(r"(?<=\d)[\s'\u2019\u00a0\u202f](?=\d{3})")


def decimal_mark(values: Iterable[str]) -> str | None:
    """The mark before the fraction; None where the values can be read both ways."""
    marked = [_bare(value) for value in values if "," in value]
    point = sum(bool(_POINT.fullmatch(value)) for value in marked)
    comma = sum(bool(_COMMA.fullmatch(value)) for value in marked)
    if not marked or point > comma:
        return "."
    return "," if comma > point else None


@lru_cache(maxsize=1 << 16)
def read_number(name: str, text: str, mark: str = ".") -> Decimal:
    """A number of a column whose decimal mark is known. Raises NotUsable naming the column.

    Equal texts give one object: sizes and fees of a million fills are a few.
    """
    if is_blank(text):
        raise NotUsable("missing value", f"{name} is empty")
    if len(text) > LONGEST_NUMBER_CHARACTERS:
        raise NotUsable("not a number", f"{name} is {quoted(text)}")
    found = text.strip()
    if not _PLAIN.fullmatch(found) or mark == ",":
        found = _bare(found)
        pattern, thousands = (_COMMA, ".") if mark == "," else (_POINT, ",")
        if not pattern.fullmatch(found) or not any(map(str.isdigit, found)):
            raise NotUsable("not a number", f"{name} is {quoted(text)}")
        found = found.replace(thousands, "").replace(",", ".")
    number = Decimal(found)
    if abs(number) > LARGEST:
        raise NotUsable("number out of range", f"{name} is {quoted(text)}")
    return number


def _bare(text: str) -> str:
    """Without currency and percent signs, thousands spaces, and brackets for below 0."""
    text = text.strip().replace("\u2212", "-")
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    sign = "-" if text.startswith("-") else ""
    text = _AROUND.sub("", text.lstrip("+-").strip()).strip()
    return _SPACES.sub("", sign + text)
