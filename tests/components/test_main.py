"""Claims about the components' programs, run on this machine as a pipeline calls them."""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autofocus.clean_detections import clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.containers.archive import unpack
from autofocus.containers.task import measure
from autofocus.demo.local_server import LocalS3Server
from autofocus.download_images import download_images
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.sharding import Shard
from autofocus.tables.detections import find_tables
from tests.components.calling import BUCKET, OUTPUTS, Call, archive, prepare, start
from tests.conftest import S3
from tests.images.pictures import hills, write
from tests.killing import tree

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"
LABELMAP, RULES = SAMPLE_DATA / "raccoon_labelmap.json", SAMPLE_DATA / "label_priority.txt"
INDIR, DETECTIONS = "lpz_data", ["lpz_data/detections_*.csv"]
# The sample is small, and has one broken image of each kind.
MANY_BROKEN = {"preprocess_max_rejected": 0.2}
# In a small shard one broken file weighs more.
PREPROCESS = {"indir": INDIR, "max_rejected": 0.5}
LINK = {
    "labelmap": json.loads(LABELMAP.read_text()),
    "label_priority": RULES.read_text().split("\n"),
}
ALL_OUTPUTS = {stage: sorted([*names, "executor_output.json"]) for stage, names in OUTPUTS.items()}
PREDICTIONS = "filepath,label,score,probability_cat\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(
    stage: str, folder: Path, parameters: dict[str, Any], *, env: dict[str, str], **inputs: Any
) -> Call:
    """Run a component that must end well."""
    call = prepare(stage, folder, parameters, **inputs)
    told = start(stage, call, env)
    assert told.returncode == 0, told.stderr
    assert call.made == ALL_OUTPUTS[stage]
    return call


@dataclass(frozen=True)
class Chain:
    """What the components made of a bucket in two shards.

    Attributes:
        environment: the way to the bucket.
        downloads, preprocessed: of each shard.
        clean, link: of all.
    """

    environment: dict[str, str]
    downloads: list[Call]
    preprocessed: list[Call]
    clean: Call
    link: Call


@pytest.fixture(scope="module")
def chain(server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The components, one after the other."""
    folder = tmp_path_factory.mktemp("chain")
    env = {**server.environment, "TMPDIR": str(tmp_path_factory.mktemp("work"))}
    downloads, preprocessed = [], []
    for number in range(2):
        given = {"bucket": BUCKET, "prefix": "", "endpoint_url": "", "shard": f"{number}/2"}
        brought = run("download", folder / f"download{number}", given, env=env)
        downloads.append(brought)
        preprocessed.append(
            run(
                "preprocess",
                folder / f"preprocess{number}",
                PREPROCESS,
                env=env,
                images=brought["images"],
            )
        )
    clean = run(
        "clean",
        folder / "clean",
        {"detections": DETECTIONS, "strip_components": 2, **MANY_BROKEN},
        env=env,
        tables=[call["tables"] for call in downloads],
        image_properties=[call["image_properties"] for call in preprocessed],
    )
    link = run("link", folder / "link", LINK, env=env, detections_clean=clean["detections_clean"])
    assert os.listdir(env["TMPDIR"]) == []  # noqa: PTH208 - of a text
    return Chain(env, downloads, preprocessed, clean, link)


@pytest.fixture(scope="module")
def in_a_row(server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stages, one after the other, on the whole bucket."""
    folder = tmp_path_factory.mktemp("row")
    data, small = folder / "data", folder / "preprocessed"
    with server.as_default():
        download_images(data, BUCKET)
    preprocess_images(data / INDIR, small, PreprocessSettings(max_rejected=0.5))
    clean_detections(
        find_tables(data, DETECTIONS),
        small,
        small / "image_properties.csv",
        folder / "detections_clean.csv",
        CleanSettings(strip_components=2),
    )
    settings = LinkSettings(LABELMAP, RULES)
    link_images_by_label(folder / "detections_clean.csv", folder / "links", settings)
    return folder


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("all_image_properties", "preprocessed/image_properties.csv"),
        ("detections_clean", "detections_clean.csv"),
        ("ledger", "detections_clean.ledger.csv"),
    ],
)
def test_clean_gives_what_the_stages_in_a_row_give(
    chain: Chain, in_a_row: Path, output: str, name: str
) -> None:
    """The tables of two shards equal those of the whole bucket, byte for byte."""
    assert chain.clean[output].read_bytes() == (in_a_row / name).read_bytes()
    assert len(rows(chain.clean[output])) > 20


def test_link_gives_what_the_stages_in_a_row_give(chain: Chain, in_a_row: Path) -> None:
    """Without a photograph at hand, links and ledger are those beside the photographs."""
    assert chain.link["links"].read_bytes() == (in_a_row / "links" / "links.csv").read_bytes()
    assert chain.link["ledger"].read_bytes() == (in_a_row / "links" / "ledger.csv").read_bytes()
    assert len(rows(chain.link["links"])) > 20


def test_photographs_of_all_shards_are_those_of_the_bucket(
    chain: Chain, in_a_row: Path, tmp_path: Path
) -> None:
    """Unpacked into one folder, the shards are what one run preprocessed, byte for byte."""
    assert unpack([call["preprocessed"] for call in chain.preprocessed], tmp_path / "out")
    wanted = tree(in_a_row / "preprocessed")
    for name in ("ledger.csv", "image_properties.csv"):
        del wanted[name]
    assert tree(tmp_path / "out") == wanted
    assert all(len(rows(call["image_properties"])) > 5 for call in chain.preprocessed)


def test_shards_account_for_every_input_once(chain: Chain, in_a_row: Path) -> None:
    """The shards' ledgers are together those of one run, of the download and of preprocess."""
    for calls, name in (
        (chain.downloads, "data/ledger.csv"),
        (chain.preprocessed, "preprocessed/ledger.csv"),
    ):
        found = [row for call in calls for row in rows(call["ledger"])]
        assert sorted(found, key=lambda row: row["input"]) == rows(in_a_row / name)


def test_a_bucket_comes_in_two_archives_a_shard(
    chain: Chain, in_a_row: Path, tmp_path: Path
) -> None:
    """Photographs and tables of all shards are the whole download, and only one has tables."""
    unpack([call["images"] for call in chain.downloads], tmp_path / "out")
    counts = [unpack([call["tables"]], tmp_path / "out") for call in chain.downloads]
    wanted = tree(in_a_row / "data")
    del wanted["ledger.csv"]
    assert tree(tmp_path / "out") == wanted
    assert counts[0] > 2
    assert counts[1] == 0


def test_what_is_recorded_tells_whether_artifacts_are_whole(chain: Chain) -> None:
    """Each output's digest is that of what lies there, and its counts are the ledger's."""
    for call in (*chain.downloads, *chain.preprocessed, chain.clean, chain.link):
        ledger = rows(call["ledger"])
        for name, metadata in call.metadata.items():
            assert metadata["sha256"] == measure(call[name]).sha256
            assert metadata["inputs"] == len(ledger)
            assert metadata["ok"] == sum(row["status"] == "ok" for row in ledger)


def test_a_model_is_trained_and_labels_a_shard(chain: Chain, tmp_path: Path) -> None:
    """Retrain, predict and publish go on from there: each photograph has a label by its key."""
    preprocessed = [call["preprocessed"] for call in chain.preprocessed]
    env = chain.environment
    trained = run(
        "retrain",
        tmp_path / "retrain",
        {"how_many_training_steps": 20, "testing_percentage": 34, "mlflow_tracking_uri": ""},
        env=env,
        preprocessed=preprocessed,
        links=chain.link["links"],
    )
    labels = {row["label"] for row in rows(chain.link["links"])}
    matrix = trained.metadata["confusion_matrix"]["confusionMatrix"]
    assert {each["displayName"] for each in matrix["annotationSpecs"]} == labels
    tested = sum(sum(row["row"]) for row in matrix["rows"])
    assert tested == trained.metadata["metrics"]["test_images"] > 0
    assert 0 <= trained.metadata["metrics"]["test_accuracy"] <= 1
    assert trained.metadata["model"]["sha256"] == measure(trained["model"]).sha256
    assert not (trained["model"] / ".autofocus").exists()
    assert trained["report"].read_text().startswith("<!doctype html>")
    labelled = run(
        "predict",
        tmp_path / "predict",
        {"indir": INDIR, "include_labelled": True},
        env=env,
        model=trained["model"],
        preprocessed=preprocessed[1],
        preprocessing=chain.preprocessed[1]["ledger"],
    )
    published = run(
        "publish",
        tmp_path / "publish",
        {"bucket": BUCKET, "output_prefix": "out/", **MANY_BROKEN},
        env=env,
        predictions=[labelled["predictions"]],
    )
    inputs = [f"{INDIR}/{row['input']}" for row in rows(chain.preprocessed[1]["ledger"])]
    assert [row["filepath"] for row in rows(published["labels"])] == inputs
    assert {row["label"] for row in rows(published["labels"])} <= labels | {""}


def test_an_empty_shard_goes_through(s3: S3, tmp_path: Path) -> None:
    """A shard without a photograph gives an empty archive and table, with which clean goes on."""
    write(tmp_path / "1.JPG", hills(300, 500))
    s3.put("a/1.JPG", (tmp_path / "1.JPG").read_bytes())
    s3.put("d.csv", "ImageDate,FilePath,FileName,ShortName\n2016-07-05,a,1.JPG,cat\n")
    calls, downloads = [], []
    for number in range(2):
        given = {"bucket": s3.bucket, "shard": f"{number}/2"}
        downloads.append(run("download", tmp_path / f"d{number}", given, env=s3.environment))
        images = downloads[-1]["images"]
        calls.append(
            run("preprocess", tmp_path / f"p{number}", {"indir": ""}, env={}, images=images)
        )
    full = next(number for number in range(2) if Shard(number, 2).has("a/1.JPG"))
    assert [len(rows(call["image_properties"])) for call in calls] == [full == 0, full == 1]
    assert calls[1 - full].metadata["preprocessed"]["inputs"] == 0
    unpack([calls[1 - full]["preprocessed"]], tmp_path / "empty")
    assert list(tree(tmp_path / "empty")) == ["preparation.json"]
    clean = run(
        "clean",
        tmp_path / "clean",
        {"detections": ["d.csv"], "strip_components": 0},
        env={},
        tables=[call["tables"] for call in downloads],
        image_properties=[call["image_properties"] for call in calls],
    )
    (row,) = rows(clean["detections_clean"])
    assert row["filepath"] == "preprocessed/a/1.JPG"


def test_a_shard_whose_photographs_lie_elsewhere_is_empty(tmp_path: Path) -> None:
    """By chance a shard may have none below `indir`: it passes through, as an empty one does."""
    images = archive(tmp_path, a__b="no picture")
    made = run("preprocess", tmp_path / "out", {"indir": "elsewhere"}, env={}, images=images)
    assert rows(made["image_properties"]) == []
    assert made.metadata["preprocessed"]["inputs"] == 0
