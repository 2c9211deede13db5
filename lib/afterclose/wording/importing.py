"""An import in words and counts. Made from the plain dictionary, as it is in the job's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from afterclose.wording.printable import printable
from afterclose.wording.tables import section

MOST_NAMED = 5
"""Trades of a kind that are named; all of them are in the JSON."""


def import_text(details: Mapping[str, Any]) -> str:
    """The section LEDGER IMPORT: the receipt."""
    return section("LEDGER IMPORT", map(printable, _lines(details)))


def _lines(details: Mapping[str, Any]) -> Iterator[str]:
    dry = details["dry_run"]
    yield f"File: {details['file']} (format {details['format']}: {details['title']})"
    yield f"Records read: {details['records']}"
    yield f"Usable trades in the file: {details['usable']} ({details['open']} of them open)"
    yield from _money(details)
    if details["problems"]:
        yield "REFUSED, nothing was written. It cannot be told from the file:"
        yield from (f"  - {problem}" for problem in details["problems"])
    else:
        yield f"{'Would be added' if dry else 'Added'} to {details['ledger']}: {details['added']}"
        yield f"Changed since an earlier import, appended anew: {details['changed']}"
        yield from (f"  {each}" for each in details["changed_ids"][:MOST_NAMED])
        yield f"Already there: {details['unchanged']}"
        yield from _some("Trades that this longer history shows to be none", details["undone_ids"])
        yield from _some("Conflicts of ids", details["conflicts"])
    yield from _left_out(details)
    yield from details["notes"]
    yield from _features(details)
    yield f"With MAE: {details['with_mae']} | Unknown: {details['usable'] - details['with_mae']}"
    yield from (f"Bars left out, {why}: {rows}" for why, rows in details["bars_left_out"].items())
    if dry:
        yield "Dry run: nothing was written."


def _money(details: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Closed decisions: {details['closed']} ({details['long']} long, {details['short']} short)"
    )
    if not details["closed"]:
        return
    yield f"From {details['first_entry']} to {details['last_exit']}"
    for currency, sums in sorted(details["by_currency"].items()):
        yield f"Net PnL in {currency}: {sums['net_pnl']:,.2f} | Fees: {sums['fees']:,.2f}"
    if details["by_currency"]:
        yield "There is no sum over currencies; money views of this scope add them as they are."
    else:
        yield f"Net PnL: {details['net_pnl']:,.2f} | Fees: {details['fees']:,.2f}"
    if details["stated_pnl"] is not None:
        yield (
            f"PnL that the file states: {details['stated_pnl']:,.2f} (difference "
            f"{details['stated_difference']:+,.2f})"
        )


def _left_out(details: Mapping[str, Any]) -> Iterator[str]:
    count = len(details["unused"])
    sums = [entry["pnl"] for entry in details["left_out"] if entry["pnl"] is not None]
    money = f", {sum(sums):,.2f}" if sums else ""
    yield f"Left out: {count} records{money}"
    for entry in details["left_out"]:
        own = "" if entry["pnl"] is None else f", {entry['pnl']:,.2f}"
        yield f"  {entry['reason']}: {entry['count']}{own} (first: {entry['first']})"


def _features(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"With features: {details['with_features']} | Without: {details['without_features']}"
    for reason, count in details["no_features_because"].items():
        yield f"  {reason}: {count}"
    if details["without_features"] and not details["bars"]:
        yield (
            f"The dataset will reject those without ({details['without_features']}): there is "
            "nothing to learn from. --features rsi,atr (FEATURES=rsi,atr) names columns that the "
            "decision knew; --bars prices.csv (BARS=prices.csv) adds features from daily prices "
            "known before each entry."
        )
    elif details["without_features"]:
        yield f"The dataset will reject those without ({details['without_features']})."


def _some(title: str, sentences: list[str]) -> Iterator[str]:
    if not sentences:
        return
    yield f"{title}: {len(sentences)}"
    yield from (f"  {each}" for each in sentences[:MOST_NAMED])
    if len(sentences) > MOST_NAMED:
        yield f"  and {len(sentences) - MOST_NAMED} more (--json names all)"
