"""What `deploy/kubernetes` becomes is valid, and as hardened as compose.yaml is.

`kubectl kustomize` builds each folder without a cluster; the schemas come with
kubernetes-validate. Where no kubectl can be had (`.ci/kubectl.sh`) these are skipped, with
that reason.
"""

import shutil
import subprocess
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
import yaml

from afterclose.settings import Settings
from repository import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "kubernetes"
KUSTOMIZATIONS = sorted(path.parent.name for path in FOLDER.glob("*/kustomization.yaml"))
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest Kubernetes that this is for, and the newest that is known here."""

pytestmark = [
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl: see .ci/kubectl.sh"),
    pytest.mark.parametrize("name", KUSTOMIZATIONS),
]


@cache
def built(name: str) -> list[dict[str, Any]]:
    """The objects of one folder, as `kubectl apply -k` would send them."""
    made = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / name)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return list(yaml.safe_load_all(made.stdout))


def of_kind(name: str, kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in built(name) if one["kind"] == kind}


def pods(name: str) -> dict[str, dict[str, Any]]:
    """The template of each pod, by the name of what starts it."""
    started = {
        job: body["spec"]["jobTemplate"]["spec"] for job, body in of_kind(name, "CronJob").items()
    } | {job: body["spec"] for job, body in of_kind(name, "Deployment").items()}
    return {job: spec["template"] for job, spec in started.items()}


def test_every_object_is_valid_and_in_one_namespace(name: str) -> None:
    for one in built(name):
        for version in VERSIONS:
            kubernetes_validate.validate(one, version, strict=True)
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "afterclose"
    kinds = {one["kind"] for one in built(name)}
    assert kinds >= {"CronJob", "Deployment", "NetworkPolicy", "PersistentVolumeClaim"}


def test_runs_never_overlap_and_late_ones_are_dropped(name: str) -> None:
    for job in of_kind(name, "CronJob").values():
        assert job["spec"]["concurrencyPolicy"] == "Forbid"
        assert job["spec"]["startingDeadlineSeconds"] < 15 * 60
        assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0


def test_pods_are_without_root_capabilities_and_a_writable_system(name: str) -> None:
    for pod in pods(name).values():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}


def test_only_the_courier_has_a_network_and_it_writes_nothing_of_a_scope(name: str) -> None:
    policies = of_kind(name, "NetworkPolicy")
    jobs, courier = policies["afterclose-jobs"], policies["afterclose-courier"]
    assert jobs["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in jobs["spec"]
    assert "egress" not in jobs["spec"]
    (rule,) = jobs["spec"]["podSelector"]["matchExpressions"]
    assert (rule["operator"], rule["values"]) == ("NotIn", ["courier"])
    assert "ingress" not in courier["spec"]
    component = {job: pod["metadata"]["labels"]["app.kubernetes.io/component"]
                 for job, pod in pods(name).items()}  # fmt: skip
    assert [job for job, label in component.items() if label == "courier"] == ["courier"]
    (container,) = pods(name)["courier"]["spec"]["containers"]
    (logs,) = [mount for mount in container["volumeMounts"] if mount["mountPath"] == "/logs"]
    assert logs["readOnly"] is True


def test_settings_are_known_and_jobs_are_in_the_contract(name: str) -> None:
    every = {f"ML_{field.upper()}" for field in Settings.__struct_fields__}
    for settings in of_kind(name, "ConfigMap").values():
        assert set(settings["data"]) <= every
    jobs = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    for pod in pods(name).values():
        (container,) = pod["spec"]["containers"]
        python, option, module, *_ = container["args"]
        assert (python, option) == ("python", "-m")
        assert module.removeprefix("jobs.") in jobs
        assert container["image"] == "afterclose:latest"
