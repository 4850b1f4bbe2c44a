"""Claims about publishing the labels of new images, against a real S3 server."""

import gzip
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.publish_labels import PublishSettings, publish_labels
from autofocus.store.labelled import write_objects
from autofocus.store.listing import StoredObject
from tests.conftest import S3
from tests.test_publish_labels import HEADER, contents, shards

NEW = PublishSettings(only_new=True)


def tables(folder: Path, *shards: str) -> list[Path]:
    """Write a table of objects for each shard, with objects of these letters."""
    paths = [folder / f"objects{number}.csv" for number in range(len(shards))]
    for path, letters in zip(paths, shards, strict=True):
        write_objects([StoredObject(f"zoo/{one}.JPG", 1, one * 32) for one in letters], path)
    return paths


def recorded(s3: S3) -> list[str]:
    """Return the letters in each file of the record."""
    files = [text for key, text in contents(s3).items() if key.startswith("autofocus/labelled/")]
    rows = [gzip.decompress(file).decode().splitlines()[1:] for file in files]
    return sorted("".join(row[4] for row in file) for file in rows)


def test_the_objects_of_a_run_are_recorded(s3: S3, tmp_path: Path) -> None:
    """One file has those of all shards in order, and repeating the run adds none."""
    paths, objects = shards(tmp_path, "bd", "", "ac"), tables(tmp_path, "bd", "", "ace")
    for _ in range(2):
        result = publish_labels(paths, tmp_path / "labels.csv", s3.bucket, objects=objects)
        assert recorded(s3) == ["abcde"]
    assert any(note.startswith("5 objects recorded as done") for note in result.notes)


def test_without_new_images_nothing_is_published(s3: S3, tmp_path: Path) -> None:
    """The labels of the run before stay, and what was rejected is recorded nevertheless."""
    out = tmp_path / "out" / "labels.csv"
    publish_labels(shards(tmp_path / "1", "a"), out, s3.bucket, NEW, objects=tables(tmp_path, "a"))
    before = contents(s3)
    result = publish_labels(
        shards(tmp_path / "2", "", ""), out, s3.bucket, NEW, objects=tables(tmp_path, "", "")
    )
    assert contents(s3) == before
    assert "no new image had to be labelled: nothing is published" in result.notes
    assert result.table.read_text() == HEADER
    empty = shards(tmp_path / "3", "")
    publish_labels(empty, out, s3.bucket, NEW, objects=tables(tmp_path, "x"))
    assert recorded(s3) == ["a", "x"]
    assert {key for key in contents(s3) if "labelled/" not in key} <= set(before)


def test_a_publication_that_fails_records_nothing(s3: S3, tmp_path: Path) -> None:
    """What isn't published counts as new, also where shards overlap."""
    objects = tables(tmp_path, "a", "a")
    missing = PublishSettings(
        only_new=True, formats=("camtrap-dp",), deployments="none.csv", timezone="Z"
    )
    paths = shards(tmp_path, "a")
    with pytest.raises(Exception, match=r"none\.csv"):
        publish_labels(paths, tmp_path / "labels.csv", s3.bucket, missing, objects=objects[:1])
    assert contents(s3) == {}
    with pytest.raises(InputDataError, match="shards overlap"):
        publish_labels(paths, tmp_path / "labels.csv", s3.bucket, NEW, objects=objects)
    assert recorded(s3) == []
