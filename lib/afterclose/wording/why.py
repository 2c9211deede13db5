"""A verdict in words: what it was, what each feature added to it, what came of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from afterclose.wording.printable import printable

RULE: Final = "=" * 80


def why_text(answer: Mapping[str, Any]) -> str:
    """The section WHY of one answer of `afterclose.operating.why`."""
    verdict = answer["verdict"]
    what = printable(" ".join(filter(None, (verdict["symbol"], verdict["side"])))) or "an entry"
    head = [RULE, f"WHY: {what} at {printable(verdict['at'])}", RULE]
    parts, outcome = _parts(answer["explanation"]), _outcome(answer["outcome"])
    return "\n".join([*head, *_verdict(verdict), "", *parts, "", outcome])


def _verdict(verdict: Mapping[str, Any]) -> Iterator[str]:
    if verdict["trade_id"]:
        yield f"Trade: {printable(verdict['trade_id'])}"
    size = verdict["size_multiplier"]
    yield f"Verdict: {'allowed' if verdict['allowed'] else 'BLOCKED'} ({verdict['reason']})"
    if verdict["risk_score"] is not None:
        yield f"Risk score: {verdict['risk_score']:.3f}, blocked above {verdict['threshold']:.3f}"
    if 0 < size < 1:
        yield f"Size: {size:.0%} of what the rules wanted"
    yield f"Model: {verdict['model_id'] or 'none (rules only)'}, session {verdict['session']}"


def _parts(explanation: Mapping[str, Any]) -> Iterator[str]:
    if problem := explanation.get("problem"):
        yield f"No contributions: {problem}"
        return
    yield f"{'Log-odds of a bad trade':<40}{'value':>12}{'adds':>10}"
    yield f"{'an entry that is average in everything':<40}{'':>12}{explanation['base']:>+10.3f}"
    for part in explanation["contributions"]:
        name, value = part["feature"], part["value"]
        yield f"{printable(name):<40}{_value(name, value):>12}{part['log_odds']:>+10.3f}"
    total = f"{explanation['log_odds']:+.3f}"
    yield f"{'together':<40}{'':>12}{total:>10}  = risk score {explanation['risk_score']:.3f}"


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "missing"
    return f"{value:.2%}" if name.endswith("_pct") else f"{value:.4g}"


def _outcome(outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "What came of it: not known (yet): no ledger has a trade of that id"
    followed = "followed on paper" if outcome["source"] == "shadow" else "traded"
    if not outcome["closed"]:
        return f"What came of it: {followed}, still open"
    mae = "" if outcome["mae_pct"] is None else f", at worst {outcome['mae_pct']:+.2%}"
    how = printable(str(outcome["exit_type"] or "closed"))
    return f"What came of it: {followed}, {how} at {outcome['pnl_pct']:+.2%} net of fees{mae}"
