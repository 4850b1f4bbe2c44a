"""Tests of a model behind KServe's protocols, in the container of the InferenceService.

The container is started as its manifest says, with the model where KServe puts it, and asked over
HTTP from inside, as it has no network.
"""

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.building import Manifest, copy_deploy, fill_in, objects_of, only
from tests.docker.running import command
from tests.features.pictures import COLOURS
from tests.predicting.models import make_image, make_model

Images = Callable[[str], str]
NAME = "raccoons"
# The call that stands on the standard input: its path and body, None for a GET.
ASK = """
import json, sys, urllib.error, urllib.request
path, body = json.load(sys.stdin)
data = None if body is None else json.dumps(body).encode()
request = urllib.request.Request("http://127.0.0.1:8080" + path, data)
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError:
    print(0, "null")
"""


@dataclass(frozen=True)
class Server:
    """A running container, and a folder with an image of each label."""

    name: str
    process: "subprocess.Popen[str]"
    folder: Path

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer; the status is 0 if there is none."""
        asked = subprocess.run(
            ["docker", "exec", "--interactive", self.name, "python", "-c", ASK],
            input=json.dumps([path, body]),
            check=False,
            capture_output=True,
            text=True,
        )
        # Docker says nothing where the container does not run yet.
        status, _, content = (asked.stdout or "0 null").partition(" ")
        return int(status), json.loads(content)

    def image(self, label: str) -> str:
        return base64.b64encode((self.folder / f"{label}.jpg").read_bytes()).decode()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The container of the manifest."""
    overlay = copy_deploy(tmp_path_factory.mktemp("manifest")) / "overlays" / "serving"
    fill_in(overlay)
    (found,) = only(objects_of(overlay), "ServingRuntime")["spec"]["containers"]
    described: Manifest = found
    return described


@pytest.fixture(scope="module")
def server(
    images: Images, container: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serving")
    model = make_model(folder)
    for path in (folder, *folder.rglob("*")):
        # Of another user, as KServe's init container leaves it.
        path.chmod(0o755 if path.is_dir() else 0o644)
    for label, colour in COLOURS.items():
        make_image(folder / f"{label}.jpg", colour)
    name = f"autofocus-test-serving-{time.time_ns()}"
    words = [word.replace("{{.Name}}", NAME) for word in container["args"]]
    start = command(
        images("predict"),
        [*container["command"], *words],
        options=[
            f"--name={name}",
            f"--volume={model}:/mnt/models:ro",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
        ],
    )
    with subprocess.Popen(
        start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        server = Server(name, process, folder)
        try:
            _wait(server, container["startupProbe"])
            yield server
        finally:
            subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


def _wait(server: Server, probe: Manifest) -> None:
    """Wait as long as Kubernetes does until the server is ready."""
    for _ in range(probe["failureThreshold"]):
        time.sleep(probe["periodSeconds"])
        assert server.process.poll() is None, server.process.communicate()[1]
        if server.ask(probe["httpGet"]["path"])[0] == 200:
            return
    pytest.fail("The server is not ready in the time of its startup probe.")


def test_the_probes_succeed(server: Server, container: Manifest) -> None:
    """Kubernetes finds the container alive and ready, and KServe the model by its name."""
    for kind in ("livenessProbe", "readinessProbe"):
        assert server.ask(container[kind]["httpGet"]["path"])[0] == 200
    assert server.ask(f"/v2/models/{NAME}/ready") == (200, {"name": NAME, "ready": True})
    assert server.ask("/v2/models/cats/ready")[0] == 404


def test_the_container_answers_both_protocols(server: Server) -> None:
    """V1 and V2 label an image of each label, a broken one among them."""
    labels = list(COLOURS)
    images = [server.image(label) for label in labels]
    instances = [{"b64": image} for image in images]
    status, content = server.ask(f"/v1/models/{NAME}:predict", {"instances": instances})
    assert status == 200
    assert [row["label"] for row in content["predictions"]] == labels
    images.append(base64.b64encode(b"no image").decode())
    tensor = {"name": "image", "datatype": "BYTES", "shape": [len(images)], "data": images}
    status, content = server.ask(f"/v2/models/{NAME}/infer", {"id": "1", "inputs": [tensor]})
    assert status == 200
    columns = {output["name"]: output["data"] for output in content["outputs"]}
    assert columns["label"] == [*labels, ""]
    assert columns["status"] == ["ok", "ok", "ok", "not_an_image"]
    status, content = server.ask(f"/v2/models/{NAME}/infer", {"inputs": []})
    assert (status, list(content)) == (400, ["error"])


def test_sigterm_ends_the_container_with_status_0(server: Server) -> None:
    """Kubernetes ends it within seconds, and takes it for no failure."""
    begun = time.monotonic()
    subprocess.run(["docker", "kill", "--signal=TERM", server.name], check=True)
    output, errors = server.process.communicate(timeout=60)
    assert server.process.returncode == 0, errors
    assert time.monotonic() - begun < 30
    assert re.fullmatch(r"serve: stopped; images: \d+\n", output)
