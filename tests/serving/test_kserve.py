"""Claims about KServe's protocols, asked of a real server in this process over HTTP."""

import base64
import json
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.routing import Route

from autofocus import __version__
from autofocus.errors import SettingError
from autofocus.serve_settings import ServeSettings
from autofocus.serving.app import Service
from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.kserve import KServe
from autofocus.serving.uploads import Limits
from tests.features.pictures import COLOURS
from tests.predicting.models import make_image, make_model

NAME, VERSION = "raccoons", "0123456789ab"
V1, V2 = f"/v1/models/{NAME}:predict", f"/v2/models/{NAME}/infer"
LIMITS = Limits(4, 200_000)
SERVER = {"name": "autofocus", "version": __version__, "extensions": ["binary_tensor_data"]}
JSON_LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class Server:
    """A running server, and a folder with an image of each label."""

    service: Service
    port: int
    folder: Path

    def ask(
        self, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        try:
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path: str, content: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer to JSON."""
        body = None if content is None else json.dumps(content).encode()
        status, _, answer = self.ask(path, body)
        return status, json.loads(answer)

    def image(self, label: str) -> bytes:
        return (self.folder / f"{label}.jpg").read_bytes()

    def base64(self, label: str) -> str:
        return base64.b64encode(self.image(label)).decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("kserve")
    model = make_model(folder, thresholds={"grass": 0.5, "night": None, "sand": 0.5})
    for label, colour in COLOURS.items():
        make_image(folder / f"{label}.jpg", colour)
    service = Service(ImageClassifier(model), VERSION, LIMITS, name=NAME)
    running = uvicorn.Server(uvicorn.Config(service.app(), port=0, log_level="error"))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port: int = running.servers[0].sockets[0].getsockname()[1]
    yield Server(service, port, folder)
    running.should_exit = True
    thread.join()


def tensor(name: str, *data: str) -> dict[str, Any]:
    return {"name": name, "datatype": "BYTES", "shape": [len(data)], "data": list(data)}


def outputs_of(content: Any) -> dict[str, list[Any]]:
    return {output["name"]: output["data"] for output in content["outputs"]}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v2", SERVER),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models", {"models": [NAME]}),
        (f"/v2/models/{NAME}/ready", {"name": NAME, "ready": True}),
        (f"/v2/models/{NAME}/versions/{VERSION}/ready", {"name": NAME, "ready": True}),
        ("/v1/models", {"models": [NAME]}),
        (f"/v1/models/{NAME}", {"name": NAME, "ready": True}),
    ],
)
def test_it_tells_its_health_and_its_models(server: Server, path: str, content: Any) -> None:
    """The paths for probes and models answer as both protocols say."""
    assert server.get(path) == (200, content)


def test_the_metadata_describe_what_infer_takes_and_gives(server: Server) -> None:
    """Names, types and shapes of a response are those of the model's metadata."""
    status, metadata = server.get(f"/v2/models/{NAME}")
    assert status == 200
    assert (metadata["name"], metadata["versions"]) == (NAME, [VERSION])
    assert metadata["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    images = [server.base64("sand"), server.base64("grass")]
    status, content = server.get(V2, {"inputs": [tensor("image", *images)]})
    assert status == 200
    described = [{key: one[key] for key in ("name", "datatype")} for one in content["outputs"]]
    assert described == [
        {key: one[key] for key in ("name", "datatype")} for one in metadata["outputs"]
    ]
    for one, known in zip(content["outputs"], metadata["outputs"], strict=True):
        assert one["shape"] == [len(images), *known["shape"][1:]]
        assert len(one["data"]) == len(images) * (known["shape"] + [1])[1]


def test_all_protocols_give_the_same_predictions(server: Server) -> None:
    """V1 has the rows of `/predict`, V2 their columns, in the order of the images."""
    labels = ["night", "sand"]
    rows = []
    for label in labels:
        _, _, answer = server.ask("/predict?file=x", server.image(label))
        rows += json.loads(answer)["images"]
    instances = [
        {"image": {"b64": server.base64("night")}, "file": "x"},
        {"b64": server.base64("sand"), "file": "x"},
    ]
    assert server.get(V1, {"instances": instances}) == (200, {"predictions": rows})
    images = [server.base64(label) for label in labels]
    status, content = server.get(V2, {"id": "42", "inputs": [tensor("image", *images)]})
    assert status == 200
    assert (content["model_name"], content["model_version"]) == (NAME, VERSION)
    assert content["id"] == "42"
    columns = outputs_of(content)
    assert columns["box"] == [0.0] * 8
    for name in set(columns) - {"box"}:
        assert columns[name] == [row[name] for row in rows]
    assert columns["label"] == labels


def test_a_broken_image_has_a_status_among_the_others(server: Server) -> None:
    """The request succeeds; a tensor says 0 where there is no score."""
    broken = base64.b64encode(b"no image").decode()
    content = {"inputs": [tensor("image", broken, server.base64("sand"))]}
    status, answer = server.get(V2, content)
    columns = outputs_of(answer)
    assert status == 200
    assert columns["status"] == ["not_an_image", "ok"]
    assert columns["label"] == ["", "sand"]
    assert columns["score"][0] == 0.0
    status, answer = server.get(V1, {"instances": [{"b64": broken}]})
    assert status == 200
    assert answer["predictions"][0]["score"] is None


def test_binary_tensors_need_no_base64(server: Server) -> None:
    """Images come after the JSON as they are, and chosen outputs go back in the same way."""
    images = [server.image("grass"), server.image("night")]
    binary = b"".join(struct.pack("<I", len(image)) + image for image in images)
    head = {
        "inputs": [
            {
                "name": "image",
                "datatype": "BYTES",
                "shape": [2, 1],
                "parameters": {"binary_data_size": len(binary)},
            }
        ],
        "outputs": [
            {"name": "label", "parameters": {"binary_data": True}},
            {"name": "score", "parameters": {"binary_data": True}},
            {"name": "status"},
        ],
    }
    start = json.dumps(head).encode()
    status, headers, answer = server.ask(
        V2, start + binary, **{JSON_LENGTH: str(len(start)), "Content-Type": "application/json"}
    )
    assert status == 200
    length = int(headers[JSON_LENGTH.lower()])
    label, score, state = json.loads(answer[:length])["outputs"]
    assert state["data"] == ["ok", "ok"]
    size = label["parameters"]["binary_data_size"]
    assert answer[length : length + size] == b"\x05\0\0\0grass\x05\0\0\0night"
    assert score["shape"] == [2]
    scores = struct.unpack("<2f", answer[length + size :])
    assert all(0.5 < score <= 1 for score in scores)


def test_images_of_one_camera_may_be_named(server: Server) -> None:
    """Cameras are taken in both protocols; images without one are by themselves."""
    images = [server.base64("sand"), server.base64("grass")]
    content = {"inputs": [tensor("image", *images), tensor("camera", "A", "A")]}
    assert server.get(V2, content)[0] == 200
    instances = [{"image": {"b64": image}, "camera": "A"} for image in images]
    assert server.get(V1, {"instances": instances})[0] == 200
    assert server.get(f"{V1}?same_camera=1", {"instances": [{"b64": images[0]}]})[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/v2/models/cats", 404, "There is no model 'cats' here, but 'raccoons'."),
        ("/v2/models/cats/infer", 404, "There is no model 'cats' here, but 'raccoons'."),
        ("/v1/models/cats:predict", 404, "There is no model 'cats' here, but 'raccoons'."),
        (f"/v2/models/{NAME}/versions/7/infer", 404, "There is no version '7' of the model"),
        (V1, 400, "The body is not JSON"),
        (V2, 400, "The body is not JSON"),
    ],
)
def test_an_error_is_a_status_and_a_sentence(
    server: Server, path: str, status: int, sentence: str
) -> None:
    """As in the protocols, an error is JSON with a text."""
    body = None if path.endswith("cats") else b"[" * 100_000
    answer, _, content = server.ask(path, body)
    assert answer == status
    (text,) = json.loads(content).values()
    assert sentence in text


def test_limits_hold_for_json_as_well(server: Server) -> None:
    """Too many images, too large a body and compression have their statuses."""
    image = server.base64("sand")
    status, content = server.get(V1, {"instances": [{"b64": image}] * 5})
    assert (status, "more than 4 images" in content["error"]) == (413, True)
    status, content = server.get(V2, {"inputs": [tensor("image", *[image] * 5)]})
    assert (status, "more than 4 images" in content["error"]) == (413, True)
    status, _, body = server.ask(V2, bytes(LIMITS.bytes + 1))
    assert (status, b"larger than 0.2 megabytes" in body) == (413, True)
    status, _, body = server.ask(V2, b"{}", **{"Content-Encoding": "gzip"})
    assert (status, b"'gzip' is not supported" in body) == (415, True)


@pytest.mark.parametrize("path", ["/predict", V1, V2])
@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/form-data; boundary=a"])
def test_a_request_that_stops_arriving_is_over(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    """It doesn't take the place of others for ever: it has a status, and is no longer counted."""
    monkeypatch.setattr(server.service, "limits", Limits(4, 200_000, seconds=0.1))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", "1000")
    connection.putheader("Content-Type", kind)
    connection.endheaders(b"--a\r\nContent")
    answer = connection.getresponse()
    assert answer.status == 408
    assert json.loads(answer.read())["error"] == "The request did not arrive within 0.1 seconds."
    connection.close()
    assert server.service._requests == 0


def test_a_busy_server_says_so_in_all_protocols(server: Server) -> None:
    """Beyond some requests in progress a further one may come again, and probes still answer."""
    server.service._requests = 16
    try:
        for path in (V1, V2):
            status, headers, _ = server.ask(path, b"{}")
            assert (status, headers["retry-after"]) == (503, "1")
        assert server.get("/v2/health/ready")[0] == 200
    finally:
        server.service._requests = 0


def test_the_version_of_a_registered_model_fits_into_a_path(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version is the digest alone, also where rows name the registered version."""
    versions = []

    def routes(kserve: KServe) -> list[Route]:
        versions.append(kserve.version)
        return []

    monkeypatch.setattr(KServe, "routes", routes)
    Service(server.service.classifier, f"{VERSION} (raccoons version 3)", LIMITS).app()
    assert versions == [VERSION]


def test_a_model_s_name_must_fit_into_a_path() -> None:
    """A name with a slash is an error at the start."""
    with pytest.raises(SettingError, match="model_name must consist of letters"):
        ServeSettings(model_name="a/b")
