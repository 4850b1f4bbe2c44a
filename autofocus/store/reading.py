"""Opening an object and streaming its bytes: with obstore, or with boto3 if obstore can't."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from autofocus.errors import AutofocusError, ExitStatus
from autofocus.store.failures import BAD_HEADERS, CONNECTION_FAILED, TRUNCATED, Failure
from autofocus.store.listing import StoredObject, plain_etag
from autofocus.store.problems import ErrorResponse
from autofocus.store.session import Bucket

if TYPE_CHECKING:
    from obstore import Bytes, GetOptions, GetResult, ObjectMeta

# Larger objects are fetched in parts of this size, so that no request lasts for hours.
PART_BYTES = 64 << 20
# Small, so that a transfer over a slow line stops soon.
_CHUNK_BYTES = 128 << 10
# Up to this size an object is read at once: each chunk costs a switch between threads.
_SMALL_BYTES = 1 << 20


class TransferError(AutofocusError, ConnectionError):
    """An object, or a part of it, could not be fetched; `failure` says why."""

    exit_status = ExitStatus.ENVIRONMENT

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@dataclass(frozen=True)
class Body:
    """An open object.

    Attributes:
        size: of the whole object, in bytes.
        etag: its ETag, without quotes; empty if the answer has none.
        modified: when it was stored; None if the answer doesn't say.
        chunks: its bytes; raises TransferError.
    """

    size: int
    etag: str
    modified: datetime | None
    chunks: "Iterator[bytes | Bytes]"


def open_object(bucket: Bucket, item: StoredObject) -> Body:
    """Request an object.

    Raises:
        TransferError: it does not exist, or the server denies it or does not respond.
    """
    if _is_changed_by_obstore(item.key):
        return _open_by_boto3(bucket, item.key)
    try:
        return _open_by_obstore(bucket, item)
    except ValueError:
        # obstore raises it for keys with control characters.
        return _open_by_boto3(bucket, item.key)


def _is_changed_by_obstore(key: str) -> bool:
    """Tell whether obstore would request another key: it drops slashes at the ends."""
    return key.startswith("/") or key.endswith("/")


def _open_by_obstore(bucket: Bucket, item: StoredObject) -> Body:
    # The size in the listing decides whether to fetch parts, that in the response how many.
    first = _get(bucket, item.key, {"range": (0, PART_BYTES)} if item.size > PART_BYTES else {})
    meta = first.meta
    # obstore's time of an answer without one is 1970.
    modified = meta["last_modified"] if meta["last_modified"].timestamp() else None
    return Body(
        meta["size"], plain_etag(meta["e_tag"]), modified, _parts(bucket, item.key, first, meta)
    )


def _parts(
    bucket: Bucket, key: str, first: "GetResult", meta: "ObjectMeta"
) -> "Iterator[bytes | Bytes]":
    end, size, etag = first.range[1], meta["size"], meta["e_tag"]
    yield from _stream(first)
    for start in range(end, size, PART_BYTES):
        part: GetOptions = {"range": (start, min(start + PART_BYTES, size)), "if_match": etag}
        yield from _stream(_get(bucket, key, part))


def _get(bucket: Bucket, key: str, options: "GetOptions") -> "GetResult":
    import obstore

    try:
        return obstore.get(bucket.objects, key, options=options)
    except Exception as error:
        raise _of_obstore(error) from None


def _stream(result: "GetResult") -> "Iterator[bytes | Bytes]":
    start, end = result.range
    # Not within `_truncated`, which takes longer: this is done for each object.
    try:
        if end - start <= _SMALL_BYTES:
            yield result.bytes()
        else:
            yield from result.stream(min_chunk_size=_CHUNK_BYTES)
    except Exception as error:
        raise _as_truncated(_of_obstore(error)) from None


def _of_obstore(error: Exception) -> Exception:
    """Return the error that stands for one of obstore; any other as it is."""
    from obstore.exceptions import BaseError

    if isinstance(error, (BaseError, OSError)):
        return TransferError(Failure.of_obstore(error))
    return error


def _open_by_boto3(bucket: Bucket, key: str) -> Body:
    with _botocore_errors():
        response = bucket.client.get_object(Bucket=bucket.address.bucket, Key=key)

    def chunks() -> Iterator[bytes]:
        with _truncated(), _botocore_errors():
            yield from response["Body"].iter_chunks(_CHUNK_BYTES)

    return Body(
        response.get("ContentLength", 0),
        plain_etag(response.get("ETag")),
        response.get("LastModified"),
        chunks(),
    )


@contextmanager
def _botocore_errors() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransferError(Failure.of_response(ErrorResponse.of(error))) from None
    # botocore raises a ValueError for a header that is no number or no time.
    except (ResponseParserError, ValueError):
        raise TransferError(BAD_HEADERS) from None


@contextmanager
def _truncated() -> Iterator[None]:
    """Distinguish a connection that ends within an object from one that can't be made."""
    try:
        yield
    except TransferError as error:
        raise _as_truncated(error) from None


def _as_truncated(error: Exception) -> Exception:
    is_truncated = isinstance(error, TransferError) and error.failure == CONNECTION_FAILED
    return TransferError(TRUNCATED) if is_truncated else error


def request_head(bucket: Bucket, key: str, part: int = 0) -> Mapping[str, Any]:
    """Return what the store says of an object, its checksums included.

    Args:
        bucket: where it is.
        key: its key.
        part: the number of a part of it, from 1; 0: the whole object.

    Raises:
        TransferError: the server denies it or does not respond.
    """
    options: Any = {"PartNumber": part} if part else {}
    with _botocore_errors():
        return bucket.client.head_object(
            Bucket=bucket.address.bucket, Key=key, ChecksumMode="ENABLED", **options
        )
