"""Listing a bucket."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from autofocus.errors import StoreError
from autofocus.options.settings import require
from autofocus.store.problems import plain_errors
from autofocus.store.session import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

# The prefix of the keys of Autofocus' own outputs, such as published labels.
DEFAULT_OUTPUT_PREFIX = "autofocus/"
# Characters that AWS advises against in keys, or that make no folder of their own.
_ODD_CHARACTERS = frozenset('\\{}^%`[]"<>~#|?*')
# Listing a million objects takes minutes: report the progress.
_REPORT_EVERY = 100_000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A listed object.

    Attributes:
        key: its name in the bucket.
        size: in bytes.
        etag: its ETag, without quotes.
    """

    key: str
    size: int
    etag: str


def list_objects(bucket: Bucket, prefix: str = "") -> list[StoredObject]:
    """Return all objects whose keys begin with the prefix, in rising order of their keys.

    Raises:
        StoreUnavailableError: the server does not respond any more.
        StoreError: the server denies the listing.
    """
    objects: list[StoredObject] = []
    for page in _pages(bucket, prefix):
        before = len(objects)
        for item in page.get("Contents", ()):
            etag = item.get("ETag", "").strip('"')
            objects.append(StoredObject(item["Key"], item["Size"], etag))
        if before // _REPORT_EVERY < len(objects) // _REPORT_EVERY:
            print(f"{len(objects):,} objects listed so far", file=sys.stderr, flush=True)
    # Some servers list folder by folder, which is not the order of the keys.
    objects.sort(key=lambda item: item.key)
    return objects


def _pages(bucket: Bucket, prefix: str) -> "Iterator[ListObjectsV2OutputTypeDef]":
    """Yield the pages of a listing; a page that fails is retried, earlier ones are kept."""
    token = ""
    while True:
        page = bucket.patience.call(partial(_page, bucket, prefix, token))
        yield page
        before, token = token, page.get("NextContinuationToken", "")
        if not page.get("IsTruncated") or not token:
            return
        if token == before:
            raise StoreError(
                f"{bucket.address.server} repeats the same page of the listing of bucket "
                f"{bucket.address.bucket}: check --endpoint-url."
            )


def _page(bucket: Bucket, prefix: str, token: str) -> "ListObjectsV2OutputTypeDef":
    name = bucket.address.bucket
    with plain_errors(bucket.address):
        if token:
            return bucket.client.list_objects_v2(
                Bucket=name, Prefix=prefix, ContinuationToken=token
            )
        return bucket.client.list_objects_v2(Bucket=name, Prefix=prefix)


def check_output_prefix(output_prefix: str) -> None:
    """Check that a prefix makes plain keys; it may be empty.

    Raises:
        SettingError: it begins with a slash, or has an empty, `.` or `..` segment or unusual
            characters.
    """
    *folders, _ = segments = output_prefix.split("/")
    odd = [letter for letter in output_prefix if letter in _ODD_CHARACTERS]
    odd += [letter for letter in output_prefix if not letter.isprintable()]
    require(
        not odd and "" not in folders and not {".", ".."} & set(segments),
        f"output_prefix: {output_prefix!r} makes odd keys: give letters, digits and single "
        f"slashes, such as {DEFAULT_OUTPUT_PREFIX}, none of them first.",
    )


def without_outputs(objects: Sequence[StoredObject], output_prefix: str) -> list[StoredObject]:
    """Return the objects that are inputs: all but Autofocus' own outputs.

    Args:
        objects: as `list_objects` returns them.
        output_prefix: the prefix of the outputs' keys; empty if there are no outputs.
    """
    return [item for item in objects if not (output_prefix and item.key.startswith(output_prefix))]


def manifest_digest(objects: Sequence[StoredObject]) -> str:
    """Return a digest of a bucket's keys, sizes and ETags.

    It changes whenever an object is added, removed or replaced.

    Args:
        objects: as `list_objects` returns them.
    """
    digest = hashlib.sha256()
    for item in objects:
        # No key holds a zero byte.
        line = f"{item.key}\0{item.size}\0{item.etag}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
