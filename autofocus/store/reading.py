"""Opening an object and streaming its bytes: by obstore, or by boto3 where obstore can't."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from autofocus.errors import AutofocusError
from autofocus.store.failures import CONNECTION_FAILED, TRUNCATED, Failure
from autofocus.store.listing import StoredObject
from autofocus.store.problems import Answer
from autofocus.store.session import Bucket

if TYPE_CHECKING:
    from obstore import Bytes, GetOptions, GetResult

# Larger objects come in parts of this size, so that no request need last for hours.
PART_BYTES = 64 << 20
# Small, so that a transfer over a slow line soon notices that it is to stop.
_CHUNK_BYTES = 128 << 10
# What comes in one piece: each further piece costs a switch between threads.
_SMALL_BYTES = 1 << 20


class TransferError(AutofocusError, ConnectionError):
    """An object, or a part of it, did not arrive; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@dataclass(frozen=True)
class Body:
    """An object under way.

    Attributes:
        size: of the whole object, in bytes.
        etag: what the server calls its content; without quotes.
        modified: when it was stored.
        chunks: its bytes; raises TransferError.
    """

    size: int
    etag: str
    modified: datetime
    chunks: "Iterator[bytes | Bytes]"


def open_object(bucket: Bucket, item: StoredObject) -> Body:
    """Ask for an object.

    Raises:
        TransferError: it isn't there, or the server refuses or doesn't answer.
    """
    try:
        return _open_by_obstore(bucket, item)
    except ValueError:
        # So it says that it can't name keys with control characters.
        return _open_by_boto3(bucket, item.key)


def _open_by_obstore(bucket: Bucket, item: StoredObject) -> Body:
    # The listing tells how many parts to ask for, and the first answer how many there are.
    first = _get(bucket, item.key, {"range": (0, PART_BYTES)} if item.size > PART_BYTES else {})
    size, etag = first.meta["size"], first.meta["e_tag"] or ""
    return Body(
        size, etag.strip('"'), first.meta["last_modified"], _parts(bucket, item.key, first)
    )


def _parts(bucket: Bucket, key: str, first: "GetResult") -> "Iterator[bytes | Bytes]":
    yield from _stream(first)
    size, etag = first.meta["size"], first.meta["e_tag"]
    for start in range(first.range[1], size, PART_BYTES):
        part: GetOptions = {"range": (start, min(start + PART_BYTES, size)), "if_match": etag}
        yield from _stream(_get(bucket, key, part))


def _get(bucket: Bucket, key: str, options: "GetOptions") -> "GetResult":
    import obstore

    with _obstore_errors():
        return obstore.get(bucket.objects, key, options=options)


def _stream(result: "GetResult") -> "Iterator[bytes | Bytes]":
    start, end = result.range
    with _truncated(), _obstore_errors():
        if end - start <= _SMALL_BYTES:
            yield result.bytes()
        else:
            yield from result.stream(min_chunk_size=_CHUNK_BYTES)


@contextmanager
def _obstore_errors() -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise TransferError(Failure.of_obstore(error)) from None


def _open_by_boto3(bucket: Bucket, key: str) -> Body:
    with _botocore_errors():
        answer = bucket.client.get_object(Bucket=bucket.place.bucket, Key=key)

    def chunks() -> Iterator[bytes]:
        with _truncated(), _botocore_errors():
            yield from answer["Body"].iter_chunks(_CHUNK_BYTES)

    return Body(
        answer["ContentLength"], answer["ETag"].strip('"'), answer["LastModified"], chunks()
    )


@contextmanager
def _botocore_errors() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransferError(Failure.of_answer(Answer.of(error))) from None


@contextmanager
def _truncated() -> Iterator[None]:
    """Tell a connection that ends within an object from one that can't be made."""
    try:
        yield
    except TransferError as error:
        if error.failure == CONNECTION_FAILED:
            raise TransferError(TRUNCATED) from None
        raise


def has_md5_etag(bucket: Bucket, key: str) -> bool:
    """Tell whether an ETag that looks like an MD5 is one.

    Where an object is encrypted with a key of one's own, it only looks so.

    Raises:
        TransferError: the server doesn't say.
    """
    with _botocore_errors():
        head = bucket.client.head_object(Bucket=bucket.place.bucket, Key=key)
    by_own_key = head.get("ServerSideEncryption", "").startswith("aws:kms")
    return not by_own_key and "SSECustomerAlgorithm" not in head
