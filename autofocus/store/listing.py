"""Listing a bucket."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autofocus.errors import StoreError
from autofocus.options.settings import require
from autofocus.runs.wording import shown
from autofocus.store.problems import plain_answers
from autofocus.store.session import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

# The prefix of the keys of Autofocus' own outputs, such as published labels.
DEFAULT_OUTPUT_PREFIX = "autofocus/"
# Characters that AWS advises against in keys, or that make no folder of their own.
_ODD_CHARACTERS = frozenset('\\{}^%`[]"<>~#|?*')
# Listing a million objects takes minutes: report the progress.
_REPORT_EVERY = 100_000
# So many pages without any key may come before others.
_MAX_PAGES_AHEAD = 1000
# The ends of the names of access points.
_ALIASES = ("-s3alias", "--xa-s3", "--ol-s3")
_ARCHIVE_TIERS = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A listed object.

    Attributes:
        key: its name in the bucket.
        size: in bytes.
        etag: its ETag, without quotes.
        storage_class: its storage class, such as ``GLACIER``; empty if the server tells none.
        modified: when it was stored, if that was asked for; it doesn't count in comparisons.
    """

    key: str
    size: int
    etag: str
    storage_class: str = ""
    modified: datetime | None = field(default=None, compare=False)

    @property
    def is_archived(self) -> bool:
        """Whether it is in an archive tier: it can be fetched only once it has been restored."""
        return self.storage_class in _ARCHIVE_TIERS


def list_objects(
    bucket: Bucket, prefix: str = "", *, with_times: bool = False
) -> list[StoredObject]:
    """Return all objects whose keys begin with the prefix, in rising order of their keys.

    Args:
        bucket: the bucket.
        prefix: of the keys.
        with_times: whether to keep when each was stored, which takes memory.

    Raises:
        StoreUnavailableError: the server does not respond any more.
        StoreError: the server denies the listing, or its pages contradict each other.
    """
    objects: list[StoredObject] = []
    for page in _pages(bucket, prefix, with_times=with_times):
        before = len(objects)
        objects += page
        if before // _REPORT_EVERY < len(objects) // _REPORT_EVERY:
            print(f"{len(objects):,} objects listed so far", file=sys.stderr, flush=True)
    # Some servers list folder by folder, which is not the order of the keys.
    objects.sort(key=lambda item: item.key)
    for one, other in pairwise(objects):
        if one.key == other.key:
            raise _inconsistent(bucket, f"the key {shown(one.key)} comes twice")
    missed = _missed(bucket, prefix, objects, with_times=with_times)
    return sorted([*objects, *missed], key=lambda item: item.key) if missed else objects


def find_object(bucket: Bucket, key: str) -> StoredObject | None:
    """List a single object; None if there is none of this key.

    Raises:
        StoreUnavailableError: the server does not respond any more.
        StoreError: the server denies the listing.
    """
    page = bucket.patience.call(partial(_page, bucket, Prefix=key))
    return next((item for item in _entries(bucket, key, page) if item.key == key), None)


def _pages(bucket: Bucket, prefix: str, *, with_times: bool) -> Iterator[list[StoredObject]]:
    """Yield the pages of a listing; a page that fails is retried, earlier ones are kept."""
    tokens: set[str] = set()
    first_keys: set[str] = set()
    options: dict[str, str] = {}
    while True:
        page = bucket.patience.call(partial(_page, bucket, Prefix=prefix, **options))
        entries = _entries(bucket, prefix, page, with_times=with_times)
        _check_page(bucket, page)
        if entries and entries[0].key in first_keys:
            raise _inconsistent(bucket, "a page comes twice")
        first_keys.update(item.key for item in entries[:1])
        yield entries
        if not page.get("IsTruncated"):
            return
        token = page.get("NextContinuationToken", "")
        if not token:
            raise _inconsistent(bucket, "a page that is not the last names no next one")
        if token in tokens:
            raise _inconsistent(bucket, "it leads back to an earlier page")
        if len(tokens) >= _MAX_PAGES_AHEAD + len(first_keys):
            raise _inconsistent(bucket, "there are too many empty pages")
        tokens.add(token)
        options = {"ContinuationToken": token}


def _check_page(bucket: Bucket, page: "ListObjectsV2OutputTypeDef") -> None:
    number = len(page.get("Contents", ()))
    if page.get("KeyCount", number) != number:
        raise _inconsistent(
            bucket, f"a page announces {page['KeyCount']:,} keys and holds {number:,}"
        )
    name, expected = page.get("Name", ""), bucket.address.bucket
    # The name of an access point leads to a bucket of another name.
    is_plain = ":" not in expected and not expected.endswith(_ALIASES)
    if name and name != expected and is_plain:
        raise _inconsistent(bucket, f"it is that of another bucket, {shown(name)}")


def _entries(
    bucket: Bucket,
    prefix: str,
    page: "ListObjectsV2OutputTypeDef",
    *,
    with_times: bool = False,
) -> list[StoredObject]:
    """Return the objects of a page.

    Raises:
        StoreError: an entry is incomplete, or is not one of the prefix.
    """
    entries = []
    for entry in page.get("Contents", ()):
        key, size = entry.get("Key"), entry.get("Size", -1)
        # botocore makes lists of elements that come twice.
        if not key or not isinstance(key, str) or not isinstance(size, int):
            raise _inconsistent(bucket, "an entry has not one key and one size")
        if size < 0:
            raise _inconsistent(bucket, f"the entry of {shown(key)} has no size")
        if not key.startswith(prefix):
            raise _inconsistent(
                bucket, f"{shown(key)} does not begin with the prefix {shown(prefix)}"
            )
        etag = plain_etag(entry.get("ETag"))
        modified = entry.get("LastModified") if with_times else None
        entries.append(StoredObject(key, size, etag, entry.get("StorageClass", ""), modified))
    return entries


def _inconsistent(bucket: Bucket, fault: str) -> StoreError:
    address = bucket.address
    return StoreError(
        f"The listing of bucket {address.bucket} at {address.server} contradicts itself: {fault}. "
        "Start again, and check --endpoint-url and what stands between here and there."
    )


def plain_etag(etag: str | None) -> str:
    """Return an ETag without its quotes and the prefix of a weak one; empty if there is none."""
    return (etag or "").removeprefix("W/").strip('"')


def _missed(
    bucket: Bucket, prefix: str, objects: Sequence[StoredObject], *, with_times: bool
) -> list[StoredObject]:
    """List what comes after the last key: nothing, unless the server ended the listing too soon.

    One request more shows that a listing is not cut short. Servers that don't know where to start
    list what is known already.
    """
    known: set[str] = set()
    missed: list[StoredObject] = []
    last = objects[-1].key if objects else ""
    while last:
        page = bucket.patience.call(partial(_page, bucket, Prefix=prefix, StartAfter=last))
        entries = _entries(bucket, prefix, page, with_times=with_times)
        if entries and not known:
            known = {item.key for item in objects}
        new = [item for item in entries if item.key not in known]
        known.update(item.key for item in new)
        missed += new
        last = max((item.key for item in new), default="")
    return missed


def _page(bucket: Bucket, **options: Any) -> "ListObjectsV2OutputTypeDef":
    with plain_answers(bucket.address):
        return bucket.client.list_objects_v2(Bucket=bucket.address.bucket, **options)


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
