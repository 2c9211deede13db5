"""Where a model comes from: data, settings, code and the digests to check each by."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from afterclose.evaluating.figures import Evaluation
from afterclose.wording.numbers import count, counted, minute
from afterclose.wording.printable import printable


class Facts(NamedTuple):
    """Named values under a heading."""

    heading: str
    entries: list[tuple[str, str]]


def lineage(evaluation: Evaluation, metadata: Mapping[str, Any]) -> list[Facts]:
    """The groups of facts, in the order of the work: data, training, evaluation, code, files."""
    metrics, data = metadata["metrics"], metadata["dataset"]
    luck, options = evaluation.walk_forward.significance, evaluation.options
    trained = {
        "created": minute(metadata["created_at"]),
        "trained on": f"{counted(metrics['n_train'], 'trade')}, the last outcome "
        f"{minute(metadata['split']['last_train_exit'])}",
        "held out": f"{counted(metrics['n_test'], 'trade')}, decided from "
        f"{minute(metadata['split']['first_test_decision'])}",
        "purged between": counted(metrics["n_purged"], "trade"),
        "regularisation C": metrics["regularisation_c"],
        "training key": metadata["training_key"],
    }
    judged = {
        "evaluated": minute(evaluation.evaluated_at),
        "candidates tried": count(luck.candidates_tried),
        "bootstrap resamples": count(options.bootstrap_resamples),
        "random blockings": count(luck.permuted_draws),
        "abstains beyond": f"{options.ood_max_z:g} standard deviations",
    }
    return [
        _facts("Dataset", {"version": data["version"], "rows": count(data["rows"]),
                           "SHA-256": data["sha256"]}),
        _facts("Training", trained),
        _facts("Settings", metadata["settings"]),
        _facts("Evaluation", judged),
        _facts("Code", {"git commit": metadata["git_commit"], **metadata["libraries"]}),
        _facts("Files, SHA-256", metadata["artifacts"]),
    ]  # fmt: skip


def _facts(heading: str, values: Mapping[str, Any]) -> Facts:
    shown = {name: value for name, value in values.items() if value not in (None, "")}
    return Facts(heading, [(printable(name), printable(value)) for name, value in shown.items()])
