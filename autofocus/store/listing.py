"""What a bucket holds."""

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

# With what the keys of Autofocus' own outputs begin, such as those of published labels.
DEFAULT_OUTPUT_PREFIX = "autofocus/"
# What AWS advises against in keys, or what makes no folder of its own.
_ODD_CHARACTERS = frozenset('\\{}^%`[]"<>~#|?*')
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
        StoreUnavailableError: the server has stopped answering.
        StoreError: the server denies it.
    """
    found: list[StoredObject] = []
    for page in _pages(bucket, prefix):
        before = len(found)
        for item in page.get("Contents", ()):
            etag = item.get("ETag", "").strip('"')
            found.append(StoredObject(item["Key"], item["Size"], etag))
        if before // _SAY_EVERY < len(found) // _SAY_EVERY:
            print(f"{len(found):,} objects listed so far", file=sys.stderr, flush=True)
    # Some servers list folder by folder, which isn't quite the order of the keys.
    found.sort(key=lambda item: item.key)
    return found


def _pages(bucket: Bucket, prefix: str) -> "Iterator[ListObjectsV2OutputTypeDef]":
    """Yield the pages of a listing; one that fails is retried, those before it are kept."""
    token = ""
    while True:
        page = bucket.patience.call(partial(_page, bucket, prefix, token))
        yield page
        before, token = token, page.get("NextContinuationToken", "")
        if not page.get("IsTruncated") or not token:
            return
        if token == before:
            raise StoreError(
                f"{bucket.place.server} lists the same page of the bucket {bucket.place.bucket} "
                "again and again: check --endpoint-url."
            )


def _page(bucket: Bucket, prefix: str, token: str) -> "ListObjectsV2OutputTypeDef":
    name = bucket.place.bucket
    with plain_errors(bucket.place):
        if token:
            return bucket.client.list_objects_v2(
                Bucket=name, Prefix=prefix, ContinuationToken=token
            )
        return bucket.client.list_objects_v2(Bucket=name, Prefix=prefix)


def check_output_prefix(output_prefix: str) -> None:
    """Make sure that a prefix makes plain keys; an empty one is fine.

    Raises:
        SettingError: it begins with a slash, has an empty, `.` or `..` segment, or odd characters.
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
