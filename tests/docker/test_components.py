"""Tests of the components in their images: golden input, bad input, and being stopped.

Every container is of a random user, on a read-only disk; none but download and publish reaches a
network, and these reach one with nothing but the S3 server.
"""

import csv
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

import autofocus
from autofocus.containers.archive import pack, unpack
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.components.calling import Call, empty_ledger, prepare
from tests.detector.scenes import deer
from tests.docker.running import call, command, weed
from tests.killing import tree
from tests.predicting.test_detector import FOOTER, HEIGHT, WIDTH, make_detector_model

Images = Callable[[str], str]
GOLDEN = Path(__file__).parents[1] / "golden"
BUCKET = "zoo"


def archive(folder: Path, source: Path) -> Path:
    """Pack a copy of a folder."""
    shutil.copytree(source, folder / "copy")
    pack(folder / "copy", list(tree(folder / "copy")), folder / "archive")
    return folder / "archive"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_failed(told: "subprocess.CompletedProcess[str]", made: Call, sentence: str) -> None:
    """The container ended with an error, said in one sentence, and left nothing."""
    assert told.returncode in {2, 3, 4, 5}, told.stderr
    assert "Traceback" not in told.stderr
    last = told.stderr.splitlines()[-1]
    assert last.startswith("autofocus ")
    assert sentence in last
    assert made.made == []


@dataclass(frozen=True)
class S3Container:
    """An S3 server in a container that reaches no network, and that others may share.

    Attributes:
        network: Docker's name for the network that only it is in.
        environment: how to reach it from there.
    """

    network: str
    environment: dict[str, str]


# Serves what lies in /bucket, says how to reach it, and stays.
SERVE = f"""
import json, time
from pathlib import Path
from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
with LocalS3Server(Path("/tmp/s3")) as server, server.as_default():
    upload_folder(Path("/bucket"), {BUCKET!r})
    print(json.dumps(server.environment), flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def s3(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Container]:
    """A bucket with the golden photographs and a table."""
    bucket = tmp_path_factory.mktemp("bucket")
    shutil.copytree(GOLDEN / "preprocess_images" / "input", bucket / "data")
    shutil.copy(GOLDEN / "clean_detections" / "input" / "detections_2016.csv", bucket)
    bucket.chmod(0o755)
    name = f"autofocus-test-s3-{time.time_ns()}"
    options = [
        f"--name={name}",
        f"--volume={bucket}:/bucket:ro",
        f"--volume={weed()}:/bin/weed:ro",
        # The images have no demo, and so no local S3 server.
        f"--volume={Path(autofocus.__file__).parent}:/library/autofocus:ro",
        "--env=PYTHONPATH=/library",
    ]
    words = ["python", "-c", SERVE]
    with subprocess.Popen(
        command(images("download"), words, options=options), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield S3Container(f"container:{name}", json.loads(server.stdout.readline()))
        finally:
            subprocess.run(["docker", "kill", name], check=True, capture_output=True)


def test_download_brings_a_bucket(images: Images, s3: S3Container, tmp_path: Path) -> None:
    """Photographs and all else of a bucket come in two archives, byte for byte."""
    made = prepare("download", tmp_path / "out", {"bucket": BUCKET, "shard": "0/1"})
    told = call(images("download"), made, network=s3.network, environment=s3.environment)
    assert told.returncode == 0, told.stderr
    unpack([made["images"]], tmp_path / "images")
    unpack([made["tables"]], tmp_path / "tables")
    wanted = {
        f"data/{name}": digest
        for name, digest in tree(GOLDEN / "preprocess_images" / "input").items()
    }
    text = wanted.pop("data/notes.txt")
    assert tree(tmp_path / "images") == wanted
    assert set(tree(tmp_path / "tables")) == {"detections_2016.csv", "data/notes.txt"}
    assert tree(tmp_path / "tables")["data/notes.txt"] == text
    assert made.metadata["ledger"]["ok"] == len(wanted) + 2


def test_download_says_that_there_is_no_such_bucket(
    images: Images, s3: S3Container, tmp_path: Path
) -> None:
    """A bucket that isn't there is one sentence."""
    made = prepare("download", tmp_path / "out", {"bucket": "nothing"})
    told = call(images("download"), made, network=s3.network, environment=s3.environment)
    check_failed(told, made, "nothing")


def test_publish_puts_the_merged_table_into_the_bucket(
    images: Images, s3: S3Container, tmp_path: Path
) -> None:
    """The shards' tables come out as one, and the bucket has the same bytes."""
    header = "filepath,label,score,probability_cat\n"
    shards = [tmp_path / "one", tmp_path / "two"]
    for path, text in zip(
        shards, ("a.JPG,cat,1,1\nc.JPG,cat,1,1\n", "b.JPG,cat,1,1\n"), strict=True
    ):
        path.write_text(header + text)
    where = {"network": s3.network, "environment": s3.environment}
    made = prepare(
        "publish",
        tmp_path / "out",
        {"bucket": BUCKET, "output_prefix": "out/"},
        predictions=shards,
    )
    told = call(images("publish"), made, **where)
    assert told.returncode == 0, told.stderr
    assert made["labels"].read_text() == header + "".join(
        f"{name}.JPG,cat,1,1\n" for name in "abc"
    )
    again = prepare("download", tmp_path / "again", {"bucket": BUCKET, "prefix": "out/"})
    assert call(images("download"), again, **where).returncode == 0
    unpack([again["tables"]], tmp_path / "found")
    assert (tmp_path / "found/out/labels.csv").read_bytes() == made["labels"].read_bytes()


def test_publish_refuses_tables_of_different_models(
    images: Images, s3: S3Container, tmp_path: Path
) -> None:
    """Tables with other columns are one sentence, and nothing is published."""
    shards = [tmp_path / "one", tmp_path / "two"]
    for path, label in zip(shards, ("cat", "dog"), strict=True):
        path.write_text(f"filepath,label,score,probability_{label}\n")
    made = prepare("publish", tmp_path / "out", {"bucket": BUCKET}, predictions=shards)
    told = call(images("publish"), made, network=s3.network, environment=s3.environment)
    check_failed(told, made, "have different columns")


def golden_photographs(tmp_path: Path, **parameters: object) -> Call:
    """Prepare a call of preprocess on the golden photographs."""
    given = {"trim_top": 16, "trim_bottom": 24, "min_side": 48, "max_rejected": 0.5, **parameters}
    images = archive(tmp_path, GOLDEN / "preprocess_images" / "input")
    return prepare("preprocess", tmp_path / "out", given | {"indir": ""}, images=images)


def test_preprocess_gives_the_golden_output(images: Images, tmp_path: Path) -> None:
    """Properties and ledger are those that were worked out by hand, and the photographs come."""
    made = golden_photographs(tmp_path)
    told = call(images("preprocess"), made)
    assert told.returncode == 0, told.stderr
    expected = GOLDEN / "preprocess_images" / "expected"
    assert (
        made["image_properties"].read_bytes() == (expected / "image_properties.csv").read_bytes()
    )
    without_detail = [row | {"detail": ""} for row in rows(made["ledger"])]
    assert without_detail == rows(expected / "ledger.csv")
    unpack([made["preprocessed"]], tmp_path / "found")
    wanted = rows(expected / "photographs.csv")
    for row in wanted:
        with Image.open(tmp_path / "found" / row["filepath"]) as image:
            assert (str(image.width), str(image.height)) == (row["width"], row["height"])
    assert len(tree(tmp_path / "found")) == len(wanted) + 1


def test_preprocess_names_what_it_rejected_before_it_fails(images: Images, tmp_path: Path) -> None:
    """A shard of broken photographs is one sentence, with each named above it."""
    (tmp_path / "source").mkdir()
    for number in range(3):
        (tmp_path / "source" / f"{number}.JPG").touch()
    packed = archive(tmp_path, tmp_path / "source")
    made = prepare("preprocess", tmp_path / "out", {"indir": ""}, images=packed)
    told = call(images("preprocess"), made)
    check_failed(told, made, "3 of 3 inputs were rejected (empty_file 3) in this shard")
    assert "rejected: 2.JPG (empty_file" in told.stderr


def test_preprocess_tells_a_broken_archive(images: Images, tmp_path: Path) -> None:
    """A tar file that has lost its end is told from a whole one."""
    made = golden_photographs(tmp_path)
    tar = tmp_path / "archive" / "part-00000.tar"
    tar.write_bytes(tar.read_bytes()[:5000])
    check_failed(call(images("preprocess"), made), made, "is incomplete or damaged")


def golden_detections(tmp_path: Path, **parameters: object) -> Call:
    """Prepare a call of clean on the golden tables, with the properties in two shards."""
    source = GOLDEN / "clean_detections" / "input"
    header, *lines = (source / "images" / "image_properties.csv").read_text().splitlines(True)
    shards = [tmp_path / "one", tmp_path / "two"]
    shards[0].write_text(header + "".join(sorted(lines)[::2]))
    shards[1].write_text(header + "".join(sorted(lines)[1::2]))
    (tmp_path / "tables").mkdir()
    for path in source.glob("*.csv"):
        shutil.copy(path, tmp_path / "tables")
    tables = archive(tmp_path, tmp_path / "tables")
    given = {"detections": ["detections_*.csv"], **parameters}
    return prepare("clean", tmp_path / "out", given, tables=[tables], image_properties=shards)


def test_clean_gives_the_golden_output(images: Images, tmp_path: Path) -> None:
    """Table and ledger are those that were worked out by hand, byte for byte."""
    made = golden_detections(tmp_path)
    told = call(images("clean"), made)
    assert told.returncode == 0, told.stderr
    expected = GOLDEN / "clean_detections" / "expected"
    for output, name in (
        ("detections_clean", "detections_clean.csv"),
        ("ledger", "detections_clean.ledger.csv"),
    ):
        # There the photographs lie in another folder.
        wanted = (expected / name).read_text().replace("../images/", "preprocessed/")
        assert made[output].read_text() == wanted


def test_clean_says_which_table_is_missing(images: Images, tmp_path: Path) -> None:
    """A name that fits no table is one sentence."""
    made = golden_detections(tmp_path, detections=["observations.csv"])
    check_failed(call(images("clean"), made), made, "matches observations.csv")


def golden_labels(tmp_path: Path, **parameters: object) -> Call:
    """Prepare a call of link on the golden table, but for the photograph that isn't there."""
    source = GOLDEN / "link_images_by_label" / "input"
    lines = (source / "detections_clean.csv").read_text().splitlines(keepends=True)
    (tmp_path / "table").write_text("".join(line for line in lines if "images/b/5" not in line))
    given = {
        "labelmap": json.loads((source / "labelmap.json").read_text()),
        "label_priority": (source / "rules.txt").read_text().splitlines(),
        **parameters,
    }
    return prepare("link", tmp_path / "out", given, detections_clean=tmp_path / "table")


def test_link_gives_the_golden_output(images: Images, tmp_path: Path) -> None:
    """Links and ledger are those that were worked out by hand, without a photograph at hand."""
    made = golden_labels(tmp_path)
    told = call(images("link"), made)
    assert told.returncode == 0, told.stderr
    expected = GOLDEN / "link_images_by_label" / "expected"
    assert made["links"].read_bytes() == (expected / "links.csv").read_bytes()
    lines = (expected / "ledger.csv").read_text().splitlines(keepends=True)
    assert made["ledger"].read_text() == "".join(x for x in lines if "images/b/5" not in x)


def test_link_says_which_rule_is_none(images: Images, tmp_path: Path) -> None:
    """A rule that can't be read is one sentence."""
    made = golden_labels(tmp_path, label_priority=["human beats all"])
    check_failed(call(images("link"), made), made, "'human beats all' is no rule")


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty photographs that a child could tell apart, preprocessed, and their links."""
    folder = tmp_path_factory.mktemp("coloured")
    lines = ["filepath,label,link\n"]
    for number in range(40):
        label = ("green", "red")[number % 2]
        colour = (30 + number, 200 - number, 60) if label == "green" else (200, 10 + number, 60)
        (folder / "source" / label).mkdir(parents=True, exist_ok=True)
        name = f"{label}/{number:02}.JPG"
        Image.new("RGB", (256, 256), colour).save(folder / "source" / name, "JPEG")
        lines.append(f"../preprocessed/{name},{label},{name}\n")
    preparation = {"trim_top": 0, "trim_bottom": 0, "min_side": 256}
    (folder / "source" / "preparation.json").write_text(json.dumps(preparation))
    (folder / "links").write_text("".join(lines))
    archive(folder, folder / "source")
    return folder


def training(coloured: Path, tmp_path: Path, **parameters: object) -> Call:
    """Prepare a call of retrain."""
    shutil.copytree(coloured / "archive", tmp_path / "archive")
    shutil.copy(coloured / "links", tmp_path / "links")
    given = {"how_many_training_steps": 100, "testing_percentage": 30, "mlflow_tracking_uri": ""}
    return prepare(
        "retrain",
        tmp_path / "out",
        given | parameters,
        preprocessed=[tmp_path / "archive"],
        links=tmp_path / "links",
    )


def test_a_model_is_trained_and_labels_photographs(
    images: Images, coloured: Path, tmp_path: Path
) -> None:
    """Retrain tells the colours apart, and predict with its model labels each image.

    Label, score and decision are those of `autofocus predict` outside the container.
    """
    trained = training(coloured, tmp_path)
    told = call(images("retrain"), trained)
    assert told.returncode == 0, told.stderr
    assert trained.metadata["metrics"]["test_accuracy"] == 1.0
    matrix = trained.metadata["confusion_matrix"]["confusionMatrix"]
    assert [each["displayName"] for each in matrix["annotationSpecs"]] == ["green", "red"]
    assert trained["report"].read_text().startswith("<!doctype html>")
    shutil.copytree(trained["model"], tmp_path / "model")
    made = prepare(
        "predict",
        tmp_path / "labelled",
        {"indir": "zoo", "include_labelled": True},
        model=tmp_path / "model",
        preprocessed=tmp_path / "archive",
        preprocessing=empty_ledger(tmp_path),
    )
    told = call(images("predict"), made)
    assert told.returncode == 0, told.stderr
    found = {row["filepath"]: row["label"] for row in rows(made["predictions"])}
    assert len(found) == 40
    assert all(name == f"zoo/{label}/{Path(name).name}" for name, label in found.items())
    # In a folder of the same name, as a table's paths are relative to its own.
    shutil.copytree(coloured / "source", tmp_path / "zoo")
    every = PredictSettings(include_labelled=True)
    outside = predict(tmp_path / "model", tmp_path / "zoo", tmp_path / "outside.csv", every)
    check_same_predictions(rows(made["predictions"]), rows(outside.predictions))


def test_a_model_with_the_detector_s_crops_labels_photographs(
    images: Images, detector_weights: Path, tmp_path: Path
) -> None:
    """The image holds the weights; box, label, score and decision are those outside of it."""
    assert detector_weights.is_file()
    model = make_detector_model(tmp_path / "made")
    for number in range(4):
        path = tmp_path / "source" / f"cam{number % 2}" / f"{number}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        deer(WIDTH, HEIGHT - FOOTER).save(path, "JPEG", quality=95)
    preparation = {"trim_top": 0, "trim_bottom": FOOTER, "min_side": HEIGHT - FOOTER}
    (tmp_path / "source" / "preparation.json").write_text(json.dumps(preparation))
    archive(tmp_path, tmp_path / "source")
    made = prepare(
        "predict",
        tmp_path / "labelled",
        {"indir": "zoo"},
        model=model,
        preprocessed=tmp_path / "archive",
        preprocessing=empty_ledger(tmp_path),
    )
    told = call(images("predict"), made)
    assert told.returncode == 0, told.stderr
    shutil.copytree(tmp_path / "source", tmp_path / "zoo")
    outside = predict(model, tmp_path / "zoo", tmp_path / "outside.csv")
    inside = rows(made["predictions"])
    assert {row["box_status"] for row in inside} == {"detector"}
    check_same_predictions(inside, rows(outside.predictions))


def check_same_predictions(inside: list[dict[str, str]], outside: list[dict[str, str]]) -> None:
    """Scores are rounded to 4 digits; another processor may round in the other direction."""
    for one, other in zip(inside, outside, strict=True):
        assert float(one.pop("score")) == pytest.approx(float(other.pop("score")), abs=1.01e-4)
        assert one == other


def test_retrain_says_that_a_photograph_is_missing(
    images: Images, coloured: Path, tmp_path: Path
) -> None:
    """A table of links that names what no shard has is one sentence."""
    made = training(coloured, tmp_path)
    with (tmp_path / "links").open("a") as file:
        file.write("../preprocessed/blue/1.JPG,blue,blue/1.JPG\n")
    check_failed(call(images("retrain"), made), made, "blue/1.JPG")


def test_predict_says_that_there_is_no_model(
    images: Images, coloured: Path, tmp_path: Path
) -> None:
    """A folder that holds no model is one sentence."""
    shutil.copytree(coloured / "archive", tmp_path / "archive")
    (tmp_path / "model").mkdir()
    made = prepare(
        "predict",
        tmp_path / "out",
        {"indir": ""},
        model=tmp_path / "model",
        preprocessed=tmp_path / "archive",
        preprocessing=empty_ledger(tmp_path),
    )
    check_failed(call(images("predict"), made), made, "model")
