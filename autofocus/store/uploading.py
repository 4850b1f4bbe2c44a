"""Writing to a bucket, and removing what was written."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store.failures import Failure
from autofocus.store.listing import StoredObject, find_object, plain_etag
from autofocus.store.problems import ErrorResponse
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket
from autofocus.store.verifying import verify

# The parts in which a stream is uploaded (bytes); a server takes at most 10,000 of them. So many
# are in memory at a time.
_PART_BYTES, _PARTS_AT_A_TIME = 16 << 20, 4


def put_file(bucket: Bucket, path: Path, key: str, stopped: threading.Event | None = None) -> None:
    """Upload a file to a bucket, in place of an earlier object; it must fit into memory.

    The answer's ETag must be the MD5 of the file; otherwise the object is listed, and its size and
    its checksum, where it has one, are compared.

    Args:
        bucket: where to; its patience is for retries while the server is unavailable.
        path: the file.
        key: the object's key.
        stopped: ends the retries when it is set.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: the object can't be written, or is not what was sent.
    """
    bucket.patience.call(lambda: _put(bucket, path, key), stopped)


def _put(bucket: Bucket, path: Path, key: str) -> None:
    import obstore
    from obstore.exceptions import BaseError

    content = path.read_bytes()
    try:
        # In one request, as the ETag of a multipart upload is no MD5.
        result = obstore.put(bucket.objects, key, content, use_multipart=False)
    except BaseError as error:
        raise _error(bucket, path, Failure.of_obstore(error)) from None
    etag = plain_etag(result["e_tag"])
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != etag:
        _check_stored(bucket, path, StoredObject(key, len(content), etag), md5)


def _check_stored(bucket: Bucket, path: Path, sent: StoredObject, md5: str) -> None:
    """Compare a file with the object that it became, where the ETag is not its MD5."""
    stored = find_object(bucket, sent.key)
    if stored is None or stored.size != sent.size:
        raise _error(bucket, path, Failure("the bucket does not hold what was sent"))
    try:
        verify(bucket, stored, path, md5, is_listed=stored.etag == sent.etag)
    except TransferError as error:
        raise _error(bucket, path, error.failure) from None


def put_stream(bucket: Bucket, content: Callable[[], Iterator[bytes]], key: str) -> int:
    """Upload bytes of any number in parts, in place of an earlier object.

    The object appears when all of it has arrived; its size is compared with what was sent.

    Args:
        bucket: where to; its patience is for retries while the server is unavailable.
        content: returns an iterator over the bytes, for each attempt anew.
        key: the object's key.

    Returns:
        The number of bytes.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: the object can't be written, or is not what was sent.
        OSError: the content can't be read.
    """
    return bucket.patience.call(lambda: _put_stream(bucket, content(), key))


def _put_stream(bucket: Bucket, content: Iterator[bytes], key: str) -> int:
    import obstore
    from obstore.exceptions import BaseError

    counted = _Counted(content)
    try:
        obstore.put(
            bucket.objects,
            key,
            counted,
            use_multipart=True,
            chunk_size=_PART_BYTES,
            max_concurrency=_PARTS_AT_A_TIME,
        )
    except BaseError as error:
        raise _error(bucket, key, Failure.of_obstore(error)) from None
    stored = find_object(bucket, key)
    if stored is None or stored.size != counted.size:
        raise _error(bucket, key, Failure("the bucket does not hold what was sent"))
    return counted.size


class _Counted:
    """An iterator over bytes that counts them."""

    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content
        self.size = 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> bytes:
        chunk = next(self._content)
        self.size += len(chunk)
        return chunk


def remove_objects(bucket: Bucket, keys: Sequence[str]) -> None:
    """Delete objects; those that are gone already are left out.

    Args:
        bucket: where they are; its patience is for retries while the server is unavailable.
        keys: their keys.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: one can't be deleted.
    """
    for key in keys:
        bucket.patience.call(partial(_remove, bucket, key))


def _remove(bucket: Bucket, key: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        bucket.client.delete_object(Bucket=bucket.address.bucket, Key=key)
    except (BotoCoreError, ClientError) as error:
        failure = Failure.of_response(ErrorResponse.of(error))
        raise _error(bucket, key, failure, "deleted from") from None


def _error(
    bucket: Bucket, name: Path | str, failure: Failure, action: str = "put into"
) -> StoreError:
    address = bucket.address
    kind = StoreUnavailableError if failure.is_outage else StoreError
    return kind(
        f"{name} can't be {action} bucket {address.bucket} at {address.server} "
        f"({failure.detail}): see to the server and start again."
    )
