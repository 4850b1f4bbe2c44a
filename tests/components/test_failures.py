"""Claims about components that must fail: one sentence, and nothing is left."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.archive import pack
from autofocus.demo.local_server import LocalS3Server
from tests.components.calling import BUCKET, archive, prepare, start
from tests.images.pictures import hills, write

PREDICTIONS = "filepath,label,score,probability_cat\n"


def check_failed(
    stage: str,
    folder: Path,
    sentence: str,
    parameters: dict[str, Any],
    env: dict[str, str] | None = None,
    **inputs: Any,
) -> "subprocess.CompletedProcess[str]":
    """Call a component that must end with one sentence, and leave nothing anywhere."""
    work = folder / "work"
    work.mkdir()
    call = prepare(stage, folder / "out", parameters, **inputs)
    told = start(stage, call, {**(env or {}), "TMPDIR": str(work)})
    assert told.returncode in {2, 3, 4, 5}, told.stderr
    assert "Traceback" not in told.stderr
    last = told.stderr.splitlines()[-1]
    assert last.startswith("autofocus ")
    assert sentence in last
    assert str(work) not in last
    assert told.stdout == ""
    assert call.made == []
    assert list(work.iterdir()) == []
    return told


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"bucket": "no-such-bucket"}, "no-such-bucket"),
        ({"bucket": BUCKET, "shard": "2/2"}, "must be less than N"),
        ({"bucket": BUCKET, "prefix": "nothing/"}, "nothing/"),
        ({"bucket": BUCKET, "prefix": "autofocus/labels/"}, "--output-prefix"),
        (
            {"bucket": BUCKET, "endpoint_url": "http://127.0.0.1:1", "patience": 0.0},
            "can't be reached",
        ),
        ({"bucket": BUCKET, "jobs": "many"}, "jobs must be a whole number"),
        ({}, "The pipeline passes no parameter bucket."),
    ],
)
def test_download_fails_in_one_sentence(
    server: LocalS3Server, tmp_path: Path, parameters: dict[str, Any], sentence: str
) -> None:
    """A bucket, shard or folder that isn't there, or a parameter of another kind, is told."""
    check_failed("download", tmp_path, sentence, parameters, server.environment)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"indir": "/elsewhere"}, "indir must name a folder below the bucket's root"),
        ({"indir": "a/../../b"}, "indir must name a folder below the bucket's root"),
        ({"indir": "", "trim_bottom": -1}, "trim_bottom must not be negative"),
    ],
)
def test_preprocess_fails_in_one_sentence(
    tmp_path: Path, parameters: dict[str, Any], sentence: str
) -> None:
    """A folder that leads out, and parameters that can't be used, are told."""
    images = archive(tmp_path, a__b="no picture")
    check_failed("preprocess", tmp_path, sentence, parameters, images=images)


def test_preprocess_names_what_it_rejected(tmp_path: Path) -> None:
    """In a hopeless shard broken images are named in the log before the sentence, once each."""
    (tmp_path / "source").mkdir()
    names = [f"{number}.JPG" for number in range(3)]
    for name in names:
        (tmp_path / "source" / name).write_text("no picture")
    pack(tmp_path / "source", names, tmp_path / "archive")
    sentence = "3 of 3 inputs were rejected (not_an_image 3) in this shard: more than chance"
    given = {"indir": ""}
    told = check_failed("preprocess", tmp_path, sentence, given, images=tmp_path / "archive")
    assert told.stderr.startswith("rejected: 0.JPG (not_an_image: ")
    assert told.stderr.count("rejected: 2.JPG") == 1


def test_a_small_shard_with_a_broken_image_goes_through(tmp_path: Path) -> None:
    """1 of 2 rejected says nothing about the run: it is named in the log, and recorded."""
    write(tmp_path / "source" / "good.JPG", hills(300, 500))
    (tmp_path / "source" / "bad.JPG").write_text("no picture")
    pack(tmp_path / "source", ["bad.JPG", "good.JPG"], tmp_path / "archive")
    call = prepare("preprocess", tmp_path / "out", {}, images=tmp_path / "archive")
    done = start("preprocess", call)
    assert done.returncode == 0, done.stderr
    assert "rejected: bad.JPG (not_an_image: " in done.stderr
    recorded = call.metadata["image_properties"]
    assert recorded["preprocess_images_inputs"] == 2
    assert recorded["preprocess_images_not_an_image"] == 1


def test_clean_judges_the_rejections_of_all_shards(tmp_path: Path) -> None:
    """Two shards that pass alone fail together, before the join, with the whole run's figure."""
    tables = []
    for shard in ("a", "b"):
        folder = tmp_path / shard
        write(folder / "source" / "good.JPG", hills(300, 500))
        (folder / "source" / "bad.JPG").write_text("no picture")
        pack(folder / "source", ["bad.JPG", "good.JPG"], folder / "archive")
        call = prepare("preprocess", folder / "out", {}, images=folder / "archive")
        assert start("preprocess", call).returncode == 0
        tables.append(call["image_properties"])
    check_failed(
        "clean",
        tmp_path,
        "2 of 4 inputs were rejected (not_an_image 2) by preprocess_images in all 2 tasks, more "
        "than the share of 0.25 that preprocess_max_rejected allows",
        {"detections": ["t.csv"], "preprocess_max_rejected": 0.25},
        tables=[archive(tmp_path, t_csv="x")],
        image_properties=tables,
    )


def test_a_broken_archive_fails_in_one_sentence(tmp_path: Path) -> None:
    """An archive that is incomplete or damaged is told from an empty shard."""
    images = archive(tmp_path, a="x" * 2000)
    tar = images / "part-00000.tar"
    tar.write_bytes(tar.read_bytes()[:-512])
    check_failed("preprocess", tmp_path, "is incomplete or damaged", {"indir": ""}, images=images)


@pytest.mark.parametrize(
    ("detections", "sentence"),
    [
        (["other_*.csv"], "No table in data matches other_*.csv"),
        (["../*.csv"], "must name tables below the data"),
        (["e.csv"], "data/e.csv lacks a column with the paths"),
    ],
)
def test_clean_fails_in_one_sentence(tmp_path: Path, detections: list[str], sentence: str) -> None:
    """Tables that aren't there, that lie elsewhere, or that are others are told."""
    tables = archive(tmp_path, e_csv="date,label\n")
    (tmp_path / "properties").write_text("filepath,date\n")
    check_failed(
        "clean",
        tmp_path,
        sentence,
        {"detections": detections},
        tables=[tables],
        image_properties=[tmp_path / "properties"],
    )


def test_shards_that_overlap_fail_in_one_sentence(tmp_path: Path) -> None:
    """One shard that is given twice is told."""
    tables = archive(tmp_path, e_csv="date,label\n")
    (tmp_path / "properties").write_text("filepath,date\na.JPG,\n")
    check_failed(
        "clean",
        tmp_path,
        "names a.JPG a second time: shards overlap",
        {"detections": ["e.csv"]},
        tables=[tables],
        image_properties=[tmp_path / "properties"] * 2,
    )


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"labelmap": {}, "label_priority": ["human beats all"]}, "'human beats all' is no rule"),
        ({"labelmap": {"cat": 3}, "label_priority": []}, "labelmap.json"),
        ({"labelmap": {}, "label_priority": [], "max_rejected": 2.0}, "must be a share"),
    ],
)
def test_link_fails_in_one_sentence(
    tmp_path: Path, parameters: dict[str, Any], sentence: str
) -> None:
    """Rules, label maps and settings that can't be used are told."""
    (tmp_path / "table").write_text("filepath,label\npreprocessed/1.JPG,cat\n")
    check_failed("link", tmp_path, sentence, parameters, detections_clean=tmp_path / "table")


def test_an_input_that_isn_t_there_fails_in_one_sentence(tmp_path: Path) -> None:
    """Where the component before gave nothing, that is told."""
    check_failed(
        "link",
        tmp_path,
        "gone is not there: the task that makes it has failed, or its output has expired",
        {"labelmap": {}, "label_priority": []},
        detections_clean=tmp_path / "gone",
    )


def test_retrain_fails_in_one_sentence(tmp_path: Path) -> None:
    """A table of links that names what no shard has is told before the training."""
    preprocessed = archive(tmp_path, a="photograph")
    (tmp_path / "links").write_text("filepath,label,link\n../preprocessed/b,cat,cat/b\n")
    check_failed(
        "retrain",
        tmp_path,
        "../preprocessed/b, which links.csv lists, is not among the images",
        {"mlflow_tracking_uri": ""},
        preprocessed=[preprocessed],
        links=tmp_path / "links",
    )


def test_publish_fails_in_one_sentence(server: LocalS3Server, tmp_path: Path) -> None:
    """Tables of different models or without a label, and a bucket that isn't there, are told."""
    texts = {
        "one": PREDICTIONS + "a.JPG,cat,1,1\n",
        "two": PREDICTIONS.replace("cat", "dog"),
        "none": PREDICTIONS,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for number, (bucket, tables, sentence) in enumerate(
        [
            (BUCKET, ["one", "two"], "have different columns"),
            ("no-such-bucket", ["one"], "no-such-bucket"),
            (BUCKET, ["none"], "The tables have no rows, so nothing is published"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_failed(
            "publish",
            folder,
            sentence,
            {"bucket": bucket},
            server.environment,
            predictions=[tmp_path / name for name in tables],
        )
