"""The registry in words, as a person sees it."""

import msgspec

from afterclose.nightly.journal import Journal
from afterclose.nightly.status import current_status
from afterclose.scope_files import JOURNAL_FILE
from afterclose.settings import Settings
from afterclose.wording.registry import candidates_text, promotion_text, status_text
from registry_builders import CLOSE, METRICS, NOW, A, B, C, publish_model, registry_of

RULE = "=" * 80
BLOCKS = "0.613 (share, the riskiest 20 %)"


def test_a_promotion_names_the_new_model_and_the_one_before() -> None:
    assert promotion_text(B, A, BLOCKS, changed=True).splitlines() == [
        RULE,
        "MODEL PROMOTION",
        RULE,
        f"Active model: {B}",
        f"Threshold: {BLOCKS}",
        f"Previous active: {A}",
        "The trading process loads it when its next session begins.",
    ]


def test_a_promotion_against_the_gates_says_first_what_they_had_against_it() -> None:
    against = ("1 of 14 gates refuse it: more money.", "Would have earned 3 less than ...")
    text = promotion_text(A, None, "0.5 (tuned)", changed=True, overruled=against)
    assert text.splitlines()[3:7] == [*against, "Promoted all the same.", f"Active model: {A}"]


def test_a_first_promotion_had_the_rules_alone_before_it() -> None:
    assert "Previous active: none (rules only)" in promotion_text(A, None, BLOCKS, changed=True)


def test_a_promotion_of_the_active_model_says_that_nothing_changed() -> None:
    assert promotion_text(A, B, BLOCKS, changed=False).splitlines()[-2:] == [
        f"{A} is active already; nothing changed.",
        f"Threshold: {BLOCKS}",
    ]


def test_models_are_listed_newest_first_with_state_and_figures(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A, B)
    account = {"differences": {"rules_only": {"net_pnl": {"value": -3120.4}}}}
    figures = {"walk_forward": {"account": account}, "gates": {"passed": False}}
    registry.register_candidate(A, METRICS, figures, now=NOW)
    registry.promote_candidate(A, now=NOW)
    publish_model(settings.model_dir, C, evaluated=False)
    shared = {"threshold": 0.613, "threshold_mode": "share", "test_auc": None}
    registry.register_candidate(C, shared, now=NOW)
    lines = candidates_text(registry.list_models(), 0.55).splitlines()
    assert lines[1] == "CANDIDATES"
    assert lines[3].split() == [
        "Model", "State", "Registered", "Threshold", "Gates", "AUC", "PnL", "less", "rules",
    ]  # fmt: skip
    day, fixed = "2026-01-27", ["0.550", "fixed"]
    assert lines[4].split() == [C, "candidate", day, "0.613", "share", "-", "-", "not", "evaluated"]
    assert lines[5].split() == [B, "candidate", day, *fixed, "-", "0.580", "not", "counted"]
    assert lines[6].split() == [A, "active", day, *fixed, "refuse", "0.580", "-3,120"]
    assert all(len(line) <= 80 for line in lines)


def test_without_models_it_says_so() -> None:
    assert "No model waits for a promotion." in candidates_text({}, 0.5)


def status_lines(settings: Settings, *alerts: str) -> list[str]:
    status = current_status(settings, NOW, alerts)
    plain = msgspec.json.decode(msgspec.json.encode(status))
    return status_text(plain).splitlines()[3:]


def test_the_status_of_an_empty_scope(settings: Settings) -> None:
    assert status_lines(settings) == [
        "Active model: none (rules only)",
        "Threshold: share, the riskiest 20 % (of the next model)",
        "Previous active: none",
        "Locked: no",
        "Candidates: 0",
        "Dataset: none",
        "Last cycle: none yet",
        "Alerts: none",
    ]


def test_the_status_of_a_working_scope(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A, B)
    registry.promote_candidate(A, "better", now=NOW)
    registry.lock("2026-01-28", CLOSE, A, now=NOW)
    journal = Journal(settings.root / JOURNAL_FILE)
    journal.failed(journal.start("cycle", NOW, session="2026-01-27"), "disk full")
    assert status_lines(settings, "cron has stopped") == [
        f"Active model: {A}",
        "  promoted 2026-01-27 21:30 UTC by tester@desk: better",
        "Threshold: 0.500 (fixed, ML_RISK_THRESHOLD)",
        "Previous active: none",
        f"Locked: session 2026-01-28 on {A}, until 2026-01-28 21:30 UTC",
        f"Candidates: 1, the newest is {B}",
        "Dataset: none",
        "Last cycle: session 2026-01-27, FAILED, 1 failed so far: disk full",
        "Alerts: 2",
        "  - the cycle of session 2026-01-27 failed: disk full; it is tried again at the next tick",
        "  - cron has stopped",
    ]


def test_escape_codes_in_a_reason_do_not_reach_the_terminal(settings: Settings) -> None:
    registry = registry_of(settings.model_dir, A)
    registry.promote_candidate(A, "\x1b[2Jgone\nAlerts: none", now=NOW)
    lines = status_lines(settings)
    assert lines[1].endswith(" [2Jgone Alerts: none")
    assert not any("\x1b" in line for line in lines)
