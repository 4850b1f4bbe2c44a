"""Claims about the ingest component, run on this machine as a pipeline calls it."""

import json
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.archive import parts, unpack
from autofocus.demo.local_server import LocalS3Server
from autofocus.download_images import download_images
from autofocus.exporting.originals import write_originals
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.tables.merging import merge_tables
from tests.components.calling import BUCKET, Call, prepare, start
from tests.conftest import S3
from tests.killing import tree

INDIR = "lpz_data"
LEDGERS = {"download_ledger": "data/ledger.csv", "ledger": "preprocessed/ledger.csv"}
TABLES = {
    **LEDGERS,
    "image_properties": "preprocessed/image_properties.csv",
    "originals": "originals.csv",
}


def ingest(folder: Path, shard: str, env: dict[str, str], **parameters: Any) -> Call:
    given = {"bucket": BUCKET, "shard": shard, "indir": INDIR, "preprocess_max_rejected": 0.5}
    call = prepare("ingest", folder, given | parameters)
    done = start("ingest", call, env)
    assert done.returncode == 0, done.stderr
    return call


@pytest.fixture(scope="module")
def calls(server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Seven shards in two pods."""
    folder = tmp_path_factory.mktemp("ingest")
    env = {**server.environment, "TMPDIR": str(tmp_path_factory.mktemp("work"))}
    return [ingest(folder / shard[0], shard, env) for shard in ("0-2/7", "3-6/7")]


@pytest.fixture(scope="module")
def single(server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A single run on the whole bucket."""
    folder = tmp_path_factory.mktemp("single")
    with server.as_default():
        download_images(folder / "data", BUCKET)
    settings = PreprocessSettings(max_rejected=0.5)
    preprocess_images(folder / "data" / INDIR, folder / "preprocessed", settings)
    write_originals(folder / "preprocessed", folder / "originals.csv")
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_tables_and_ledgers_are_those_of_a_single_run(
    calls: list[Call], single: Path, tmp_path: Path, name: str
) -> None:
    """Merged, what two pods wrote of seven shards is what one run writes, byte for byte."""
    key = "input" if name in LEDGERS else "filepath"
    found = [call[name] / TABLES[name] if name == "originals" else call[name] for call in calls]
    merge_tables(found, tmp_path / "merged.csv", key)
    assert (tmp_path / "merged.csv").read_bytes() == (single / TABLES[name]).read_bytes()


def test_images_and_other_files_are_those_of_a_single_run(
    calls: list[Call], single: Path, tmp_path: Path
) -> None:
    """Unpacked, the prepared images are those of one run, and only shard 0 has other files."""
    unpack([call["preprocessed"] for call in calls], tmp_path / "images")
    expected = tree(single / "preprocessed")
    for name in ("ledger.csv", "image_properties.csv"):
        del expected[name]
    assert tree(tmp_path / "images") == expected
    assert unpack([calls[0]["tables"]], tmp_path / "tables") > 2
    assert unpack([calls[1]["tables"]], tmp_path / "tables") == 0


def test_each_shard_can_be_unpacked_by_itself(calls: list[Call], tmp_path: Path) -> None:
    """The tar files name their shards, each of which has the description of its preparation."""
    archives = [call["preprocessed"] for call in calls]
    assert parts(archives) == [f"{number}/7" for number in range(7)]
    numbers = [unpack(archives, tmp_path / str(n), f"{n}/7") for n in range(7)]
    assert sum(numbers) == unpack(archives, tmp_path / "all")
    assert all((tmp_path / str(n) / "preparation.json").is_file() for n in range(7))


def test_what_both_stages_rejected_is_recorded_for_the_whole_run(calls: list[Call]) -> None:
    """The outputs by which clean and publish judge the run carry the shares of both stages."""
    for call in calls:
        for name, metadata in call.metadata.items():
            has_shares = {"download_images_inputs", "preprocess_images_inputs"} <= set(metadata)
            assert has_shares == (name in {"image_properties", "ledger"})
    rejected = [call.metadata["ledger"].get("preprocess_images_not_an_image", 0) for call in calls]
    assert sum(rejected) > 0


def test_empty_shards_pass(s3: S3, tmp_path: Path) -> None:
    """A pod whose shards hold no image by chance gives an empty part for each."""
    s3.put("d.csv", "a\n")
    call = prepare("ingest", tmp_path / "out", {"bucket": s3.bucket, "shard": "0-9/20"})
    done = start("ingest", call, s3.environment)
    assert done.returncode == 0, done.stderr
    assert parts([call["preprocessed"]]) == [f"{number}/20" for number in range(10)]
    assert call.metadata["ledger"]["inputs"] == 0


def test_hopeless_shards_fail(s3: S3, tmp_path: Path) -> None:
    """Where all images of a pod are broken the task fails with one sentence, and no outputs."""
    for number in range(6):
        s3.put(f"cam{number}/1.JPG", "no image")
    call = prepare("ingest", tmp_path / "out", {"bucket": s3.bucket, "shard": "0-3/4"})
    done = start("ingest", call, s3.environment)
    assert done.returncode == 4
    sentence = done.stderr.splitlines()[-1]
    assert "6 of 6 inputs were rejected (not_an_image 6) in shards 0-3/4" in sentence
    assert "preprocess_max_rejected allows the share of 0.1" in sentence
    # What was done is kept for another attempt.
    assert call.made == [".autofocus"]


def test_a_bad_range_fails_before_anything_is_done(tmp_path: Path) -> None:
    """A shard of another form is one sentence."""
    call = prepare("ingest", tmp_path / "out", {"bucket": "b", "shard": "4-3/4"})
    done = start("ingest", call)
    assert done.returncode != 0
    assert "shard: I-J/N counts from 0" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(call.executor_input)["inputs"]["parameterValues"]["shard"] == "4-3/4"
