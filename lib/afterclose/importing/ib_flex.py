"""A Flex file (XML) of Interactive Brokers: executions, orders or confirmations.

Matched within an account and a contract. What the broker marks as closing opens nothing. Of a
contract with an execution that cannot be used nothing is matched, since which lot a later
sale closes is not known any more. Where a file has executions and orders, which are sums of
them, the executions count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from afterclose.errors import InputError
from afterclose.importing.dates import Dates
from afterclose.importing.decisions import closing_money, pieces_of, with_orders
from afterclose.importing.fifo import match_fifo
from afterclose.importing.flex_actions import without_uncertain
from afterclose.importing.flex_elements import Element, read_elements
from afterclose.importing.flex_execution import ZERO, flex_execution, instrument_of
from afterclose.importing.parsed import Execution, NotUsable, Options, Parsed, Unused
from afterclose.importing.splits import split_fills
from afterclose.importing.values import quoted

NAME = "ib-flex"

SUMMARY, CONVERSION, REPEATED, UNKNOWN_ENTRY = (
    "a summary, not an execution",
    "currency conversion",
    "repeated id",
    "closes what the file does not open",
)
HARMLESS = frozenset({SUMMARY, CONVERSION, ZERO, REPEATED})
"""Reasons of elements without which the positions are still known."""

LEVELS = {"Trade": ("EXECUTION", ""), "TradeConfirm": ("EXECUTION", ""), "Order": ("ORDER", "")}


def parse(data: bytes, options: Options) -> Parsed:
    """Trips of a statement. Raises InputError for a file that has none."""
    elements = read_elements(data)
    tag = _kind(elements)
    dates = Dates(options.timezone)
    executions: dict[str, Execution] = {}
    unused: list[Unused] = []
    holes: dict[tuple[str, str], str] = {}
    mine = [each for each in elements if each.tag == tag]
    for element in mine:
        try:
            _take(element, executions, dates)
        except NotUsable as problem:
            unused.append(problem.at(element.place))
            if problem.reason not in HARMLESS:
                holes.setdefault(instrument_of(element.attributes), element.place)
    known, uncertain = _without_holes(executions.values(), holes)
    found = match_fifo(with_orders(split_fills(known, options.splits)), options.long_only)
    unused += uncertain
    unused += [
        Unused(
            lot.execution.place,
            UNKNOWN_ENTRY,
            f"{closing_money(lot)}, opened before this file begins; import one that reaches back",
        )
        for lot in found.unmatched
    ]
    trips, broken = without_uncertain(pieces_of(found), elements)
    actions = sum(each.tag == "CorporateAction" for each in elements)
    return Parsed(
        name=NAME, title="Interactive Brokers Flex", source="live", trips=trips,
        unused=[*unused, *broken], records=len(mine), in_new_shares=True,
        notes=[f"Corporate actions in the file, not applied: {actions}."] if actions else [],
    )  # fmt: skip


def _kind(elements: Sequence[Element]) -> str:
    counts = Counter(each.tag for each in elements)
    for tag, levels_of_tag in LEVELS.items():
        fine = [
            each for each in elements
            if each.tag == tag and each.attributes.get("levelOfDetail", "") in levels_of_tag
        ]  # fmt: skip
        if fine:
            return tag
    seen = ", ".join(f"{count} {tag}" for tag, count in counts.items()) or "no such element"
    levels = sorted({each.attributes.get("levelOfDetail", "") for each in elements} - {""})
    raise InputError(
        f"no executions in it: there are {seen}"
        + (f" of the level {', '.join(levels)}" if levels else "")
        + ". Export an Activity Flex query with the section Trades at the level Execution, or a "
        "Trade Confirmation query"
    )


def _take(element: Element, executions: dict[str, Execution], dates: Dates) -> None:
    """Add one execution; a cancellation takes the one that it cancels away."""
    raw = element.attributes
    if raw.get("levelOfDetail", "") not in (*LEVELS[element.tag], ""):
        raise NotUsable(SUMMARY, f"it is a {raw['levelOfDetail'][:20]}")
    if raw.get("assetCategory") == "CASH":
        raise NotUsable(CONVERSION, "a conversion of money is no position")
    if raw.get("transactionType") == "TradeCancel" or "Ca." in raw.get("buySell", ""):
        if executions.pop(raw.get("origTradeID", ""), None) is None:
            raise NotUsable("cancellation", "what it cancels is not in the file before it")
        return
    execution = flex_execution(raw, element.place, dates)
    key = execution.own_id or element.place
    if key in executions:
        what = f"{executions[key].place} has the same tradeID {quoted(key)} and counts"
        raise NotUsable(REPEATED, what)
    executions[key] = execution


def _without_holes(
    executions: Iterable[Execution], holes: Mapping[tuple[str, str], str]
) -> tuple[list[Execution], list[Unused]]:
    """Executions of contracts of which all are known; the others could be matched wrongly."""
    known: list[Execution] = []
    uncertain: list[Unused] = []
    for execution in executions:
        hole = holes.get((execution.account, execution.symbol))
        if hole is None:
            known.append(execution)
            continue
        what = f"{hole} of this contract could not be used, so its position is not known"
        uncertain.append(Unused(execution.place, "beside an execution that is missing", what))
    return known, uncertain
