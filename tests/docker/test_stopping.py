"""Tests of components that are told to end, as Kubernetes does with SIGTERM."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from autofocus.containers.archive import pack
from tests.components.calling import Call, empty_ledger, prepare
from tests.docker.running import ENTRY, command

Images = Callable[[str], str]
# Until a component is at work; imports come first.
AT_WORK_S = 6.0
# Kubernetes waits 30 seconds before it kills.
MOST_S = 10.0
SHARD = {"bucket": "zoo", "endpoint_url": "http://127.0.0.1:8333"}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# Takes connections and never says a word.
SILENT = """
import socket, time
with socket.create_server(("127.0.0.1", 8333)):
    print("ready", flush=True)
    time.sleep(600)
"""


def check_stopped(image: str, made: Call, folder: Path, network: str = "none") -> None:
    """Told to end while it is at work, a container does within seconds, and leaves nothing."""
    name = f"autofocus-test-{time.time_ns()}"
    start = command(
        image,
        [*ENTRY, made.executor_input],
        folders=[folder],
        network=network,
        environment=CREDENTIALS,
        options=[f"--name={name}"],
    )
    with subprocess.Popen(start, stderr=subprocess.PIPE, text=True) as running:
        try:
            time.sleep(AT_WORK_S)
            assert running.poll() is None
            begun = time.monotonic()
            signal = ["docker", "kill", "--signal=TERM", name]
            subprocess.run(signal, check=True, capture_output=True)
            said = running.communicate(timeout=60)[1]
        finally:
            subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)
    assert running.returncode == 143
    assert time.monotonic() - begun < MOST_S
    assert "Traceback" not in said
    assert made.made == []


def endless_archive(folder: Path) -> Path:
    """Make an archive with a hole of a terabyte behind its files, which takes minutes to read."""
    (folder / "source").mkdir()
    (folder / "source" / "a.JPG").touch()
    pack(folder / "source", ["a.JPG"], folder / "archive")
    os.truncate(folder / "archive" / "part-00000.tar", 1 << 40)
    return folder / "archive"


def large_table(folder: Path) -> Path:
    """Make a table that takes longer than anybody waits here."""
    path = folder / "table"
    rows = "".join(f"images/{number:07}.JPG,cat\n" for number in range(1_000_000))
    path.write_text("filepath,label\n" + rows)
    return path


def short_table(folder: Path, name: str) -> Path:
    (folder / name).write_text("filepath\n1.JPG\n")
    return folder / name


def prepared(stage: str, folder: Path) -> Call:
    """Prepare a call that won't end by itself within a minute."""
    out = folder / "out"
    if stage in ("ingest", "download", "publish"):
        tables = {"predictions": [short_table(folder, "one")]} if stage == "publish" else {}
        return prepare(stage, out, SHARD, **tables)
    if stage == "link":
        rules: dict[str, Any] = {"labelmap": {}, "label_priority": []}
        return prepare(stage, out, rules, detections_clean=large_table(folder))
    endless = endless_archive(folder)
    if stage == "clean":
        properties = [short_table(folder, "one")]
        names = {"detections": ["*.csv"]}
        return prepare(stage, out, names, tables=[endless], image_properties=properties)
    if stage == "retrain":
        links = short_table(folder, "links")
        nowhere = {"mlflow_tracking_uri": ""}
        return prepare(stage, out, nowhere, preprocessed=[endless], links=links)
    if stage == "predict":
        (folder / "model").mkdir()
        inputs = {"preprocessed": endless, "preprocessing": empty_ledger(folder)}
        return prepare(stage, out, {"indir": ""}, model=folder / "model", **inputs)
    return prepare(stage, out, {"indir": ""}, images=endless)


@pytest.mark.parametrize("stage", ["preprocess", "clean", "link", "predict", "retrain"])
def test_sigterm_ends_a_component(images: Images, tmp_path: Path, stage: str) -> None:
    """Told to end in the middle of its work, a component does, and no output stands."""
    check_stopped(images(stage), prepared(stage, tmp_path), tmp_path)


@pytest.mark.parametrize("stage", ["ingest", "download", "publish"])
def test_sigterm_ends_a_component_that_waits_for_its_server(
    images: Images, tmp_path: Path, stage: str
) -> None:
    """Told to end while the object store keeps it waiting, a component does at once."""
    name = f"autofocus-test-silent-{time.time_ns()}"
    words = ["python", "-c", SILENT]
    with subprocess.Popen(
        command(images("download"), words, options=[f"--name={name}"]), stdout=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            network = f"container:{name}"
            check_stopped(images(stage), prepared(stage, tmp_path), tmp_path, network)
        finally:
            subprocess.run(["docker", "kill", name], check=True, capture_output=True)


def test_sigterm_ends_a_training(images: Images, tmp_path: Path) -> None:
    """Told to end while TensorFlow trains, a component does, and no output stands."""
    (tmp_path / "source").mkdir()
    lines = ["filepath,label,link\n"]
    for number in range(20):
        label, name = ("green", "red")[number % 2], f"{number:02}.JPG"
        colour = (30, 200 - number, 60) if label == "green" else (200, 10 + number, 60)
        Image.new("RGB", (256, 256), colour).save(tmp_path / "source" / name, "JPEG")
        lines.append(f"../preprocessed/{name},{label},{label}/{name}\n")
    (tmp_path / "source" / "preparation.json").write_text(
        '{"trim_top": 0, "trim_bottom": 0, "min_side": 256}'
    )
    names = sorted(path.name for path in (tmp_path / "source").iterdir())
    pack(tmp_path / "source", names, tmp_path / "archive")
    (tmp_path / "links").write_text("".join(lines))
    made = prepare(
        "retrain",
        tmp_path / "out",
        {
            "optimizer": "gradient_descent",
            "how_many_training_steps": 10_000_000,
            "mlflow_tracking_uri": "",
        },
        preprocessed=[tmp_path / "archive"],
        links=tmp_path / "links",
    )
    check_stopped(images("retrain"), made, tmp_path)
