"""Claims about the server, which is started as the command and asked by curl."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.features.pictures import COLOURS
from tests.predicting.models import make_image, make_model

THRESHOLDS = {"grass": 0.5, "night": None, "sand": 0.5}


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: "subprocess.Popen[str]"
    url: str
    folder: Path

    def ask(self, path: str, *options: str) -> tuple[int, Any]:
        """Return the status and the content of an answer, as curl reports them."""
        curl = subprocess.run(
            ["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *options, self.url + path],
            check=True,
            capture_output=True,
            text=True,
            cwd=self.folder / "raw",
        )
        content, _, status = curl.stdout.rpartition("\n")
        return int(status), json.loads(content) if content.startswith("{") else content


@contextmanager
def running(model: Path, *options: str) -> Iterator[Server]:
    """Start the command, and wait until it serves."""
    command = [sys.executable, "-m", "autofocus", "serve", "--model", str(model), "--port", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        line = process.stderr.readline()
        match = re.fullmatch(r"Serving .* at (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line
        try:
            yield Server(process, match[1], model.parent)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a small model, in a folder with an image of each label and a broken one."""
    folder = tmp_path_factory.mktemp("serve")
    model = make_model(folder, thresholds=THRESHOLDS)
    for label, colour in COLOURS.items():
        make_image(folder / "raw" / f"{label}.jpg", colour)
    (folder / "raw" / "broken.jpg").write_bytes(b"no image")
    (folder / "raw" / "big.jpg").write_bytes(bytes(300_000))
    limits = ("--max-images", "4", "--max-megabytes", "0.2")
    with running(model, *limits, "--model-name", "zoo") as server:
        yield server


def test_one_image_is_its_body(server: Server) -> None:
    """The prediction has the label, score and decision of predict's table."""
    name = "sand.jpg"
    status, content = server.ask(
        f"/predict?file={name}", "--data-binary", f"@{name}", "-H", "Content-Type: image/jpeg"
    )
    assert status == 200
    (image,) = content["images"]
    settings = PredictSettings(max_rejected=1.0)
    table = predict(
        server.folder / "model", server.folder / "raw", server.folder / "t.csv", settings
    )
    lines = table.predictions.read_text("utf-8").splitlines()
    (row,) = (line.split(",") for line in lines if line.startswith(f"raw/{name}"))
    expected = dict(zip(lines[0].split(","), row, strict=True))
    assert image["file"] == name
    for column in ("label", "status", "decision", "review_reason", "second_label"):
        assert image[column] == expected[column]
    assert f"{image['score']:.4f}" == expected["score"]
    assert content["model"] == expected["model"]
    assert image["box"] is None


def test_several_images_are_the_files_of_a_form(server: Server) -> None:
    """Each has its row in their order; a broken one is a row with its reason."""
    names = ["night.jpg", "broken.jpg", "grass.jpg"]
    files = [word for name in names for word in ("-F", f"image=@{name}")]
    status, content = server.ask("/predict", *files)
    assert status == 200
    rows = content["images"]
    assert [row["file"] for row in rows] == names
    assert [row["status"] for row in rows] == ["ok", "not_an_image", "ok"]
    assert [row["label"] for row in rows] == ["night", "", "grass"]
    assert [row["review_reason"] for row in rows] == ["always reviewed", "", ""]
    assert rows[1]["score"] is None


@pytest.mark.parametrize(
    ("path", "options", "status", "sentence"),
    [
        ("/predict", ["-X", "POST"], 400, "There is no image in the request."),
        ("/predict", ["-F", "image=path.jpg"], 400, "There is no image in the request."),
        (
            "/predict",
            ["-d", "x", "-H", "Content-Type: multipart/form-data; boundary=a"],
            400,
            "can't be read|no image",
        ),
        ("/predict", ["--data-binary", "@sand.jpg"], 415, "'application/x-www-form-urlencoded'"),
        ("/predict", ["-F", "image=@big.jpg"], 413, "larger than 0.2 megabytes"),
        (
            "/predict",
            ["--data-binary", "@big.jpg", "-H", "Content-Type: image/jpeg"],
            413,
            "larger than 0.2 megabytes",
        ),
        ("/predict", ["-F", "a=@sand.jpg"] * 5, 413, "more than 4 images"),
        ("/predict", ["-F", "a=@sand.jpg"] * 9, 413, "more than 4 images"),
        ("/predict", [], 405, "Method Not Allowed"),
        ("/model", [], 404, "Not Found"),
    ],
)
def test_an_error_is_a_sentence_and_a_status(
    server: Server, path: str, options: list[str], status: int, sentence: str
) -> None:
    """What is wrong with a request is said in JSON."""
    answer, content = server.ask(path, *options)
    assert answer == status
    assert content.keys() == {"error"}
    assert re.search(sentence, content["error"])


def test_it_says_what_it_is(server: Server) -> None:
    """The state names model and labels, and the help the calls, KServe's among them."""
    status, content = server.ask("/health")
    assert (status, content["status"]) == (200, "ok")
    assert content["labels"] == ["grass", "night", "sand"]
    status, text = server.ask("/")
    assert status == 200
    assert "POST /predict" in text
    assert content["model"] in text
    assert "POST /v2/models/zoo/infer" in text
    assert server.ask("/v2/models/zoo/ready") == (200, {"name": "zoo", "ready": True})


def test_it_ends_on_sigterm_with_status_0(server: Server) -> None:
    """What was labelled is counted; a second server can't take the address meanwhile."""
    port = server.url.rpartition(":")[2]
    model = str(server.folder / "model")
    second = subprocess.run(
        [sys.executable, "-m", "autofocus", "serve", "--model", model, "--port", port],
        check=False,
        capture_output=True,
        text=True,
    )
    assert second.returncode == 2
    assert "can't listen at 127.0.0.1" in second.stderr
    assert "Traceback" not in second.stderr
    server.process.send_signal(signal.SIGTERM)
    output, errors = server.process.communicate(timeout=60)
    assert server.process.returncode == 0, errors
    assert re.fullmatch(r"serve: stopped; images: \d+\n", output)
    assert not errors
