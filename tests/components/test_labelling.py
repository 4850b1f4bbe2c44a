"""Claims about the components of the label pipeline, with a model that is made in no time."""

import json
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.archive import pack
from autofocus.images.finding import find_images
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.sharding import Shard
from tests.components.calling import Call, prepare, start
from tests.conftest import S3
from tests.predicting.models import LABELS, PREPARATION, make_image, make_model

TRIMMED: dict[str, Any] = {
    "trim_bottom": PREPARATION.trim_bottom,
    "min_side": PREPARATION.min_side,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with thresholds."""
    return make_model(tmp_path_factory.mktemp("model"), thresholds=dict.fromkeys(LABELS, 0.8))


def call(stage: str, folder: Path, parameters: dict[str, Any], **inputs: Any) -> Call:
    """Run a component that must end well."""
    made = prepare(stage, folder, parameters, **inputs)
    told = start(stage, made)
    assert told.returncode == 0, told.stderr
    return made


def make_bucket(folder: Path) -> list[str]:
    """Write bursts of seven cameras, and return the keys."""
    for number in range(30):
        colour = (20 + 7 * number, 190 - 5 * number, 60 + number)
        moment = f"2016-07-05T11:{number:02}:{7 * number % 60:02}"
        make_image(folder / "zoo" / f"site{number % 7}" / f"{number}.JPG", colour, moment)
    (folder / "zoo" / "site3" / "broken.JPG").write_text("text")
    return [*find_images(folder, ("JPG",))]


def test_the_table_is_that_of_autofocus_predict(model: Path, s3: S3, tmp_path: Path) -> None:
    """What is published of two shards is the table of one run, byte for byte."""
    keys = make_bucket(tmp_path / "bucket")
    preprocess_images(tmp_path / "bucket" / "zoo", tmp_path / "zoo", PreprocessSettings(**TRIMMED))
    given: dict[str, Any] = {"indir": "zoo", "probabilities": True}
    expected = predict(
        model,
        tmp_path / "zoo",
        tmp_path / "labels.csv",
        PredictSettings(probabilities=True),
    )
    assert expected.counts.rejected == 1
    tables, originals = [], []
    for number in range(2):
        inside = [key for key in keys if Shard(number, 2).has(key)]
        assert len({Path(key).parent for key in inside}) >= 2
        pack(tmp_path / "bucket", inside, tmp_path / f"images{number}")
        small = call(
            "preprocess",
            tmp_path / f"preprocess{number}",
            {"indir": "zoo", "max_rejected": 0.5, **TRIMMED},
            images=tmp_path / f"images{number}",
        )
        labelled = call(
            "predict",
            tmp_path / f"predict{number}",
            given,
            model=model,
            preprocessed=small["preprocessed"],
            preprocessing=small["ledger"],
        )
        tables.append(labelled["predictions"])
        originals.append(small["originals"])
    published = call(
        "publish",
        tmp_path / "publish",
        {"bucket": s3.bucket, "formats": ["megadetector"]},
        predictions=tables,
        originals=originals,
    )
    found = s3.client.get_object(Bucket=s3.bucket, Key="autofocus/latest/megadetector.json")
    images = json.loads(found["Body"].read())["images"]
    assert len(images) == 31
    # The model has no boxes, but the size of each original is known.
    assert {image["width"] for image in images if "failure" not in image} == {64}
    assert published["labels"].read_bytes() == expected.predictions.read_bytes()
    rows = published["labels"].read_text().splitlines()
    assert len(rows) == 32
    assert "zoo/site3/broken.JPG,,,not_an_image" in "\n".join(rows)
    assert "zoo/site0@2016-07-05T11:" in published["labels"].read_text()


def test_pods_with_several_shards_give_the_table_of_autofocus_predict(
    model: Path, s3: S3, tmp_path: Path
) -> None:
    """Five shards that two pods ingest and label give the table of one run, byte for byte."""
    for key in make_bucket(tmp_path / "bucket"):
        s3.put(key, (tmp_path / "bucket" / key).read_bytes())
    preprocess_images(tmp_path / "bucket" / "zoo", tmp_path / "zoo", PreprocessSettings(**TRIMMED))
    settings = PredictSettings(probabilities=True)
    expected = predict(model, tmp_path / "zoo", tmp_path / "labels.csv", settings)
    tables, originals = [], []
    for pod, shard in enumerate(("0-2/5", "3-4/5")):
        given = {"bucket": s3.bucket, "indir": "zoo", "shard": shard, **TRIMMED}
        made = prepare("ingest", tmp_path / f"ingest{pod}", given | {"preprocess_max_rejected": 1})
        told = start("ingest", made, s3.environment)
        assert told.returncode == 0, told.stderr
        labelled = call(
            "predict",
            tmp_path / f"predict{pod}",
            {"indir": "zoo", "probabilities": True},
            model=model,
            preprocessed=made["preprocessed"],
            preprocessing=made["ledger"],
        )
        tables.append(labelled["predictions"])
        originals.append(made["originals"])
    published = prepare(
        "publish",
        tmp_path / "publish",
        {"bucket": s3.bucket},
        predictions=tables,
        originals=originals,
    )
    assert start("publish", published, s3.environment).returncode == 0
    assert published["labels"].read_bytes() == expected.predictions.read_bytes()


def test_keys_at_the_bucket_s_root_are_keys(model: Path, tmp_path: Path) -> None:
    """Without a folder that holds the photographs, paths in the table are keys all the same."""
    make_image(tmp_path / "in" / "cam" / "1.JPG", (60, 140, 50))
    preprocess_images(tmp_path / "in", tmp_path / "small", PreprocessSettings(**TRIMMED))
    pack(tmp_path / "small", ["cam/1.JPG", "preparation.json"], tmp_path / "archive")
    made = call(
        "predict",
        tmp_path / "predict",
        {"indir": ""},
        model=model,
        preprocessed=tmp_path / "archive",
        preprocessing=tmp_path / "small" / "ledger.csv",
    )
    assert made["predictions"].read_text().splitlines()[1].startswith("cam/1.JPG,grass,")
