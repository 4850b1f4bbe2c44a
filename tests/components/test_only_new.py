"""Claims about runs that label only what is new, night by night, against a real S3 server."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.components.calling import Call
from tests.components.test_labelling import TRIMMED, call, make_bucket
from tests.conftest import S3
from tests.predicting.models import LABELS, make_image, make_model
from tests.test_publish_labels import contents

Night = Callable[..., Call]


@pytest.fixture
def keys(s3: S3, tmp_path: Path) -> list[str]:
    """Fill the bucket, and return the keys of its images."""
    keys = make_bucket(tmp_path / "bucket")
    for key in keys:
        s3.put(key, (tmp_path / "bucket" / key).read_bytes())
    s3.put("zoo/detections.csv", "a table")
    s3.put("elsewhere/1.JPG", (tmp_path / "bucket" / keys[0]).read_bytes())
    return keys


@pytest.fixture
def night(s3: S3, tmp_path: Path) -> Night:
    """Return a function that runs the pipeline's components on all shards in one pod."""
    model = make_model(tmp_path / "model", thresholds=dict.fromkeys(LABELS, 0.8))

    def run(name: str, **more: Any) -> Call:
        ingested = ingest(s3, tmp_path / name / "ingest", **more)
        labelled = call(
            "predict",
            tmp_path / name / "predict",
            {"indir": "zoo"},
            model=model,
            preprocessed=ingested["preprocessed"],
            preprocessing=ingested["ledger"],
        )
        return call(
            "publish",
            tmp_path / name / "publish",
            {"bucket": s3.bucket, "only_new": True, **more},
            predictions=[labelled["predictions"]],
            originals=[ingested["originals"]],
        )

    return run


def ingest(s3: S3, folder: Path, shard: str = "0-1/2", **more: Any) -> Call:
    parameters = {
        "bucket": s3.bucket, "indir": "zoo", "shard": shard, "only_new": True,
        "progress": "none", **TRIMMED, **more,
    }  # fmt: skip
    return call("ingest", folder, parameters)


def column(path: Path, name: str) -> list[str]:
    with path.open(newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def test_each_night_labels_what_came_since(
    night: Night, keys: list[str], s3: S3, tmp_path: Path
) -> None:
    """All at first, then what was added or replaced; broken images and a night of none count."""
    published = night("first", only_new=False)
    assert column(published["labels"], "filepath") == keys
    make_image(tmp_path / "new.JPG", (60, 140, 50))
    image = (tmp_path / "new.JPG").read_bytes()
    replaced = next(key for key in keys if "broken" in key)
    s3.put(replaced, image)
    s3.put("zoo/site9/1.JPG", image)
    assert column(night("second")["labels"], "filepath") == [replaced, "zoo/site9/1.JPG"]
    before = contents(s3)
    assert column(night("third")["labels"], "filepath") == []
    assert contents(s3) == before
    assert len(before["autofocus/labels.csv"].splitlines()) == 3


def test_shards_record_what_they_did(keys: list[str], s3: S3, tmp_path: Path) -> None:
    """Each image is in one shard's table, broken or not; other files, and folders, in none."""
    tables = [
        ingest(s3, tmp_path / part[0], part)["originals"] / "objects.csv"
        for part in ("0/3", "1-2/3")
    ]
    assert sorted(column(tables[0], "key") + column(tables[1], "key")) == keys
    listed = s3.client.list_objects_v2(Bucket=s3.bucket)["Contents"]
    etags = {item["Key"]: item["ETag"].strip('"') for item in listed}
    for table in tables:
        expected = [etags[key] for key in column(table, "key")]
        assert column(table, "etag") == expected
