"""An import in words and counts. Made from the plain dictionary, as it is in the job's JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afterclose.wording.printable import printable

RULE = "=" * 80

MOST_OPEN = 5
"""Open positions that are named; all of them are in the JSON."""


def import_text(details: Mapping[str, Any]) -> str:
    """The section LEDGER IMPORT."""
    return "\n".join([RULE, "LEDGER IMPORT", RULE, *map(printable, _lines(details))])


def reasons_of(unused: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The reasons with their counts and the first place and sentence, most frequent first."""
    reasons: dict[str, dict[str, Any]] = {}
    for each in unused:
        entry = reasons.setdefault(
            each["reason"],
            {"reason": each["reason"], "count": 0, "first": f"{each['place']}: {each['detail']}"},
        )
        entry["count"] += 1
    return sorted(reasons.values(), key=lambda entry: -entry["count"])


def _lines(details: Mapping[str, Any]) -> Iterator[str]:
    dry = details["dry_run"]
    yield f"File: {details['file']} (format {details['format']})"
    yield f"Usable trades in the file: {details['usable']} ({details['open']} of them open)"
    yield f"{'Would be added' if dry else 'Added'} to {details['ledger']}: {details['added']}"
    yield f"Changed since an earlier import, appended anew: {details['changed']}"
    yield f"Already there: {details['unchanged']}"
    yield from _left_open(details["left_open"])
    yield f"Could not be used: {len(details['unused'])}"
    for entry in reasons_of(details["unused"]):
        yield f"  {entry['reason']}: {entry['count']} (first: {entry['first']})"
    yield from details["notes"]
    yield f"With features: {details['with_features']} | Without: {details['without_features']}"
    for reason, count in details["no_features_because"].items():
        yield f"  {reason}: {count}"
    if details["without_features"] and not details["bars"]:
        yield (
            f"The dataset will reject those without ({details['without_features']}): there is "
            "nothing to learn from. --bars prices.csv (BARS=prices.csv) adds features from "
            "daily prices known before each entry."
        )
    elif details["without_features"]:
        yield f"The dataset will reject those without ({details['without_features']})."
    yield f"With MAE: {details['with_mae']} | Unknown: {details['usable'] - details['with_mae']}"
    yield from (f"Bars left out, {why}: {rows}" for why, rows in details["bars_left_out"].items())
    if dry:
        yield "Dry run: nothing was written."


def _left_open(positions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not positions:
        return
    yield f"Left open by the fills, not written: {len(positions)}"
    for each in positions[:MOST_OPEN]:
        yield (
            f"  {each['place']}: {each['side']} {each['quantity']:g} {each['symbol']} at "
            f"{each['entry_price']:g}"
        )
    if len(positions) > MOST_OPEN:
        yield f"  and {len(positions) - MOST_OPEN} more (--json names all)"
