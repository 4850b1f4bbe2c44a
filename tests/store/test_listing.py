"""Claims about listings: whole, whatever happens between their pages, and without outputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.errors import SettingError, StoreError, StoreUnavailableError
from autofocus.store import patience
from autofocus.store.listing import (
    DEFAULT_OUTPUT_PREFIX,
    StoredObject,
    check_output_prefix,
    list_objects,
    without_outputs,
)
from autofocus.store.session import Bucket, open_bucket
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, ErrorResponse, FakeObject, FakeS3, serve

BUSY: ErrorResponse = (503, {}, b"<Error><Code>SlowDown</Code><Message>x</Message></Error>")
TRUNCATED: ErrorResponse = (
    200,
    {"Content-Length": "9999"},
    b"<ListBucketResult><Contents><Key>0</Key>",
)
TRUNCATED_XML: ErrorResponse = (200, {}, b"<ListBucketResult><Contents><Key>0</Key>")
EMPTY: ErrorResponse = (200, {}, b"<ListBucketResult></ListBucketResult>")
DENIED: ErrorResponse = (403, {}, b"<Error><Code>AccessDenied</Code><Message>x</Message></Error>")


@contextmanager
def pages(
    monkeypatch: pytest.MonkeyPatch, *first: ErrorResponse | None, patience_s: float = 30
) -> Iterator[Bucket]:
    """Open a bucket of ten objects, three a page; listings are first answered as given."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.05)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    objects = {str(number): FakeObject(b"x" * number) for number in range(10)}
    with (
        serve(FakeS3(objects, page=3)) as fake,
        open_bucket(BUCKET, endpoint_url=fake.endpoint_url, patience=patience_s) as bucket,
    ):
        fake.first_listings = list(first)
        yield bucket


@pytest.mark.parametrize("failure", [BUSY, TRUNCATED, TRUNCATED_XML])
def test_a_page_that_fails_is_retried(
    failure: ErrorResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever page fails, and however often, the listing has every object once."""
    first = [failure, None, failure, failure, None, None, failure]
    with pages(monkeypatch, *first) as bucket:
        found = list_objects(bucket)
    assert [(item.key, item.size) for item in found] == [(str(n), n) for n in range(10)]


def test_a_listing_gives_up_with_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stays away between two pages ends the listing with the reason."""
    with (
        pages(monkeypatch, None, *[BUSY] * 1000, patience_s=0.3) as bucket,
        pytest.raises(StoreUnavailableError, match="SlowDown"),
    ):
        list_objects(bucket)


def test_a_listing_without_patience_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without patience boto3 tries three times, and that is all."""
    with pages(monkeypatch, None, *[BUSY] * 2, patience_s=0) as bucket:
        assert len(list_objects(bucket)) == 10
    with (
        pages(monkeypatch, None, *[BUSY] * 3, patience_s=0) as bucket,
        pytest.raises(StoreUnavailableError, match="SlowDown"),
    ):
        list_objects(bucket)


def test_a_denied_page_is_final(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the second page is denied, the listing ends at once."""
    with (
        pages(monkeypatch, None, DENIED) as bucket,
        pytest.raises(StoreError, match="s3:ListBucket"),
    ):
        list_objects(bucket)
    assert capsys.readouterr().err == ""


def test_a_listing_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives the same page again and again is reported."""
    again = b"<ListBucketResult><IsTruncated>true</IsTruncated>"
    again += b"<NextContinuationToken>3</NextContinuationToken></ListBucketResult>"
    with (
        pages(monkeypatch, *[(200, {}, again)] * 2) as bucket,
        pytest.raises(StoreError, match="leads back to an earlier page"),
    ):
        list_objects(bucket)


def stored(*keys: str) -> list[StoredObject]:
    return [StoredObject(key, 1, "etag") for key in keys]


def test_outputs_are_left_out() -> None:
    """What begins with the prefix, letter by letter, is left out, and nothing else."""
    kept = stored("Autofocus/a.csv", "autofocus", "autofocus.csv", "data/autofocus/a.csv")
    outputs = stored("autofocus/", "autofocus/labels.csv", "autofocus/a/b.JPG")
    assert without_outputs(sorted([*kept, *outputs], key=lambda item: item.key), "autofocus/") == (
        kept
    )


@given(st.lists(st.text(max_size=3)))
def test_without_a_prefix_all_objects_are_inputs(keys: list[str]) -> None:
    """An empty prefix leaves nothing out."""
    assert without_outputs(stored(*keys), "") == stored(*keys)


@pytest.mark.parametrize("prefix", ["", DEFAULT_OUTPUT_PREFIX, "a/b c-d_e.f/", "new", "été/"])
def test_plain_prefixes_are_fine(prefix: str) -> None:
    """A prefix may have letters, digits, blanks and folders, or be empty."""
    check_output_prefix(prefix)


@pytest.mark.parametrize("prefix", ["/", "/a/", "a//", "./a", "../a/", "a/../b", "a\\b", "a\0"])
def test_odd_prefixes_are_rejected(prefix: str) -> None:
    """A prefix that would make odd keys is rejected with an example."""
    with pytest.raises(SettingError, match="such as autofocus/"):
        check_output_prefix(prefix)


ENTRY = b"<Contents><Key>a%%2Fb</Key><LastModified>%s</LastModified><ETag>&quot;0f&quot;</ETag>"
ENTRY += b"<Size>5</Size><Owner><ID>1</ID></Owner><StorageClass>GLACIER</StorageClass></Contents>"
XMLNS = b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@pytest.mark.parametrize("xmlns", [b"", XMLNS])
@pytest.mark.parametrize(
    "time", [b"2020-03-02T10:00:00.000Z", b"2020-03-02T10:00:00", b"Mon, 02 Mar 2020 10:00:00 GMT"]
)
def test_entries_are_those_that_botocore_reads(
    xmlns: bytes, time: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are decoded, and times are read in each of the forms that botocore understands."""
    body = b"<ListBucketResult%s><EncodingType>url</EncodingType>%s</ListBucketResult>"
    page: ErrorResponse = (200, {}, body % (xmlns, ENTRY % time))
    with pages(monkeypatch, page, EMPTY) as bucket:
        (item,) = list_objects(bucket, with_times=True)
    assert item == StoredObject("a/b", 5, "0f", "GLACIER")
    assert item.modified == datetime(2020, 3, 2, 10, tzinfo=timezone.utc)
