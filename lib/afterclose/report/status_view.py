"""The operator's status at a glance: cards on the scope's page, rows at the terminal."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from afterclose.report.conclusion import Tone
from afterclose.wording.numbers import count, counted, minute, typeset
from afterclose.wording.printable import printable
from afterclose.wording.registry import threshold_words

OUTCOMES: Final[dict[str, tuple[str, Tone]]] = {
    "COMPLETED": ("done", "good"),
    "SKIPPED": ("nothing to do", "unsure"),
    "FAILED": ("failed", "bad"),
    "STARTED": ("did not end", "bad"),
    "STOPPED": ("was stopped", "unsure"),
}


class Card(NamedTuple):
    """One thing to know at a glance; ``link`` is a page inside the scope, or empty."""

    label: str
    value: str
    link: str
    notes: list[str]


def cards(status: Mapping[str, Any], pages: Mapping[str, str]) -> list[Card]:
    """The cards for a status in plain values; ``pages`` are the models' pages as links."""
    return [
        _active(status, pages),
        _lock(status["lock"]),
        _cycle(status["last_cycle"]),
        Card("Candidates waiting", count(status["candidates"]["count"]), "", []),
        _dataset(status["dataset"]),
    ]


def _active(status: Mapping[str, Any], pages: Mapping[str, str]) -> Card:
    active, blocks = status["active_model"], f"Threshold {typeset(threshold_words(status))}"
    if active is None:
        return Card("Active model", "none", "", ["The rules trade alone.", blocks])
    since = f"since {minute(active['since'])}, by {printable(active['promoted_by'])}"
    why = [printable(active["reason"])] if active["reason"] else []
    return Card("Active model", active["id"], pages.get(active["id"], ""), [since, *why, blocks])


def _lock(lock: Mapping[str, Any] | None) -> Card:
    if lock is None:
        return Card("Locked", "no", "", ["Promotions are possible."])
    pinned = f"on {lock['model_id'] or 'the rules alone'}"
    return Card(
        "Locked", f"session {lock['session']}", "", [pinned, f"until {minute(lock['until'])}"]
    )


def _cycle(cycle: Mapping[str, Any] | None) -> Card:
    if cycle is None:
        return Card("Last cycle", "none yet", "", [])
    outcome, _ = OUTCOMES[cycle["outcome"]]
    notes = [f"session {cycle['session']}", printable(cycle["reason"])]
    return Card("Last cycle", outcome, "", list(filter(None, notes)))


def _dataset(dataset: Mapping[str, Any] | None) -> Card:
    if dataset is None:
        return Card("Dataset", "none", "", [])
    return Card("Dataset", counted(dataset["rows"], "trade"), "", [dataset["version"]])
