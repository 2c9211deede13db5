"""The closing section of a cycle, with the line to copy for a promotion."""

import shlex

from lib.settings import Settings

RULE = "=" * 80

CONTAINER_LOGS_DIR = "/logs"
"""Where the image keeps its volume: a path that means nothing on the host."""


def cycle_text(
    model_id: str | None, *, reason: str, previous_active: str | None, command: str
) -> str:
    """The section OFFLINE ML CYCLE COMPLETE; without a ``model_id`` it says why there is none."""
    lines = [RULE, "OFFLINE ML CYCLE COMPLETE", RULE]
    if model_id is None:
        lines += ["New candidate: none", f"Reason: {reason}"]
    else:
        lines += [
            f"New candidate: {model_id}",
            "Status: Registered (awaiting manual promotion)",
        ]
    lines.append(f"Previous active: {previous_active or 'none (rules only)'}")
    if command:
        lines += ["", "To promote it:", f"  {command}"]
    return "\n".join(lines)


def promote_command(model_id: str, settings: Settings) -> str:
    """The exact make line that promotes a model of this scope."""
    if settings.logs_dir == CONTAINER_LOGS_DIR:
        service = f"{settings.market}-{settings.env}"
        named = [] if service == "us-paper" else [f"SERVICE={service}"]
        return " ".join(["make promote", f"ID={model_id}", "IN=container", *named])
    defaults = Settings()
    parts = [
        f"{name}={shlex.quote(value)}"
        for name, value, default in (
            ("LOGS_DIR", settings.logs_dir, defaults.logs_dir),
            ("MARKET", settings.market, defaults.market),
            ("ENV", settings.env, defaults.env),
        )
        if value != default
    ]
    return " ".join(["make promote", f"ID={model_id}", *parts])
