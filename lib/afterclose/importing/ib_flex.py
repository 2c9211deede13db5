"""A Flex statement (XML) of Interactive Brokers: executions, matched into round trips.

Matched within an account and a contract. What the broker marks as closing opens nothing. Of a
contract with an execution that cannot be used nothing is matched, since which lot a later
sale closes is not known any more.
"""

from collections.abc import Iterable, Mapping

from afterclose.importing.fifo import Execution, Instrument
from afterclose.importing.flex_actions import without_uncertain
from afterclose.importing.flex_elements import Element, read_elements
from afterclose.importing.flex_execution import ZERO, flex_execution, instrument_of
from afterclose.importing.identity import with_digests
from afterclose.importing.parsed import Asked, NotUsable, Parsed, Unused
from afterclose.importing.round_trips import round_trips
from afterclose.importing.values import Moments, quoted

NAME = "ib-flex"
PREFIX = "ib"

SUMMARY, CONVERSION, REPEATED = (
    "a summary, not an execution",
    "currency conversion",
    "repeated id",
)
HARMLESS = frozenset({SUMMARY, CONVERSION, ZERO, REPEATED})
"""Reasons of elements without which the positions are still known."""

MARKS_AND_BLANKS = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
"""What may stand before the first element: byte order marks, half characters of UTF-16."""


def recognises(data: bytes) -> bool:
    """Whether a file looks like XML; `parse` says what is wrong with it."""
    return data.lstrip(MARKS_AND_BLANKS).startswith(b"<")


def parse(data: bytes, asked: Asked) -> Parsed:
    """Round trips of a statement. Raises InputError for a file that is none."""
    elements = read_elements(data)
    moments = Moments(asked.timezone)
    executions: dict[str, Execution] = {}
    unused: list[Unused] = []
    holes: dict[Instrument, str] = {}
    for element in (each for each in elements if each.tag == "Trade"):
        try:
            _take(element, executions, moments)
        except NotUsable as problem:
            unused.append(problem.at(element.place))
            if problem.reason not in HARMLESS:
                holes.setdefault(instrument_of(element.attributes), element.place)
    known, uncertain = _without_holes(executions.values(), holes)
    found, left_open, unmatched = round_trips(known, PREFIX, "live")
    found, broken = without_uncertain(found, left_open, elements)
    found, _ = with_digests(found, PREFIX, may_be_equal=True)
    actions = sum(each.tag == "CorporateAction" for each in elements)
    return Parsed(
        found=found,
        unused=[*unused, *uncertain, *unmatched, *broken],
        left_open=left_open,
        notes=[f"Corporate actions in the file, not applied: {actions}."] if actions else [],
    )


def _take(element: Element, executions: dict[str, Execution], moments: Moments) -> None:
    """Add one execution; a cancellation takes the one that it cancels away."""
    raw = element.attributes
    if raw.get("levelOfDetail", "EXECUTION") not in ("EXECUTION", ""):
        raise NotUsable(SUMMARY, f"it is a {raw['levelOfDetail'][:20]}")
    if raw.get("assetCategory") == "CASH":
        raise NotUsable(CONVERSION, "a conversion of money is no position")
    if raw.get("transactionType") == "TradeCancel" or "Ca." in raw.get("buySell", ""):
        if executions.pop(raw.get("origTradeID", ""), None) is None:
            raise NotUsable("cancellation", "what it cancels is not in the file before it")
        return
    execution = flex_execution(raw, element.place, moments)
    key = execution.own_id or element.place
    if key in executions:
        what = f"{executions[key].place} has the same tradeID {quoted(key)} and counts"
        raise NotUsable(REPEATED, what)
    executions[key] = execution


def _without_holes(
    executions: Iterable[Execution], holes: Mapping[Instrument, str]
) -> tuple[list[Execution], list[Unused]]:
    """Executions of contracts of which all are known; the others could be matched wrongly."""
    known: list[Execution] = []
    uncertain: list[Unused] = []
    for execution in executions:
        hole = holes.get(execution.instrument)
        if hole is None:
            known.append(execution)
            continue
        what = f"{hole} of this contract could not be used, so its position is not known"
        uncertain.append(Unused(execution.place, "beside an execution that is missing", what))
    return known, uncertain
