"""Fetching a single object, such as a table that people put into the bucket."""

from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store.failures import Failure
from autofocus.store.session import Bucket


def fetch_file(bucket: Bucket, key: str, path: Path) -> None:
    """Write an object to a file; it must fit into memory.

    Args:
        bucket: where it is; its patience is for retries while the server is unavailable.
        key: the object's key.
        path: the file to write.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: the object can't be read.
    """
    bucket.patience.call(lambda: _fetch(bucket, key, path))


def _fetch(bucket: Bucket, key: str, path: Path) -> None:
    import obstore
    from obstore.exceptions import BaseError

    try:
        content = obstore.get(bucket.objects, key).bytes()
    except (BaseError, FileNotFoundError) as error:
        address, failure = bucket.address, Failure.of_obstore(error)
        kind = StoreUnavailableError if failure.is_outage else StoreError
        raise kind(
            f"{key} can't be read from bucket {address.bucket} at {address.server} "
            f"({failure.detail}): check the key."
        ) from None
    path.write_bytes(bytes(content))
