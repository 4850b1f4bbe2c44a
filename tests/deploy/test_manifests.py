"""Claims about the manifests of deploy/, as kubectl builds them."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from pipelines.quantities import parse_cpu, parse_memory
from pipelines.resources import RESOURCES
from pipelines.tasks import MLFLOW_KEYS, S3_KEYS
from tests.deploy.building import (
    DEPLOY,
    OVERLAYS,
    Manifest,
    build,
    copy_deploy,
    fill_in,
    objects_of,
    only,
)
from tests.deploy.schemas import check

NAMESPACES = {"single-user": "kubeflow", "multi-user": "wildlife", "serving": "wildlife-serving"}
WITH_RUNS = ("single-user", "multi-user")
# Kubeflow's launcher reads these of a provider, and no others.
PROVIDER = {"endpoint", "region", "disableSSL", "forcePathStyle", "credentials"}
SECRET_REFERENCE = {"secretName", "accessKeyKey", "secretKeyKey"}
# A run has at most so many tasks at once, each with two containers.
MOST_TASKS = 40
COMPONENTS = sorted(path.name for path in (DEPLOY / "components").iterdir())


@pytest.fixture(scope="module")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Manifest]]:
    """The objects of each overlay, with the examples of credentials."""
    folder = copy_deploy(tmp_path_factory.mktemp("deploy")) / "overlays"
    for name in OVERLAYS:
        fill_in(folder / name)
    return {name: objects_of(folder / name) for name in OVERLAYS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_objects_are_valid(overlays: dict[str, list[Manifest]], overlay: str) -> None:
    """They are as Kubernetes 1.34's own schemas say, or KServe's, without a further field."""
    for manifest in overlays[overlay]:
        check(manifest)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_objects_are_in_one_namespace(
    overlays: dict[str, list[Manifest]], overlay: str
) -> None:
    """The namespace stands in one place of an overlay; only it exists outside of itself."""
    namespace = NAMESPACES[overlay]
    for manifest in overlays[overlay]:
        name = "name" if manifest["kind"] == "Namespace" else "namespace"
        assert manifest["metadata"][name] == namespace
        for subject in manifest.get("subjects", ()):
            assert subject["namespace"] == namespace


@pytest.mark.parametrize(
    "component", sorted(path.name for path in (DEPLOY / "components").iterdir())
)
def test_each_component_can_be_added(tmp_path: Path, component: str) -> None:
    """An overlay that names it has valid objects more."""
    overlay = copy_deploy(tmp_path) / "overlays" / "my-own"
    overlay.mkdir()
    lines = "namespace: zoo\nresources: [../../base]\n"
    (overlay / "kustomization.yaml").write_text(lines)
    before = objects_of(overlay)
    more = f"components: [../../components/{component}]\n"
    (overlay / "kustomization.yaml").write_text(lines + more)
    objects = objects_of(overlay)
    assert len(objects) > len(before)
    for manifest in objects:
        check(manifest)
        assert manifest["metadata"]["namespace"] == "zoo"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_applied_without_credentials(tmp_path: Path, overlay: str) -> None:
    """Building ends with an error that names the file, and with no object."""
    folder = copy_deploy(tmp_path) / "overlays" / overlay
    built = build(folder)
    assert built.returncode
    assert ".env" in built.stderr
    assert built.stdout == ""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_credentials_stay_out_of_git(overlay: str) -> None:
    """Git ignores the files of credentials, and the examples hold none."""
    folder = DEPLOY / "overlays" / overlay
    for example in folder.glob("*.example"):
        assert is_ignored(example.with_suffix(""))
        for line in example.read_text().splitlines():
            assert line.startswith("#") or line.endswith("="), line
    assert is_ignored(folder.parent / "my-own" / "kustomization.yaml")


def is_ignored(path: Path) -> bool:
    command = ["git", "check-ignore", "--quiet", str(path)]
    return not subprocess.run(command, cwd=DEPLOY, check=False).returncode


@pytest.mark.parametrize("overlay", WITH_RUNS)
def test_pipelines_find_their_secrets(
    tmp_path: Path, overlays: dict[str, list[Manifest]], overlay: str
) -> None:
    """Names are the defaults of the pipelines' parameters, and keys those that tasks take."""
    assert set(only(overlays[overlay], "Secret", "autofocus-s3")["data"]) == set(S3_KEYS)
    folder = copy_deploy(tmp_path) / "overlays" / overlay
    fill_in(folder)
    login = folder / "mlflow.env"
    login.write_text(login.read_text().replace("# MLFLOW", "MLFLOW"))
    keys = only(objects_of(folder), "Secret", "autofocus-mlflow")["data"]
    assert set(keys) == set(MLFLOW_KEYS)


@pytest.mark.parametrize("overlay", WITH_RUNS)
def test_the_launcher_finds_the_pipeline_root(
    overlays: dict[str, list[Manifest]], overlay: str
) -> None:
    """Its ConfigMap names a bucket of S3, how to reach it, and a secret with both keys."""
    data = only(overlays[overlay], "ConfigMap", "kfp-launcher")["data"]
    assert data["defaultPipelineRoot"].startswith("s3://")
    (provider,) = yaml.safe_load(data["providers"])["s3"].values()
    assert set(provider) == PROVIDER
    assert isinstance(provider["disableSSL"], bool)
    credentials = provider["credentials"]
    assert credentials["fromEnv"] is False
    reference = credentials["secretRef"]
    assert set(reference) == SECRET_REFERENCE
    if reference["secretName"] != "mlpipeline-minio-artifact":  # Kubeflow's own
        secret = only(overlays[overlay], "Secret", reference["secretName"])
        assert {reference["accessKeyKey"], reference["secretKeyKey"]} == set(secret["data"])


def test_the_quota_has_room_for_a_run(overlays: dict[str, list[Manifest]]) -> None:
    """All tasks of a loop fit at once, and a task with a GPU as well."""
    hard = only(overlays["multi-user"], "ResourceQuota")["spec"]["hard"]
    (limits,) = only(overlays["multi-user"], "LimitRange", "autofocus-requests")["spec"]["limits"]
    argo = limits["defaultRequest"]
    cpu, memory = (
        parse(name, argo[name])
        + max(parse(name, getattr(one, f"{name}_request")) for one in RESOURCES.values())
        for name, parse in (("cpu", parse_cpu), ("memory", parse_memory))
    )
    assert MOST_TASKS * cpu <= parse_cpu("", hard["requests.cpu"])
    assert MOST_TASKS * memory <= parse_memory("", hard["requests.memory"])
    assert int(hard["pods"]) >= 2 * MOST_TASKS
    assert int(hard["requests.nvidia.com/gpu"]) >= 1
    # A quota of requests rejects pods with containers that have none: Argo's are given some.
    assert {name for name in hard if name.startswith("requests.") and "/" not in name} == {
        f"requests.{name}" for name in argo
    }


def test_who_submits_may_do_nothing_else(overlays: dict[str, list[Manifest]]) -> None:
    """The role knows Kubeflow Pipelines alone: no secrets, no ConfigMaps, no pods, no wildcard."""
    rules = only(overlays["multi-user"], "Role")["rules"]
    for rule in rules:
        assert rule["apiGroups"] == ["pipelines.kubeflow.org"]
        assert "*" not in (*rule["resources"], *rule["verbs"])
    binding = only(overlays["multi-user"], "RoleBinding")
    assert binding["roleRef"]["name"] == only(overlays["multi-user"], "Role")["metadata"]["name"]
    account = only(overlays["multi-user"], "ServiceAccount")
    assert [subject["name"] for subject in binding["subjects"]] == [account["metadata"]["name"]]
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Secret", ("datas",), {}),
        ("ServingRuntime", ("spec", "image"), "x"),
        ("ServingRuntime", ("spec", "containers", 0, "readinessProb"), {}),
        ("ServingRuntime", ("spec", "containers", 0, "ports", 0, "containerPort"), "http"),
        ("InferenceService", ("spec", "predictor", "maxReplica"), 3),
        ("InferenceService", ("spec", "predictor", "model", "storageURI"), "s3://x"),
        ("InferenceService", ("spec", "predictor", "securityContext", "runAsNonRoot"), "yes"),
        ("NetworkPolicy", ("spec", "ingress", 0, "port"), 8080),
    ],
)
def test_a_mistake_is_found(
    overlays: dict[str, list[Manifest]], kind: str, path: tuple[Any, ...], value: Any
) -> None:
    """A misspelt field or a wrong type doesn't pass for valid, deep inside neither."""
    manifest = copy.deepcopy(only(overlays["serving"], kind))
    place: Any = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        check(manifest)
