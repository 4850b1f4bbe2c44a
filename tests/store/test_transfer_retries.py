"""Claims about objects in an outage of the store, and about those that fail by themselves."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autofocus.demo.uploading import UploadResult, make_bucket, upload_folder
from autofocus.errors import StoreError
from autofocus.store import patience
from autofocus.store.listing import StoredObject, list_objects
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.transfer import Fetcher
from autofocus.store.uploading import put_file
from tests.conftest import S3
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, FakeObject, FakeS3, serve
from tests.store.outage import Proxy

# obstore tries so often by itself.
TRIES = 4


@contextmanager
def misbehaving(
    monkeypatch: pytest.MonkeyPatch, patience_s: float, **objects: FakeObject
) -> Iterator[tuple[FakeS3, Bucket, dict[str, StoredObject]]]:
    """Open a bucket of a server that misbehaves as its objects say."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.05)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with (
        serve(FakeS3(objects)) as fake,
        open_bucket(BUCKET, endpoint_url=fake.endpoint_url, patience=patience_s) as bucket,
    ):
        yield fake, bucket, {item.key: item for item in list_objects(bucket)}


def test_outages_use_up_no_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that may be tried once only arrives after an outage of several attempts."""
    busy = FakeObject(b"late", statuses=[503] * (3 * TRIES + 1))
    with misbehaving(monkeypatch, 60, a=busy) as (_, bucket, items):
        Fetcher(bucket, pauses=()).fetch(items["a"], tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == b"late"


def test_a_truncated_object_is_tried_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object that never arrives whole is no outage: it is given up after its few tries."""
    cut = FakeObject(b"x" * 5000, arriving=4000)
    with misbehaving(monkeypatch, 60, a=cut) as (fake, bucket, items):
        with pytest.raises(TransferError, match="before all bytes had arrived"):
            Fetcher(bucket, pauses=(0, 0)).fetch(items["a"], tmp_path / "object")
        assert 3 <= fake.asked["a"] <= 3 * TRIES
    assert capsys.readouterr().err == ""


def test_a_wrong_md5_is_tried_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object whose bytes are others is given up after its few tries, whatever the patience."""
    wrong = FakeObject(b"garbled", etag="0" * 32)
    with misbehaving(monkeypatch, 60, a=wrong) as (fake, bucket, items):
        with pytest.raises(TransferError, match="doesn't have the object's MD5"):
            Fetcher(bucket, pauses=(0, 0)).fetch(items["a"], tmp_path / "object")
        # Each try asks for the object and for its headers.
        assert fake.asked["a"] == 6


def test_a_refusal_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A denied object is asked for once, whatever the patience."""
    denied = FakeObject(b"secret", statuses=[403])
    with misbehaving(monkeypatch, 60, a=denied) as (fake, bucket, items):
        with pytest.raises(TransferError, match=r"^Faulty: For a test$"):
            Fetcher(bucket).fetch(items["a"], tmp_path / "object")
        assert fake.asked["a"] == 1


def test_a_broken_object_among_good_ones_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others arrive, an object that always gives 500 has its few tries, and no more."""
    broken = FakeObject(b"", statuses=[500] * 1000)
    ended = threading.Event()
    with misbehaving(monkeypatch, 60, a=broken, b=FakeObject(b"good")) as (fake, bucket, items):
        fetcher = Fetcher(bucket, pauses=(0, 0))

        def fetch_others() -> None:
            while not ended.is_set():
                fetcher.fetch(items["b"], tmp_path / "other")

        others = threading.Thread(target=fetch_others)
        others.start()
        try:
            with pytest.raises(TransferError, match=r"^Faulty"):
                fetcher.fetch(items["a"], tmp_path / "object")
        finally:
            ended.set()
            others.join()
        assert fake.asked["a"] == 3 * TRIES


def test_a_broken_object_at_the_end_is_no_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last object alone gives 500, it is lost when the patience ends, and only it."""
    broken = FakeObject(b"", statuses=[500] * 1000)
    with misbehaving(monkeypatch, 0.5, a=broken, b=FakeObject(b"good")) as (_, bucket, items):
        fetcher = Fetcher(bucket)
        with pytest.raises(TransferError, match=r"^Faulty"):
            fetcher.fetch(items["a"], tmp_path / "object")
        fetcher.fetch(items["b"], tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == b"good"


def test_a_server_that_stays_away_ends_the_run(s3: S3, tmp_path: Path) -> None:
    """With the patience, the run ends for all threads; whoever comes later does not wait."""
    s3.put("a", "x")
    with (
        Proxy(s3.endpoint_url) as proxy,
        open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url, patience=1) as bucket,
    ):
        (item,) = list_objects(bucket)
        fetcher, ends = Fetcher(bucket), []

        def fetch(number: int) -> None:
            try:
                fetcher.fetch(item, tmp_path / str(number))
            except (StoreError, TransferError) as error:
                ends.append(error)

        proxy.go_away()
        began = time.monotonic()
        threads = [threading.Thread(target=fetch, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= time.monotonic() - began < 4
        proxy.come_back()
        with pytest.raises(TransferError, match="stopped"):
            fetcher.fetch(item, tmp_path / "late")
    ending = [error for error in ends if isinstance(error, StoreError)]
    assert len(ending) >= 1
    assert str(ending[0]) == (
        f"No object of bucket {s3.bucket} arrives from {proxy.endpoint_url} any more (the "
        "connection failed): see to the connection and the credentials; the same command resumes "
        "from here."
    )
    assert all("stopped" in str(error) for error in ends if error not in ending)


def test_an_upload_waits_for_its_server(s3: S3, tmp_path: Path) -> None:
    """A server that refuses connections for a second is waited for: the object is there then."""
    (tmp_path / "file").write_text("content")
    with (
        Proxy(s3.endpoint_url) as proxy,
        open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url, patience=60) as bucket,
    ):
        ended = proxy.go_away_for(1)
        put_file(bucket, tmp_path / "file", "key")
        ended.join()
        assert [item.key for item in list_objects(bucket)] == ["key"]


def test_an_upload_ends_with_its_patience(s3: S3, tmp_path: Path) -> None:
    """A server that stays away ends an upload with a sentence."""
    (tmp_path / "file").write_text("content")
    with (
        Proxy(s3.endpoint_url) as proxy,
        open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url, patience=0.5) as bucket,
        proxy.outage(),
        pytest.raises(StoreError, match=r"can't be put into bucket .* \(the connection failed\)"),
    ):
        put_file(bucket, tmp_path / "file", "key")


def test_a_bucket_is_made_after_an_outage(s3: S3) -> None:
    """A server that refuses connections for a second is waited for: the bucket is there then."""
    name = f"{s3.bucket}-new"
    with Proxy(s3.endpoint_url) as proxy:
        ended = proxy.go_away_for(1)
        make_bucket(name, endpoint_url=proxy.endpoint_url, patience=60)
        ended.join()
    s3.client.delete_bucket(Bucket=name)


def test_a_folder_is_uploaded_in_spite_of_an_outage(s3: S3, tmp_path: Path) -> None:
    """An outage in the middle of an upload costs no file."""
    for number in range(100):
        (tmp_path / f"{number}.JPG").write_bytes(b"x" * 20_000)
    with Proxy(s3.endpoint_url) as proxy:

        def go_away_in_the_middle() -> None:
            while proxy.bytes_sent < 500_000:
                time.sleep(0.001)
            proxy.go_away_for(1).join()

        outage = threading.Thread(target=go_away_in_the_middle)
        outage.start()
        done = upload_folder(tmp_path, s3.bucket, endpoint_url=proxy.endpoint_url, patience=60)
        assert not outage.is_alive()
    assert done == UploadResult(100, 0)
    with open_bucket(s3.bucket) as bucket:
        assert [item.size for item in list_objects(bucket)] == [20_000] * 100
