"""Claims about the manifest that serves a model with KServe."""

from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Match, Route

from autofocus.options.command import with_dashes
from autofocus.serve_settings import COMMAND
from autofocus.serving import app
from autofocus.serving.kserve import KServe
from pipelines.quantities import parse_memory
from tests.deploy.building import Manifest, copy_deploy, fill_in, objects_of, only

PORT = 8080
# Where KServe puts a model, and what it puts in the place of the name.
MODELS, NAME = "/mnt/models", "{{.Name}}"
# docs/images.md has 1.0 GB for TensorFlow and a model; decoding takes some more. While a request
# is read it is there as parts, whole, as text, as text without line breaks, and as images.
SERVER_BYTES, COPIES = 1_500_000_000, 5


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    overlay = copy_deploy(tmp_path_factory.mktemp("serving")) / "overlays" / "serving"
    fill_in(overlay)
    return objects_of(overlay)


@pytest.fixture(scope="module")
def container(objects: list[Manifest]) -> Manifest:
    (container,) = only(objects, "ServingRuntime")["spec"]["containers"]
    found: Manifest = container
    return found


def settings_of(container: Manifest) -> Any:
    program, command = container["command"]
    assert (program, command) == ("autofocus", COMMAND.name)
    words = [word.replace(NAME, "raccoons") for word in container["args"]]
    return COMMAND.parser().parse_args(with_dashes(words))


def test_the_container_runs_serve_with_the_model_of_kserve(container: Manifest) -> None:
    """The command line is one that `serve` takes: KServe's folder, name and port."""
    settings = settings_of(container)
    assert settings.model == Path(MODELS)
    assert settings.model_name == "raccoons"
    # The probes and the service come from outside of the container.
    assert settings.host == "0.0.0.0"  # noqa: S104 - that is the claim
    assert [port["containerPort"] for port in container["ports"]] == [settings.port] == [PORT]
    # KServe knows the container by this name.
    assert container["name"] == "kserve-container"


def test_the_probes_are_answered(container: Manifest) -> None:
    """Each probe asks a path of the server, at its port; at the start it has minutes."""
    routes = KServe("raccoons", "1", None).routes()  # type: ignore[arg-type] # labels nothing
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container[kind]["httpGet"]
        assert probe["port"] == PORT
        assert any(_answers(route, probe["path"]) for route in routes)
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 300


def _answers(route: Route, path: str) -> bool:
    match, _ = route.matches({"type": "http", "method": "GET", "path": path})
    return match == Match.FULL


def test_the_image_is_that_of_predict(container: Manifest) -> None:
    """It has the server inside, and a name that always means the same."""
    image = container["image"]
    assert image.startswith("registry.example.org/wildlife/autofocus-predict:")
    assert not image.endswith(":latest")


def test_requests_fit_into_the_memory(container: Manifest) -> None:
    """As many requests as are read at once, each of the largest size, are below the limit."""
    settings = settings_of(container)
    largest = settings.max_megabytes * 1e6 * COPIES
    limit = parse_memory("", container["resources"]["limits"]["memory"])
    assert SERVER_BYTES + app._MAX_REQUESTS * largest <= limit


def test_an_image_fits_into_the_scratch_folder(
    objects: list[Manifest], container: Manifest
) -> None:
    """The one folder that the server writes to takes an image of the largest size."""
    (volume,) = only(objects, "ServingRuntime")["spec"]["volumes"]
    (mount,) = container["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], "/tmp")  # noqa: S108 - likewise
    size = parse_memory("", volume["emptyDir"]["sizeLimit"])
    assert settings_of(container).max_megabytes * 1e6 <= size


def test_the_pod_meets_pod_security_restricted(
    objects: list[Manifest], container: Manifest
) -> None:
    """No root, no capabilities, no escalation, seccomp; and nothing to write but /tmp."""
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    # For the container that fetches the model as well.
    predictor = only(objects, "InferenceService")["spec"]["predictor"]
    assert predictor["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert predictor["automountServiceAccountToken"] is False


def test_the_service_finds_its_runtime_and_its_credentials(objects: list[Manifest]) -> None:
    """Names in one object are those of another, in this namespace."""
    predictor = only(objects, "InferenceService")["spec"]["predictor"]
    runtime = only(objects, "ServingRuntime")
    model = predictor["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"] in runtime["spec"]["supportedModelFormats"]
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    account = only(objects, "ServiceAccount")
    assert predictor["serviceAccountName"] == account["metadata"]["name"]
    assert [one["name"] for one in account["secrets"]] == [
        only(objects, "Secret")["metadata"]["name"]
    ]


def test_requests_in_progress_may_end(objects: list[Manifest]) -> None:
    """Kubernetes waits longer than the server does before it kills."""
    from autofocus.serve import _GRACE_S

    predictor = only(objects, "InferenceService")["spec"]["predictor"]
    assert predictor["terminationGracePeriodSeconds"] > _GRACE_S


def test_the_network_policy_opens_the_server_s_port_alone(objects: list[Manifest]) -> None:
    """Ingress is to the server's port; egress to names and stores."""
    spec = only(objects, "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = spec["ingress"]
    assert [port["port"] for port in ingress["ports"]] == [PORT]
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {53, 443, 8333}
