"""Claims about the stage publish_labels, against a real S3 server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.errors import (
    BucketNotFoundError,
    CredentialsError,
    InputDataError,
    MissingInputError,
    OutputConflictError,
    SettingError,
    StoreError,
)
from autofocus.exporting.originals import write_originals
from autofocus.publish_labels import PublishSettings, publish_labels
from tests.conftest import S3
from tests.exporting.making import prediction, write_properties, write_table

STAGE = Path(__file__).parents[1] / "autofocus" / "publish_labels.py"
HEADER = (
    "filepath,label,score,status,decision,sequence,sequence_label,sequence_score,probability_cat\n"
)
CELLS = "JPG,cat,1.0000,ok,accept,zoo@2016-07-05T11:00:00,cat,1.0000,1.0000\n"
MERGED = HEADER + "".join(f"zoo/{name}.{CELLS}" for name in "abcd")


def shards(folder: Path, *names: str) -> list[Path]:
    """Write the tables of shards, each with photographs of these letters."""
    paths = []
    for number, letters in enumerate(names):
        path = folder / f"shard{number}" / "predictions.csv"
        path.parent.mkdir(parents=True)
        rows = "".join(f"zoo/{letter}.{CELLS}" for letter in letters)
        path.write_text(HEADER + rows)
        paths.append(path)
    return paths


def contents(s3: S3) -> dict[str, bytes]:
    """Return all objects of the bucket."""
    found = s3.client.list_objects_v2(Bucket=s3.bucket).get("Contents", [])
    return {
        item["Key"]: s3.client.get_object(Bucket=s3.bucket, Key=item["Key"])["Body"].read()
        for item in found
    }


def fixed_objects(s3: S3) -> dict[str, bytes]:
    """Return the objects that are neither a run's nor the latest run's."""
    return {
        key: content
        for key, content in contents(s3).items()
        if "labels/" not in key and "latest/" not in key
    }


def test_the_merged_table_is_in_the_bucket(s3: S3, tmp_path: Path) -> None:
    """The shards' rows stand in order in the table, which the bucket has byte for byte."""
    paths = shards(tmp_path, "bd", "", "ac")
    result = publish_labels(paths, tmp_path / "out" / "labels.csv", s3.bucket)
    assert result.table.read_text() == MERGED
    assert fixed_objects(s3) == {"autofocus/labels.csv": MERGED.encode()}
    assert result.key == "autofocus/labels.csv"
    assert result.notes[0] == f"4 images, in the bucket {s3.bucket} as autofocus/labels.csv"


def test_a_table_without_rows_may_be_published(s3: S3, tmp_path: Path) -> None:
    """Where all images have labels already, it replaces the earlier table; else it is an error."""
    paths = shards(tmp_path, "", "")
    with pytest.raises(InputDataError, match="have no rows"):
        publish_labels(paths, tmp_path / "out" / "labels.csv", s3.bucket)
    settings = PublishSettings(formats=("megadetector",))
    out = tmp_path / "out" / "labels.csv"
    result = publish_labels(paths, out, s3.bucket, settings, allow_empty=True)
    assert fixed_objects(s3) == {"autofocus/labels.csv": HEADER.encode()}
    assert "no image had to be labelled" in result.notes


def test_results_of_earlier_runs_stay(s3: S3, tmp_path: Path) -> None:
    """Each run has a folder in the bucket, named after its results; `latest` is the last one's."""
    keys = []
    for number, names in enumerate((["1.JPG"], ["1.JPG", "2.JPG"], ["1.JPG", "2.JPG"])):
        path = tmp_path / str(number) / "predictions.csv"
        write_table(path, [prediction(name, date=f"2016-07-0{len(names)}") for name in names])
        publish_labels([path], path.with_name("labels.csv"), s3.bucket)
        keys.append(set(contents(s3)))
    runs = {key.split("/")[2] for key in keys[0] if key.startswith("autofocus/labels/")}
    assert len(runs) == 1
    assert runs.pop().startswith("2016-07-01-")
    assert keys[0] < keys[1] == keys[2]
    after = contents(s3)
    run = json.loads(after["autofocus/latest/run.json"])
    assert run["run"].startswith("2016-07-02-")
    assert run["files"] == ["events.csv", "labels.csv"]
    for name in run["files"]:
        copy = after[f"autofocus/latest/{name}"]
        assert copy == after[f"autofocus/labels/{run['run']}/{name}"]
    assert b"2.JPG" in after["autofocus/latest/labels.csv"]


def test_other_formats_are_published(s3: S3, tmp_path: Path) -> None:
    """Formats stand beside the table, with boxes of the originals; deployments are an object."""
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"])
    table = write_table(tmp_path / "shard" / "predictions.csv", [prediction("a/1.JPG")])
    deployments = "location,latitude,longitude,start,end\nD03-AMP1,41,-87,2016-07-01,2016-07-30\n"
    s3.put("field/deployments.csv", deployments)
    settings = PublishSettings(
        formats=("megadetector", "csv", "camtrap-dp"),
        deployments="field/deployments.csv",
        timezone="Z",
    )
    known = tmp_path / "shard" / "originals.csv"
    write_originals(tmp_path / "preprocessed", known)
    (tmp_path / "preprocessed").rename(tmp_path / "elsewhere")
    publish_labels([table], tmp_path / "labels.csv", s3.bucket, settings, originals=[known])
    after = contents(s3)
    names = json.loads(after["autofocus/latest/run.json"])["files"]
    assert {"megadetector.json", "images.csv", "camtrap_dp/media.csv"} <= set(names)
    (image,) = json.loads(after["autofocus/latest/megadetector.json"])["images"]
    assert image["detections"][0]["bbox"] == [0.25, 0.4, 0.5, 0.2]
    assert not (tmp_path / "megadetector.json").exists()


def test_a_table_of_deployments_that_is_missing_is_named(s3: S3, tmp_path: Path) -> None:
    """Without the table of deployments nothing is published, and the sentence names its key."""
    table = write_table(tmp_path / "predictions.csv", [prediction("1.JPG")])
    settings = PublishSettings(formats=("camtrap-dp",), deployments="none.csv", timezone="Z")
    with pytest.raises(StoreError, match=r"none\.csv can't be read from bucket"):
        publish_labels([table], tmp_path / "labels.csv", s3.bucket, settings)
    assert contents(s3) == {}
    with pytest.raises(SettingError, match="give --deployments"):
        PublishSettings(formats=("camtrap-dp",))


def test_the_ledger_names_the_tables(s3: S3, tmp_path: Path) -> None:
    """Each table given is a row of the ledger beside the output."""
    paths = shards(tmp_path, "a", "b")
    result = publish_labels(paths, tmp_path / "labels.csv", s3.bucket)
    assert result.ledger == tmp_path / "labels.ledger.csv"
    assert result.ledger.read_text() == (
        "stage,input,status,reason,detail,output\n"
        "publish_labels,shard0/predictions.csv,ok,,,labels.csv\n"
        "publish_labels,shard1/predictions.csv,ok,,,labels.csv\n"
    )
    assert (result.counts.inputs, result.counts.ok) == (2, 2)


@pytest.mark.parametrize("prefix", ["2024/run 7/", "new-", "forêt/"])
def test_the_key_begins_with_the_prefix(s3: S3, tmp_path: Path, prefix: str) -> None:
    """The key is the prefix, letter by letter, and the table's name."""
    settings = PublishSettings(output_prefix=prefix)
    publish_labels(shards(tmp_path, "abcd"), tmp_path / "my.csv", s3.bucket, settings)
    assert fixed_objects(s3) == {f"{prefix}my.csv": MERGED.encode()}


def test_an_earlier_table_is_replaced(s3: S3, tmp_path: Path) -> None:
    """The next run's table takes the place of the last one's; other objects stay."""
    s3.put("autofocus/labels.csv", "earlier, and longer than what comes" * 10)
    s3.put("autofocus/notes.txt", "mine")
    publish_labels(shards(tmp_path, "abcd"), tmp_path / "labels.csv", s3.bucket)
    assert fixed_objects(s3) == {
        "autofocus/labels.csv": MERGED.encode(),
        "autofocus/notes.txt": b"mine",
    }


def test_a_second_run_gives_the_same(s3: S3, tmp_path: Path) -> None:
    """Started again, it writes the same table and ledger."""
    paths = shards(tmp_path, "bd", "ac")
    result = publish_labels(paths, tmp_path / "labels.csv", s3.bucket)
    before = result.table.read_bytes(), result.ledger.read_bytes()
    again = publish_labels(paths, tmp_path / "labels.csv", s3.bucket)
    assert (again.table.read_bytes(), again.ledger.read_bytes()) == before
    assert fixed_objects(s3) == {"autofocus/labels.csv": MERGED.encode()}


def test_a_file_of_another_origin_is_kept(s3: S3, tmp_path: Path) -> None:
    """A file that stands where the table would be is not replaced, and nothing is uploaded."""
    (tmp_path / "labels.csv").write_text("mine")
    with pytest.raises(OutputConflictError, match=r"labels\.csv already exists"):
        publish_labels(shards(tmp_path, "a"), tmp_path / "labels.csv", s3.bucket)
    assert (tmp_path / "labels.csv").read_text() == "mine"
    assert contents(s3) == {}


def test_tables_of_different_models_are_told(s3: S3, tmp_path: Path) -> None:
    """Labels that differ are told, and nothing comes into the bucket."""
    paths = shards(tmp_path, "a", "b")
    paths[1].write_text(HEADER.replace("cat", "dog"))
    with pytest.raises(InputDataError, match="have different columns"):
        publish_labels(paths, tmp_path / "labels.csv", s3.bucket)
    assert contents(s3) == {}
    assert not (tmp_path / "labels.csv").exists()


def test_photographs_without_a_label_are_published_as_well(s3: S3, tmp_path: Path) -> None:
    """The row of one that can't be read, and one of several labels, come through as they are."""
    paths = shards(tmp_path, "a", "c")
    unread, several = "zoo/b.JPG,,,truncated,,,,,\n", "zoo/d.JPG,cat; dog,0.9000,ok,,,,,0.9000\n"
    with paths[0].open("a") as file:
        file.write(unread)
    with paths[1].open("a") as file:
        file.write(several)
    publish_labels(paths, tmp_path / "labels.csv", s3.bucket)
    expected = f"{HEADER}zoo/a.{CELLS}{unread}zoo/c.{CELLS}{several}"
    assert fixed_objects(s3) == {"autofocus/labels.csv": expected.encode()}


def test_shards_that_overlap_are_told(s3: S3, tmp_path: Path) -> None:
    """A photograph that two tables name is told, and nothing comes into the bucket."""
    with pytest.raises(InputDataError, match=r"names zoo/b\.JPG a second time"):
        publish_labels(shards(tmp_path, "ab", "bc"), tmp_path / "labels.csv", s3.bucket)
    assert contents(s3) == {}


def test_a_missing_table_is_told(s3: S3, tmp_path: Path) -> None:
    """A shard's table that isn't there is named."""
    with pytest.raises(MissingInputError, match=r"no table .*gone\.csv"):
        publish_labels([tmp_path / "gone.csv"], tmp_path / "labels.csv", s3.bucket)
    assert contents(s3) == {}


@pytest.mark.usefixtures("s3")
def test_a_missing_bucket_is_told(tmp_path: Path) -> None:
    """A bucket that isn't there is named, and no ledger says that all is well."""
    with pytest.raises(BucketNotFoundError, match="no-such-bucket"):
        publish_labels(shards(tmp_path, "a"), tmp_path / "labels.csv", "no-such-bucket")
    assert not (tmp_path / "labels.ledger.csv").exists()


def test_wrong_credentials_are_told(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server wants another key, that is told."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(CredentialsError):
        publish_labels(shards(tmp_path, "a"), tmp_path / "labels.csv", s3.bucket)


def test_an_output_prefix_is_required() -> None:
    """Without a prefix, the table could not be told from the bucket's inputs: an error says so."""
    with pytest.raises(SettingError, match="output_prefix must not be empty"):
        PublishSettings(output_prefix="")


@pytest.mark.parametrize("prefix", ["/labels/", "a//b/", "../", "a/./", "a\\b", "a\nb/", "a#"])
def test_odd_output_prefixes_are_rejected(prefix: str) -> None:
    """A prefix that would make an odd key is rejected before anything is written."""
    with pytest.raises(SettingError, match="makes odd keys"):
        PublishSettings(output_prefix=prefix)


def test_a_negative_patience_is_rejected() -> None:
    """Patience is a number of seconds from 0."""
    with pytest.raises(SettingError, match="patience must not be negative"):
        PublishSettings(patience=-1)


@pytest.mark.parametrize("bucket", ["s3://zoo", "zoo/labels"])
def test_a_bucket_is_given_by_its_name_alone(tmp_path: Path, bucket: str) -> None:
    """A path or address in place of the bucket's name is told before anything is written."""
    with pytest.raises(SettingError, match="bucket: give the name alone"):
        publish_labels(shards(tmp_path, "a"), tmp_path / "out" / "labels.csv", bucket)
    assert not (tmp_path / "out").exists()


def test_the_command_line(s3: S3, tmp_path: Path) -> None:
    """Called as a program with the server's address, it does the same."""
    tables = shards(tmp_path, "bd", "ac")
    where: list[str | Path] = [
        "--outpath",
        tmp_path / "labels.csv",
        "--bucket",
        s3.bucket,
        "--output-prefix",
        "p/",
    ]
    where += ["--endpoint_url", s3.endpoint_url, "--tables", *tables]
    # Without the variable that names the server.
    env = {name: value for name, value in os.environ.items() if "ENDPOINT" not in name}
    told = subprocess.run(
        [sys.executable, STAGE, *where], check=True, capture_output=True, text=True, env=env
    )
    assert f"4 images, in the bucket {s3.bucket} as p/labels.csv" in told.stdout
    assert fixed_objects(s3) == {"p/labels.csv": MERGED.encode()}
