"""Splits, mergers and the like, which change a position without an execution.

They are not applied: a statement says what happened to the broker's position, not to single
lots. If a position was open through one, the quantities after it are not known, so nothing
that was closed from that day on is believed. A contract that was flat goes on as before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from afterclose.importing.flex_elements import Element
from afterclose.importing.flex_execution import flex_time
from afterclose.importing.parsed import Trip, Unused

NEVER = "9999-12-31"
DAY_CHARACTERS = len(NEVER)


def without_uncertain(
    trips: Sequence[Trip], elements: Iterable[Element]
) -> tuple[list[Trip], list[Unused]]:
    """The trades that no corporate action made uncertain, and the others."""
    held = defaultdict(list)
    for symbol, entered, left in _spans(trips):
        held[symbol].append((entered, left))
    since = {
        symbol: next((day for day in sorted(days) if _open_on(day, held[symbol])), NEVER)
        for symbol, days in _action_days(elements).items()
    }
    kept: list[Trip] = []
    unused: list[Unused] = []
    for trip in trips:
        day = since.get(trip.symbol, NEVER)
        if trip.exit_moment is None or _day(trip.exit_moment) < day:
            kept.append(trip)
        else:
            when = day or "an unknown day"
            what = f"{trip.symbol} was held through one on {when}, and it is not applied"
            unused.append(Unused(trip.places, "corporate action", what))
    return kept, unused


def _spans(trips: Iterable[Trip]) -> Iterator[tuple[str, str, str]]:
    """Symbol, first and last day of everything that was held."""
    for trip in trips:
        left = NEVER if trip.exit_moment is None else _day(trip.exit_moment)
        yield trip.symbol, _day(trip.entry_moment), left


def _open_on(day: str, spans: Iterable[tuple[str, str]]) -> bool:
    """Also of an action without a day (empty), which may have been on any."""
    return not day or any(entered <= day <= left for entered, left in spans)


def _action_days(elements: Iterable[Element]) -> Mapping[str, list[str]]:
    """Days (ISO 8601) by symbol; a contract's actions count for all its symbols."""
    elements = list(elements)
    of_contract = defaultdict(set)
    for element in elements:
        raw = element.attributes
        of_contract[raw.get("conid", "")].add(raw.get("symbol", "").strip())
    days: dict[str, list[str]] = defaultdict(list)
    for element in elements:
        raw = element.attributes
        if element.tag == "CorporateAction":
            moment = raw.get("dateTime") or raw.get("reportDate", "")
            own = {raw.get("symbol", "").strip()}
            names = of_contract[raw["conid"]] if raw.get("conid") else own
            for symbol in names:
                days[symbol].append(_iso_day(flex_time({"dateTime": moment})))
    return days


def _iso_day(text: str) -> str:
    return _day(text) if text[4:5] == "-" else ""


def _day(moment: object) -> str:
    return str(moment)[:DAY_CHARACTERS]
