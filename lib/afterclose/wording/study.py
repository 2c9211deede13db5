"""A study in words and one table, and its place in a page among others.

Made from the plain dictionary, as it is in the job's JSON.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from afterclose.wording.evaluation import measure_rows
from afterclose.wording.tables import table_lines

WIDTH_CHARACTERS: Final = 80
HEADER: Final = ("Metric", "Rules-Only", "Rules+ML", "Difference", "95 % interval")


def study_text(study: Mapping[str, Any]) -> str:
    """The section STUDY of a `afterclose.study.study.Study`."""
    rule = "=" * WIDTH_CHARACTERS
    title = title_of(study["data"], study["recipe"])
    return "\n".join([rule, f"STUDY: {title}", rule, *_body(study)])


def title_of(data: str, recipe: Sequence[str]) -> str:
    """A file's name, and the settings that are not the defaults: one study is not the other."""
    return ", ".join([data, *recipe])


def page_with(page: str, title: str, section: str) -> str:
    """``page`` (Markdown) with this section in place of the one of that title, or added."""
    begin, end = f"<!-- study of {title} -->", "<!-- end of study -->"
    block = f"{begin}\n```text\n{section}\n```\n{end}"
    known = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if known.search(page):
        return known.sub(lambda _: block, page)
    return f"{page.rstrip()}\n\n{block}\n".lstrip()


def _body(study: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Sessions: {study['first_session']} to {study['last_session']}, "
        f"calendar {study['calendar']} | Symbols: {study['symbols']}"
    )
    yield from (f"Bars left out, {why}: {rows}" for why, rows in study["bars_left_out"].items())
    yield f"Trades of the rules: {study['trades']}"
    yield (
        f"Cycles: {study['cycles']}, one a month | Candidates: {study['candidates']} | "
        f"Promoted: {len(study['promotions'])}"
    )
    yield from (f"  {each['model_id']} after {each['session']}" for each in study["promotions"])
    if study["refused"]:
        yield "Candidates refused, by gate (one may be refused by several):"
        yield from (
            f"  {gate.replace('_', ' ')}: {count}" for gate, count in study["refused"].items()
        )
    yield ""
    if not study["promotions"]:
        yield "No candidate passed every gate: the rules traded alone, and nothing changed."
        return
    yield (
        f"Trades entered while a model was active: {study['after_promotion']}, "
        f"of which {study['blocked']} were blocked"
    )
    yield ""
    yield from table_lines(HEADER, measure_rows(study, "rules_only", "rules_ml"))
    yield ""
    yield _reading("Expectancy", study["differences"].get("expectancy"), "higher", "lower")
    tail = study["differences"].get("expected_shortfall_5")
    yield _reading("Tail risk", tail, "lower", "higher")


def _reading(what: str, difference: Mapping[str, Any] | None, above: str, below: str) -> str:
    """What the interval allows to be said; ``above`` is the word where ML less rules is above 0."""
    if difference is None or difference["low"] is None or difference["high"] is None:
        return f"{what}: too few trades to tell the filter from luck."
    if difference["low"] <= 0 <= difference["high"]:
        word = above if difference["value"] > 0 else below
        equal = difference["value"] == 0
        found = "the same" if equal else f"{word} with the filter"
        return f"{what}: {found}, but the interval holds 0: this may as well be luck."
    return f"{what}: {above if difference['low'] > 0 else below} with the filter, beyond luck."
