"""Tests of bringing objects: checked, tried again, given up."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autofocus.errors import StoreError
from autofocus.runs import files
from autofocus.store import reading
from autofocus.store.listing import StoredObject, list_objects
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.transfer import Fetcher
from autofocus.store.verifying import holds
from tests.conftest import S3
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, FakeObject, FakeS3, serve

ODD_KEYS = (
    *("a b", "a+b", "a%20b", "a%b", "a#b", "a~b", "a?b", "a[b]", "a*b", "a&b=c", "a;b:c"),
    *("'", '"', "<a>", "a|b", "^", "`", "{a}", "$a", "@", "!", "(a)", ",", " a ", "...", "a."),
    *("é", "e\u0301", "日本", "😀", "tab\t", "line\nend", "\x01", "\x7f", "CASE", "case", "C:/x"),
    *("a%2Fb", "%2e%2e/b", "k" * 255, "deep/" * 60 + "x"),
)


@contextmanager
def misbehaving(
    monkeypatch: pytest.MonkeyPatch, **objects: FakeObject
) -> Iterator[tuple[FakeS3, Bucket]]:
    """Open a bucket of a server that misbehaves as its objects say."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with (
        serve(FakeS3(objects)) as fake,
        open_bucket(BUCKET, endpoint_url=fake.endpoint_url) as bucket,
    ):
        yield fake, bucket


def only(bucket: Bucket) -> StoredObject:
    """Return the bucket's only object."""
    (item,) = list_objects(bucket)
    return item


def test_every_key_that_the_server_takes_is_brought(s3: S3, tmp_path: Path) -> None:
    """Keys come as they are, also those that obstore can't name."""
    for key in ODD_KEYS:
        s3.put(key, f"content of {key}")
    with open_bucket(s3.bucket) as bucket:
        items = list_objects(bucket)
        assert [item.key for item in items] == sorted(ODD_KEYS)
        for item in items:
            Fetcher(bucket).fetch(item, tmp_path / "object")
            assert (tmp_path / "object").read_text() == f"content of {item.key}"


def test_a_listing_of_several_pages_is_whole_and_in_order(s3: S3) -> None:
    """More objects than a page of a listing holds are all found, in the order of their keys."""
    with open_bucket(s3.bucket) as bucket:
        import obstore

        keys = [f"{number % 3}/{number}" for number in range(1100)]
        for key in keys:
            obstore.put(bucket.objects, key, b"")
        assert [item.key for item in list_objects(bucket)] == sorted(keys)
        assert [item.key for item in list_objects(bucket, "1/109")] == [
            "1/109",
            "1/1090",
            "1/1093",
            "1/1096",
            "1/1099",
        ]


def test_large_objects_come_in_parts(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object larger than a part is put together from several, to the last byte."""
    content = b"".join(hashlib.sha256(bytes([n])).digest() * 999 for n in range(100))
    s3.put("large.tar", content)
    monkeypatch.setattr(reading, "PART_BYTES", 1 << 20)
    with open_bucket(s3.bucket) as bucket:
        Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == content


def test_objects_stored_in_parts_are_verified_by_them(s3: S3, tmp_path: Path) -> None:
    """An object in parts of a usual size is compared with the MD5 of the MD5s of its parts."""
    from boto3.s3.transfer import TransferConfig

    source = tmp_path / "source"
    source.write_bytes(b"x" * (11 << 20))
    s3.client.upload_file(
        str(source), s3.bucket, "parts.tar", Config=TransferConfig(multipart_threshold=5 << 20)
    )
    with open_bucket(s3.bucket) as bucket:
        item = only(bucket)
        assert item.etag.endswith("-2")
        fetched = Fetcher(bucket).fetch(item, tmp_path / "object")
    assert fetched.verified == "multipart-md5"
    assert (tmp_path / "object").read_bytes() == source.read_bytes()
    assert holds(source, item) == "multipart-md5"
    source.write_bytes(b"x" * (11 << 20) + b"y")
    assert not holds(source, item)
    source.write_bytes(b"x" * ((11 << 20) - 1) + b"y")
    assert not holds(source, item)


def test_an_empty_object(s3: S3, tmp_path: Path) -> None:
    """An object of no bytes becomes a file of no bytes."""
    s3.put("empty.csv")
    with open_bucket(s3.bucket) as bucket:
        Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == b""


def test_the_stamp_of_what_arrived_is_that_of_the_file(s3: S3, tmp_path: Path) -> None:
    """The stamp that is recorded without another look at the file is the file's."""
    s3.put("a.JPG", "content")
    with open_bucket(s3.bucket) as bucket:
        fetched = Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
    assert fetched.stamp == files.stamp(tmp_path / "object")


def test_the_time_of_storing_is_the_files_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is as old as its object, so that it doesn't seem new whenever it is brought."""
    with misbehaving(monkeypatch, a=FakeObject(b"old")) as (_, bucket):
        Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
    # date -u -d '2020-03-02 10:00' +%s
    assert (tmp_path / "object").stat().st_mtime == 1583143200


@pytest.mark.parametrize("statuses", [[503], [500, 502, 503, 504, 500]])
def test_passing_faults_are_waited_out(
    statuses: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After faults of the server an object arrives nevertheless."""
    with misbehaving(monkeypatch, a=FakeObject(b"late", statuses=statuses)) as (_, bucket):
        Fetcher(bucket, pauses=(0, 0)).fetch(only(bucket), tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == b"late"


def test_a_refusal_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that the server refuses is asked for once, and its reason is passed on."""
    with misbehaving(monkeypatch, a=FakeObject(b"secret", statuses=[403])) as (fake, bucket):
        with pytest.raises(TransferError, match=r"^Faulty: For a test$"):
            Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
        assert fake.asked["a"] == 1


def test_an_object_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that vanishes after the listing is told so."""
    with misbehaving(monkeypatch, a=FakeObject(b"")) as (fake, bucket):
        item = only(bucket)
        fake.objects.clear()
        with pytest.raises(TransferError, match=r"^NoSuchKey: "):
            Fetcher(bucket).fetch(item, tmp_path / "object")


def test_broken_connections_are_tried_again_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object of which only a part ever arrives is tried three times or more, then given up."""
    with misbehaving(monkeypatch, a=FakeObject(b"x" * 5000, arriving=4000)) as (fake, bucket):
        with pytest.raises(TransferError):
            Fetcher(bucket, pauses=(0, 0)).fetch(only(bucket), tmp_path / "object")
        assert fake.asked["a"] >= 3


def test_other_bytes_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that don't have the MD5 that the ETag gives are not taken for the object."""
    wrong = FakeObject(b"garbled", etag="0" * 32)
    with misbehaving(monkeypatch, a=wrong) as (_, bucket):
        fetcher = Fetcher(bucket, pauses=(0, 0))
        with pytest.raises(TransferError, match="doesn't have the object's MD5"):
            fetcher.fetch(only(bucket), tmp_path / "object")


@pytest.mark.parametrize(
    "head",
    [
        {"x-amz-server-side-encryption": "aws:kms"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
def test_etags_of_encrypted_objects_are_no_md5(
    head: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypted with a key of one's own, an object's ETag only looks like an MD5."""
    encrypted = FakeObject(b"content", etag="0" * 32, head=head)
    with misbehaving(monkeypatch, a=encrypted) as (_, bucket):
        Fetcher(bucket).fetch(only(bucket), tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == b"content"


def test_a_server_that_is_gone_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no object arrives any more, that is said once, not for each object."""
    with misbehaving(monkeypatch, a=FakeObject(b"x")) as (_, bucket):
        item = only(bucket)
    # The server has ended here; obstore makes connections anew.
    fetcher = Fetcher(bucket, give_up_after=3, pauses=())
    for _ in range(2):
        with pytest.raises(TransferError, match="the connection failed"):
            fetcher.fetch(item, tmp_path / "object")
    with pytest.raises(StoreError, match="the same command resumes from here"):
        fetcher.fetch(item, tmp_path / "object")


def test_refusals_of_single_objects_never_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many objects the server refuses one by one, the others are tried."""
    with misbehaving(monkeypatch, a=FakeObject(b"x", statuses=[403] * 5)) as (_, bucket):
        fetcher = Fetcher(bucket, give_up_after=3)
        for _ in range(5):
            with pytest.raises(TransferError, match="Faulty"):
                fetcher.fetch(only(bucket), tmp_path / "object")


def test_a_stopped_fetcher_fetches_nothing(s3: S3, tmp_path: Path) -> None:
    """After `stop` transfers end at once."""
    s3.put("a", "content")
    with open_bucket(s3.bucket) as bucket:
        fetcher = Fetcher(bucket)
        fetcher.stop()
        with pytest.raises(TransferError, match="stopped"):
            fetcher.fetch(only(bucket), tmp_path / "object")
