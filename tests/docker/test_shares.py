"""The rejected share of a run is judged over all shards: 12 of them in local Docker."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from autofocus.errors import AutofocusError
from autofocus.runs.sharding import Shard
from pipelines.compile import compile_pipelines
from pipelines.local import run_locally

Images = Callable[[str], str]
SHARDS = 12
IN_A_SHARD = 9
COLOURS = {"deer": (40, 160, 40), "coyote": (200, 160, 60)}
PARAMETERS = """
download_images:
  bucket: {bucket}
preprocess_images:
  trim_bottom: 0
  min_side: 64
clean_detections:
  detections: [detections.csv]
  strip_components: 0
retrain:
  testing_percentage: 20
  validation_percentage: 20
"""


def folders() -> list[str]:
    """Return a folder's name for each shard, in order."""
    names: dict[int, str] = {}
    number = 0
    while len(names) < SHARDS:
        name = f"CAM{number}"
        names.setdefault(_shard_of(f"{name}/0.JPG"), name)
        number += 1
    return [names[shard] for shard in range(SHARDS)]


def _shard_of(key: str) -> int:
    return next(number for number in range(SHARDS) if Shard(number, SHARDS).has(key))


def make_bucket(folder: Path, broken: int) -> Path:
    """Write 12 folders of 9 images and a table, of which so many images are broken.

    Args:
        folder: a new folder.
        broken: how many, spread evenly over the folders.
    """
    chance = np.random.default_rng(1)
    rows = ["ImageDate,FilePath,FileName,ShortName"]
    for place, name in enumerate(folders()):
        (folder / name).mkdir(parents=True)
        for number in range(IN_A_SHARD):
            label = sorted(COLOURS)[(place + number) % 2]
            path = folder / name / f"{number}.JPG"
            pixels = np.clip(chance.normal(COLOURS[label], 25, (80, 80, 3)), 0, 255)
            data = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(data, "JPEG")
            is_broken = number * SHARDS + place < broken
            path.write_bytes(b"not an image" if is_broken else data.getvalue())
            rows.append(f"2016-07-0{1 + number % 9},{name},{path.name},{label}")
    (folder / "detections.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def pipeline(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled training pipeline."""
    compiled = compile_pipelines(tmp_path_factory.mktemp("compiled"))
    assert images("clean") in compiled.images
    return next(path for path in compiled.paths if path.name == "train-cpu.yaml")


def train(pipeline: Path, server: LocalS3Server, folder: Path, bucket: str, broken: int) -> Path:
    """Train on a bucket with so many broken images, and return the folder of results."""
    (folder / "run.yaml").write_text(PARAMETERS.format(bucket=bucket))
    with server.as_default():
        upload_folder(make_bucket(folder / "bucket", broken), bucket)
        words = [f"endpoint_url={server.endpoint_url}", f"shards={SHARDS}"]
        run_locally(pipeline, folder / "results", folder / "run.yaml", words)
    return folder / "results"


def test_one_bad_image_of_nine_in_a_shard_does_not_end_the_run(
    pipeline: Path, s3_server: LocalS3Server, tmp_path: Path
) -> None:
    """11 % of one shard are 0.9 % of the run: it ends with a model, and the image in a ledger."""
    results = train(pipeline, s3_server, tmp_path, "one-bad-image", 1)
    assert (results / "model" / "saved_model.pb").is_file()
    ledger = (results / "preprocessed" / "ledger.csv").read_text().splitlines()
    assert len(ledger) == SHARDS * IN_A_SHARD + 1
    assert sum("not_an_image" in row for row in ledger) == 1


def test_too_many_bad_images_of_the_whole_run_end_it(
    pipeline: Path, s3_server: LocalS3Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """20 % bad overall fail before training, with the whole run's figure."""
    with pytest.raises(AutofocusError, match="clean"):
        train(pipeline, s3_server, tmp_path, "many-bad-images", 22)
    printed = capfd.readouterr()
    assert (
        "22 of 108 inputs were rejected (not_an_image 22) by preprocess_images in all 12 tasks, "
        "more than the share of 0.1 that preprocess_max_rejected allows"
    ) in "".join((printed.out + printed.err).split("\n" + os.linesep))
    assert not (tmp_path / "results" / "model").exists()
