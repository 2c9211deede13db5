"""Every alert that the product can give has its section in the runbook."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from afterclose.monitoring.alerts import REMEDIES
from repository import REPOSITORY

PACKAGE = REPOSITORY / "lib" / "afterclose"
PAGE = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
RUNBOOK = " ".join(PAGE.split())
SECTIONS = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
RULES = REPOSITORY / "deploy" / "prometheus" / "afterclose.rules.yml"

SOURCES = (
    "nightly/health.py",
    "nightly/filter_health.py",
    "nightly/status.py",
    "monitoring/alerts.py",
)
"""Whose functions yield alerts."""

SAID_ELSEWHERE = {"str(error)"}
"""Sentences of errors that are passed on; the calendar's has its section by hand."""

LONG_ENOUGH = 12
"""Characters of a piece that tells one alert from another."""


def alert_templates() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where each alert is yielded, and the pieces of its sentence that do not vary."""
    for source in SOURCES:
        tree = ast.parse((PACKAGE / source).read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and "Iterator[str]" in ast.unparse(
                function.returns or ast.Constant("")
            ):
                yield from _yielded(source, function)


def _yielded(source: str, function: ast.FunctionDef) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Yield) and node.value is not None:
            text = [
                part.value for part in ast.walk(node.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]  # fmt: skip
            by_kind = text[:1] == [" alarm: "]  # of the monitor: a section each, below
            if text and not by_kind and ast.unparse(node.value) not in SAID_ELSEWHERE:
                yield f"{source}:{node.lineno}", tuple(text)


ALERTS = dict(alert_templates())


def test_all_alerts_of_the_code_are_looked_at() -> None:
    assert len(ALERTS) >= 18


@pytest.mark.parametrize("where", sorted(ALERTS))
def test_an_alert_is_quoted_in_the_runbook(where: str) -> None:
    pieces = [piece.strip() for piece in ALERTS[where] if len(piece.strip()) >= LONG_ENOUGH]
    assert pieces, f"{where}: nothing in this alert tells it from another"
    said = [piece for piece in pieces if piece in RUNBOOK]
    assert said, f"{where}: none of {pieces} is in docs/runbook.md"


def test_both_alerts_of_a_crontab_line_are_quoted() -> None:
    health = (PACKAGE / "nightly" / "health.py").read_text(encoding="utf-8")
    for said in ("its next good run ends this", "after its time limit of"):
        assert said in health
        assert said in RUNBOOK


@pytest.mark.parametrize("kind", sorted(REMEDIES))
def test_an_alarm_of_the_monitor_has_its_section(kind: str) -> None:
    assert any(section.startswith(f"{kind.capitalize()} alarm\n") for section in SECTIONS)
    assert REMEDIES[kind].meaning in RUNBOOK


def test_every_rule_of_prometheus_has_its_section() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert [name for name in names if f"`{name}`" not in RUNBOOK] == []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.partition("\n")[0])
def test_a_section_answers_all_four_questions(section: str) -> None:
    for question in ("**Means.**", "**See.**", "**Do.**", "**Else.**"):
        assert question in section
