"""Claims about the record of what is labelled, in a bucket of a real S3 server."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from autofocus.download_images import DownloadResult, download_images, open_download
from autofocus.download_settings import DownloadSettings
from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.store.labelled import (
    list_labelled,
    put_labelled,
    without_labelled,
    without_uploads,
    write_objects,
)
from autofocus.store.listing import StoredObject, list_objects
from autofocus.store.session import Bucket, open_bucket
from tests.conftest import S3
from tests.downloading import fill, objects

NEW = DownloadSettings(only_new=True)
RECORD = "autofocus/labelled/"
# What makes a file of text hard to read back.
ODD = ('a,"b"/1.JPG', "two\nlines/1.JPG", "ü \u202e/1.JPG", " blank /1.JPG", "'=1+1/1.JPG")


@pytest.fixture
def bucket(s3: S3) -> Iterator[Bucket]:
    with open_bucket(s3.bucket) as bucket:
        yield bucket


def images(bucket: Bucket) -> list[StoredObject]:
    return [item for item in list_objects(bucket) if not item.key.startswith("autofocus/")]


def record(bucket: Bucket, folder: Path, *items: StoredObject) -> str:
    """Record these objects, as a run does that published their labels."""
    table = folder / "objects.csv"
    write_objects(items, table)
    return put_labelled(bucket, "autofocus/", table)


def new(bucket: Bucket) -> list[str]:
    """Return the keys of what is new."""
    left = without_labelled(bucket, list_labelled(bucket, "autofocus/"), images(bucket))
    return [item.key for item in left]


def download(s3: S3, folder: Path, settings: DownloadSettings = NEW) -> DownloadResult:
    return download_images(folder, s3.bucket, settings)


def test_what_earlier_runs_did_is_left_out_until_it_is_replaced(
    s3: S3, bucket: Bucket, tmp_path: Path
) -> None:
    """The files of all runs count together; an object of another ETag or size is new again."""
    for key in ("a/1.JPG", "a/2.JPG", "b/3.JPG", *ODD):
        s3.put(key, key)
    first, second, third, *odd = sorted(images(bucket), key=lambda item: item.key in ODD)
    assert len(new(bucket)) == 8
    one = record(bucket, tmp_path, first, *sorted(odd, key=lambda item: item.key))
    two = record(bucket, tmp_path, second)
    assert one != two
    assert new(bucket) == [third.key]
    s3.put(first.key, first.key.upper())
    s3.put(odd[0].key, "of another size")
    assert new(bucket) == sorted([first.key, odd[0].key, third.key])


def test_without_etags_sizes_are_compared(bucket: Bucket, tmp_path: Path) -> None:
    """Where a store lists no ETags, an object of another size is new."""
    item = StoredObject("a.JPG", 1, "")
    record(bucket, tmp_path, item)
    larger = replace(item, size=2)
    files = list_labelled(bucket, "autofocus/")
    assert without_labelled(bucket, files, [item]) == []
    assert without_labelled(bucket, files, [larger]) == [larger]


def test_the_same_rows_are_the_same_file(bucket: Bucket, s3: S3, tmp_path: Path) -> None:
    """A publication that is repeated adds nothing, and writes the same bytes."""
    item = StoredObject("a.JPG", 1, "0" * 32)
    key = record(bucket, tmp_path, item)
    assert key == record(bucket, tmp_path, item)
    assert len(list_labelled(bucket, "autofocus/")) == 1
    content = s3.client.get_object(Bucket=s3.bucket, Key=key)["Body"].read()
    # Where a gzip file has its time.
    assert content[4:8] == bytes(4)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no archive", "Not a gzipped file"),
        (gzip.compress(b"key,size\na,1\n"), "its columns are others"),
        (gzip.compress(b"key,size,etag\na,1\n"), "a row is incomplete"),
        (gzip.compress(b'key,size,etag\n"a,1,0\n'), "unexpected end of data"),
        (gzip.compress(b"key,size,etag\n\xff,1,0\n"), "invalid start byte"),
        (gzip.compress(b"key,size,etag\na,1,0\n" * 9)[:-9], "end-of-stream marker"),
        (b"", "its columns are others"),
    ],
    ids=range(7),
)
def test_a_file_that_can_t_be_read_is_named(
    content: bytes, told: str, s3: S3, bucket: Bucket
) -> None:
    """One sentence says which, and what deleting it means; nothing counts as labelled for it."""
    fill(s3, 1)
    s3.put(RECORD + "broken.csv.gz", content)
    with pytest.raises(InputDataError) as caught:
        new(bucket)
    assert f"{RECORD}broken.csv.gz in the bucket doesn't tell" in (sentence := str(caught.value))
    assert told in sentence
    assert "delete it, and the images that it names are labelled again" in sentence


def test_only_new_images_are_downloaded(s3: S3, bucket: Bucket, tmp_path: Path) -> None:
    """Tables and other files are left out, too, and each reason is noted."""
    fill(s3, 4)
    s3.put("lpz_data/detections.csv", "a")
    listed = [item for item in images(bucket) if item.key.endswith(".JPG")]
    record(bucket, tmp_path, *listed[:3])
    with open_download(s3.bucket, NEW) as opened:
        assert str(opened).startswith("1 object, 100 bytes; other files left out (--only-new): 1")
    result = download(s3, tmp_path / "data")
    assert list(objects(tmp_path / "data")) == [listed[3].key]
    assert result.counts.inputs == 1
    assert list(result.objects) == listed[3:]
    assert "labelled earlier (--only-new): 3" in str(result)
    assert "other files left out (--only-new): 1" in str(result)


def test_without_anything_new_it_succeeds(s3: S3, bucket: Bucket, tmp_path: Path) -> None:
    """Nothing is fetched, whether all is labelled or the images have been moved away since."""
    fill(s3, 2)
    record(bucket, tmp_path, *images(bucket))
    assert download(s3, tmp_path / "data").counts.inputs == 0
    for item in images(bucket):
        s3.client.delete_object(Bucket=s3.bucket, Key=item.key)
    assert download(s3, tmp_path / "moved").counts.inputs == 0
    with pytest.raises(MissingInputError, match="holds only Autofocus' own outputs"):
        download(s3, tmp_path / "all", DownloadSettings())


def test_a_bucket_without_images_and_record_is_an_error(s3: S3, tmp_path: Path) -> None:
    """A prefix that is mistyped isn't taken for one with nothing new."""
    fill(s3, 2)
    with pytest.raises(MissingInputError, match="whose key begins with lpz-data"):
        download(s3, tmp_path, DownloadSettings(only_new=True, prefix="lpz-data"))


def test_a_sample_is_one_of_what_is_new(s3: S3, bucket: Bucket, tmp_path: Path) -> None:
    """A run takes the next images, and not the same ones again; its shards have one sample."""
    fill(s3, 6)
    listed = images(bucket)
    record(bucket, tmp_path, *listed[:3])
    found: list[str] = []
    for shard in range(2):
        settings = DownloadSettings(only_new=True, sample=2, shard=f"{shard}/2")
        download(s3, tmp_path / str(shard), settings)
        found += objects(tmp_path / str(shard))
    assert len(found) == 2
    assert set(found) <= {item.key for item in listed[3:]}


def test_objects_are_recorded_as_they_were_fetched(s3: S3, bucket: Bucket, tmp_path: Path) -> None:
    """One that is replaced after the listing has the new ETag; rejected ones are among them."""
    keys = list(fill(s3, 3))
    s3.put(".autofocus/1.JPG", "a name that is reserved")
    settings = DownloadSettings(only_new=True, max_rejected=1)
    with open_download(s3.bucket, settings) as opened:
        s3.put(keys[0], "replaced")
        result = opened.fetch(tmp_path / "data")
    assert result.counts.rejected == 1
    assert list(result.objects) == images(bucket)
    assert list(download(s3, tmp_path / "data", settings).objects) == images(bucket)


def test_the_images_of_a_folder_wait_for_the_last_of_an_upload() -> None:
    """A camera's folder comes as a whole, with those that it made by itself; others don't wait."""
    now = datetime(2026, 11, 27, 3, tzinfo=timezone.utc)
    ages = {"a/100RECNX/1.JPG": 600, "a/101RECNX/2.JPG": 5, "b/3.JPG": 31, "c/4.JPG": -9}
    items = [
        StoredObject(key, 1, "", modified=now - timedelta(minutes=age))
        for key, age in ages.items()
    ]
    assert [item.key for item in without_uploads(items, 30, now)] == ["b/3.JPG"]
    assert without_uploads(items, 0, now) == items[:3]
    # Longer ago than there are dates.
    assert without_uploads(items, 1e300, now) == []


def test_recent_images_are_left_to_the_next_run(s3: S3, tmp_path: Path) -> None:
    """The run says how many, and succeeds without any."""
    fill(s3, 3)
    result = download(s3, tmp_path / "data", DownloadSettings(only_new=True, min_age=60))
    assert result.counts.inputs == 0
    assert "left to the next run (--min-age): 3" in str(result)
    soon = DownloadSettings(only_new=True, min_age=0.0001)
    assert download(s3, tmp_path / "soon", soon).counts.inputs == 3


def test_a_record_needs_a_prefix() -> None:
    """Without a prefix of outputs, there is no place for it; and only new images may wait."""
    with pytest.raises(SettingError, match="min_age has no effect without only_new"):
        DownloadSettings(min_age=5)
    with pytest.raises(SettingError, match="only_new needs output_prefix"):
        DownloadSettings(only_new=True, output_prefix="")
