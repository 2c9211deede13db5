"""A verdict in words: what it was, what each feature added to it, what came of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from afterclose.wording.printable import printable
from afterclose.wording.tables import section

FRACTION: Final = "fraction"
"""The unit of a feature that people read in percent."""

_HEADINGS: Final = {
    "log-odds": ("Log-odds of a bad trade", ""),
    "R": ("Expected loss in R, twice the ATR", " R"),
    "atr_pct": ("Average true range, as a fraction", ""),
}
"""For each unit of an explanation: what its parts add up to, and what stands behind each."""


def why_text(answer: Mapping[str, Any]) -> str:
    """The section WHY of one answer of `afterclose.operating.why`."""
    verdict = answer["verdict"]
    what = printable(" ".join(filter(None, (verdict["symbol"], verdict["side"])))) or "an entry"
    parts, outcome = _parts(answer["explanation"]), _outcome(answer["outcome"])
    title = f"WHY: {what} at {printable(verdict['at'])}"
    return section(title, [*_verdict(verdict), "", *parts, "", outcome])


def _verdict(verdict: Mapping[str, Any]) -> Iterator[str]:
    if verdict["trade_id"]:
        yield f"Trade: {printable(verdict['trade_id'])}"
    size = verdict["size_multiplier"]
    yield f"Verdict: {'allowed' if verdict['allowed'] else 'BLOCKED'} ({verdict['reason']})"
    if verdict["risk_score"] is not None:
        mode = f" ({verdict['threshold_mode']})" if verdict.get("threshold_mode") else ""
        above = f"{verdict['threshold']:.3f}{mode}"
        yield f"Risk score: {verdict['risk_score']:.3f}, blocked above {above}"
    if 0 < size < 1:
        yield f"Size: {size:.0%} of what the rules wanted"
    yield f"Model: {verdict['model_id'] or 'none (rules only)'}, session {verdict['session']}"


def _parts(explanation: Mapping[str, Any]) -> Iterator[str]:
    if problem := explanation.get("problem"):
        yield f"No contributions: {problem}"
        return
    heading, suffix = _HEADINGS[explanation["unit"]]
    yield f"{heading:<40}{'value':>12}{'adds':>10}"
    average, base = "an entry that is average in everything", explanation["base"]
    yield f"{average:<40}{'':>12}{base:>+10.3f}{suffix}"
    for part in explanation["contributions"]:
        name = printable(part["feature"]) + (f" ({part['unit']})" if part["unit"] else "")
        yield f"{name:<40}{_value(part):>12}{part['adds']:>+10.3f}{suffix}"
    total, risk = f"{explanation['total']:+.3f}", explanation["risk_score"]
    rank = "" if explanation["unit"] == "log-odds" else f": {risk:.0%} of training looked better"
    yield f"{'together':<40}{'':>12}{total:>10}{suffix}  = risk score {risk:.3f}{rank}"


def _value(part: Mapping[str, Any]) -> str:
    value = part["value"]
    if value is None:
        return "missing"
    return f"{value:.2%}" if part["unit"] == FRACTION else f"{value:.4g}"


def _outcome(outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "What came of it: not known (yet): no ledger has a trade of that id"
    followed = "followed on paper" if outcome["source"] == "shadow" else "traded"
    if not outcome["closed"]:
        return f"What came of it: {followed}, still open"
    mae = "" if outcome["mae_pct"] is None else f", at worst {outcome['mae_pct']:+.2%}"
    how = printable(str(outcome["exit_type"] or "closed"))
    return f"What came of it: {followed}, {how} at {outcome['pnl_pct']:+.2%} net of fees{mae}"
