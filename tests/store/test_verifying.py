"""Tests of what the store keeps besides MD5s: checksums, and the sizes of parts."""

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autofocus.errors import StoreError
from autofocus.store.fetching import fetch_file
from autofocus.store.listing import StoredObject
from autofocus.store.reading import TransferError
from autofocus.store.session import open_bucket
from autofocus.store.transfer import Fetcher
from autofocus.store.uploading import put_file
from autofocus.store.verifying import holds
from tests.attack.faulty_s3 import Answer, FaultyS3, Request
from tests.conftest import S3
from tests.store.fake_s3 import FakeObject
from tests.store.test_transfer import misbehaving, only

CONTENT = b"the content of an object"
CRC32 = base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()
# Of a server that says nothing of what it stored.
ANSWERED = Answer(200, {"ETag": '"1234"'})
KMS = {"x-amz-server-side-encryption": "aws:kms"}


def test_a_checksum_stands_for_an_etag_that_is_no_md5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object whose owner encrypts it is compared with the checksum that the store keeps."""
    right = FakeObject(CONTENT, etag="0" * 32, head={**KMS, "x-amz-checksum-crc32": CRC32})
    with misbehaving(monkeypatch, a=right) as (fake, bucket):
        fetcher = Fetcher(bucket, pauses=())
        assert fetcher.fetch(only(bucket), tmp_path / "a").verified == "crc32"
        fake.objects["a"].content = CONTENT.upper()
        with pytest.raises(TransferError, match="doesn't have the object's crc32"):
            fetcher.fetch(only(bucket), tmp_path / "a")


def test_without_anything_better_the_size_must_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store keeps nothing, the answer must have the size and the ETag of the listing."""
    plain = FakeObject(CONTENT, etag="an-opaque-etag")
    with misbehaving(monkeypatch, a=plain) as (fake, bucket):
        fetcher, item = Fetcher(bucket, pauses=()), only(bucket)
        assert fetcher.fetch(item, tmp_path / "a").verified == "size"
        fake.objects["a"].answered = CONTENT
        with pytest.raises(TransferError, match="nothing shows"):
            fetcher.fetch(item, tmp_path / "a")


def test_parts_of_unusual_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is asked for the sizes of parts that no common program makes."""
    parts = [CONTENT[:10], CONTENT[10:]]
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-2"
    state = FakeObject(CONTENT, etag=etag)
    with misbehaving(monkeypatch, a=state) as (fake, _):
        proxy = FaultyS3(fake.endpoint_url)

        def tell_parts(request: Request, real: Callable[[], Answer]) -> Answer:
            answer = real()
            number = int(request.query.get("partNumber", "0"))
            if not number:
                return answer
            told = answer.having(x_amz_mp_parts_count="2")
            return Answer(206, told.headers, b"", len(parts[number - 1]))

        proxy.fault = tell_parts
        with (
            proxy.serving(),
            open_bucket("bucket", endpoint_url=proxy.endpoint_url) as bucket,
        ):
            fetcher = Fetcher(bucket, pauses=())
            assert fetcher.fetch(only(bucket), tmp_path / "a").verified == "multipart-md5"
            fake.objects["a"].content = CONTENT.upper()
            with pytest.raises(TransferError, match="MD5 of the object's parts"):
                fetcher.fetch(only(bucket), tmp_path / "a")


def test_requests_say_that_the_requester_pays(s3: S3, tmp_path: Path) -> None:
    """With request_payer, listings, heads and the fast way of fetching carry the header."""
    s3.put("a", "x")
    seen: list[tuple[str, str]] = []

    class Proxy(FaultyS3):
        def note(self, headers: Mapping[str, str], path: str) -> None:
            seen.append((path, headers.get("x-amz-request-payer", "")))

    with (
        Proxy(s3.endpoint_url).serving() as proxy,
        open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url, request_payer=True) as bucket,
    ):
        Fetcher(bucket).fetch(only(bucket), tmp_path / "a")
        bucket.client.head_object(Bucket=s3.bucket, Key="a")
    assert len(seen) >= 4
    assert {payer for _, payer in seen} == {"requester"}


def test_an_upload_that_arrives_changed_is_noticed(s3: S3, tmp_path: Path) -> None:
    """An answer to an upload whose ETag is not the file's MD5 is no success."""
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    proxy = FaultyS3(s3.endpoint_url)
    with (
        proxy.serving(),
        open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url) as bucket,
    ):
        put_file(bucket, path, "a")

        def alter(request: Request, real: Callable[[], Answer]) -> Answer:
            if request.method == "PUT":
                s3.put("a", CONTENT.upper())
                return ANSWERED
            return real()

        proxy.fault = alter
        with pytest.raises(StoreError, match="can't be put into bucket"):
            put_file(bucket, path, "a")


def test_a_single_object_that_is_not_there(s3: S3, tmp_path: Path) -> None:
    """A missing table is an error that says so; a present one is compared with the listing."""
    s3.put("table.csv", "a,b\n")
    with open_bucket(s3.bucket) as bucket:
        fetch_file(bucket, "table.csv", tmp_path / "table.csv")
        with pytest.raises(StoreError, match="there is none of this key"):
            fetch_file(bucket, "other.csv", tmp_path / "other.csv")
    assert (tmp_path / "table.csv").read_text() == "a,b\n"


def test_a_name_that_the_disk_cannot_hold_is_an_error(tmp_path: Path) -> None:
    """Whether a file holds an object is not answered for a name that no file can have."""
    path, item = tmp_path / ("x" * 300), StoredObject("x" * 300, 0, "")
    with pytest.raises(OSError, match="File name too long"):
        holds(path, item)
