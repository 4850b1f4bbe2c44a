"""Fetching a single object, such as a table that people put into the bucket."""

from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.runs.wording import shown
from autofocus.store.listing import find_object
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket
from autofocus.store.transfer import Fetcher


def fetch_file(bucket: Bucket, key: str, path: Path) -> None:
    """Write an object to a file, and compare it with the listing.

    Args:
        bucket: where it is; its patience is for retries while the server is unavailable.
        key: the object's key.
        path: the file to write.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: there is no such object, or it can't be read.
    """
    item = find_object(bucket, key)
    if item is None:
        raise _error(StoreError, bucket, key, "there is none of this key")
    try:
        Fetcher(bucket).fetch(item, path)
    except TransferError as error:
        kind = StoreUnavailableError if error.failure.store_wide else StoreError
        raise _error(kind, bucket, key, error.failure.detail) from None


def _error(kind: type[StoreError], bucket: Bucket, key: str, why: str) -> StoreError:
    address = bucket.address
    return kind(
        f"{shown(key)} can't be read from bucket {address.bucket} at {address.server} ({why}): "
        "check the key."
    )
