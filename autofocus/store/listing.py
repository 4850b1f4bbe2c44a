"""What a bucket holds."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.store.problems import plain_errors
from autofocus.store.session import Bucket

# Listing a million objects takes minutes: say now and then that it goes on.
_SAY_EVERY = 100_000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it is listed.

    Attributes:
        key: its name in the bucket.
        size: in bytes.
        etag: what the server calls its content; without quotes.
    """

    key: str
    size: int
    etag: str


def list_objects(bucket: Bucket, prefix: str = "") -> list[StoredObject]:
    """Return all objects whose keys begin with the prefix, in rising order of their keys.

    Raises:
        StoreError: the server stopped answering, or refuses.
    """
    found: list[StoredObject] = []
    with plain_errors(bucket.place):
        pages = bucket.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket.place.bucket, Prefix=prefix):
            before = len(found)
            for item in page.get("Contents", ()):
                etag = item.get("ETag", "").strip('"')
                found.append(StoredObject(item["Key"], item["Size"], etag))
            if before // _SAY_EVERY < len(found) // _SAY_EVERY:
                print(f"{len(found):,} objects listed so far", file=sys.stderr, flush=True)
    # Some servers list folder by folder, which isn't quite the order of the keys.
    found.sort(key=lambda item: item.key)
    return found


def manifest_digest(objects: Sequence[StoredObject]) -> str:
    """Return a digest of what a bucket holds: its keys, sizes and ETags.

    It changes with every object that comes, goes or is written anew.

    Args:
        objects: as `list_objects` returns them.
    """
    digest = hashlib.sha256()
    for item in objects:
        # No key holds a zero byte.
        line = f"{item.key}\0{item.size}\0{item.etag}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
