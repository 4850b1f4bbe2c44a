"""Uploading a file to a bucket."""

import hashlib
import threading
from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store.failures import Failure
from autofocus.store.listing import StoredObject, find_object, plain_etag
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket
from autofocus.store.verifying import verify


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


def _error(bucket: Bucket, path: Path, failure: Failure) -> StoreError:
    address = bucket.address
    kind = StoreUnavailableError if failure.is_outage else StoreError
    return kind(
        f"{path} can't be put into bucket {address.bucket} at {address.server} "
        f"({failure.detail}): see to the server and start again."
    )
