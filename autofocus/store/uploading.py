"""Uploading a file to a bucket."""

import threading
from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store.failures import Failure
from autofocus.store.session import Bucket


def put_file(bucket: Bucket, path: Path, key: str, stopped: threading.Event | None = None) -> None:
    """Upload a file to a bucket, in place of an earlier object; it must fit into memory.

    Args:
        bucket: where to; its patience is for retries while the server is unavailable.
        path: the file.
        key: the object's key.
        stopped: ends the retries when it is set.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: the object can't be written.
    """
    bucket.patience.call(lambda: _put(bucket, path, key), stopped)


def _put(bucket: Bucket, path: Path, key: str) -> None:
    import obstore
    from obstore.exceptions import BaseError

    try:
        # In one request, as the ETag of a multipart upload is no MD5.
        obstore.put(bucket.objects, key, path.read_bytes(), use_multipart=False)
    except BaseError as error:
        address, failure = bucket.address, Failure.of_obstore(error)
        kind = StoreUnavailableError if failure.is_outage else StoreError
        raise kind(
            f"{path} can't be put into bucket {address.bucket} at {address.server} "
            f"({failure.detail}): see to the server and start again."
        ) from None
