"""Whether bytes are an object's: by its ETag, by a checksum that the store keeps, or by size.

An ETag is the MD5 of an object, or for one that was uploaded in parts the MD5 of their MD5s with
the number of parts. It is neither if the object is encrypted with a key of its owner, nor in
Amazon's directory buckets.
"""

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autofocus.runs.files import digest_file
from autofocus.store.checksums import CHECKSUMS, checksum, composite_checksum, multipart_etag
from autofocus.store.failures import Failure
from autofocus.store.listing import StoredObject
from autofocus.store.reading import TransferError, request_head
from autofocus.store.session import Bucket

MD5 = "md5"
MULTIPART_MD5 = "multipart-md5"
# Nothing better is known of the object.
SIZE = "size"

_MD5 = re.compile(r"[0-9a-f]{32}")
_MULTIPART = re.compile(r"[0-9a-f]{32}-([1-9][0-9]{0,4})")
_MAX_PARTS = 10_000
_MIB, _MB = 1 << 20, 10**6
# Of the parts of common programs, in MiB and in MB.
_USUAL = (5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 32, 40, 48, 50, 64, 100, 128, 200, 250, 256, 500,
          512, 1000, 1024, 2000, 2048, 4096, 5000, 5120)  # fmt: skip
# The ends of the names of Amazon's directory buckets, whose ETags are no digests.
_DIRECTORY_BUCKETS = ("--x-s3", "--xa-s3")
_WRONG_MD5 = Failure("what arrived doesn't have the object's MD5", is_wrong=True)
_WRONG_PARTS = Failure("what arrived doesn't have the MD5 of the object's parts", is_wrong=True)
_NO_ETAG = Failure("nothing shows that what arrived is the listed object", is_wrong=True)


def is_md5(etag: str) -> bool:
    """Tell whether an ETag looks like an MD5; that of a multipart upload does not."""
    return _MD5.fullmatch(etag) is not None


def holds(path: Path, item: StoredObject) -> str:
    """Return by what a local file is known to be an object; empty if it isn't known to be.

    Args:
        path: the file; it need not exist.
        item: the object, as it was listed.

    Raises:
        OSError: the disk can't hold a file of this name, or it can't be read.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    if not stat.S_ISREG(status.st_mode) or status.st_size != item.size:
        return ""
    if is_md5(item.etag):
        return MD5 if digest_file(path, "md5") == item.etag else ""
    return MULTIPART_MD5 if _has_usual_parts(path, item.etag) else ""


def verify(
    bucket: Bucket, item: StoredObject, path: Path | str, md5: str, *, is_listed: bool
) -> str:
    """Check that a file that arrived is the object, by the cheapest check that suffices.

    Args:
        bucket: where the object is.
        item: the object, as it was listed.
        path: the file; its size is the object's.
        md5: of the file.
        is_listed: whether the answer had the ETag of the listing.

    Returns:
        By what it is known: `md5`, `multipart-md5`, the name of a checksum, or `size`.

    Raises:
        TransferError: the file is not the object, or the server doesn't respond.
    """
    if md5 == item.etag:
        return MD5
    # Only here, as nearly all objects are known by their MD5, and making a path takes time.
    path = Path(path)
    if _has_usual_parts(path, item.etag):
        return MULTIPART_MD5
    return _Store(bucket, item).verify(path, is_listed=is_listed)


def _number_of_parts(etag: str) -> int:
    """Return the number of parts according to an ETag; 0 if it is no such ETag."""
    match = _MULTIPART.fullmatch(etag)
    return int(match[1]) if match and int(match[1]) <= _MAX_PARTS else 0


def _has_usual_parts(path: Path, etag: str) -> bool:
    number = _number_of_parts(etag)
    if not number:
        return False
    size = path.stat().st_size
    return any(multipart_etag(path, sizes) == etag for sizes in _usual_parts(size, number))


def _usual_parts(size: int, number: int) -> Iterator[list[int]]:
    """Yield the sizes of parts that make up an object in so many parts."""
    if number == 1:
        yield [size]
        return
    for part in sorted({each * unit for each in _USUAL for unit in (_MIB, _MB)}):
        if -(-size // part) == number:
            yield [*[part] * (number - 1), size - part * (number - 1)]


@dataclass(frozen=True)
class _Store:
    """What the store says of an object besides its listing; it is asked as seldom as possible."""

    bucket: Bucket
    item: StoredObject

    def verify(self, path: Path, *, is_listed: bool) -> str:
        """See the function `verify`."""
        if not self._is_same(self._head):
            raise TransferError(_NO_ETAG)
        verified = self._verify_checksum(path) or self._verify_etag(path)
        if not verified and not is_listed:
            raise TransferError(_NO_ETAG)
        return verified or SIZE

    def _verify_checksum(self, path: Path) -> str:
        """Return by which checksum a file is the object; empty if none can be computed."""
        for name, value in self._checksums():
            if sizes := self._sizes_for(value):
                self._compare(name, value, path, sizes)
                return name
        return ""

    def _verify_etag(self, path: Path) -> str:
        """Return how a file has the object's ETag; empty if that is no digest, or unknown."""
        if not self._has_digest_etag:
            return ""
        if is_md5(self.item.etag):
            raise TransferError(_WRONG_MD5)
        if not self._part_sizes:
            return ""
        if multipart_etag(path, self._part_sizes) != self.item.etag:
            raise TransferError(_WRONG_PARTS)
        return MULTIPART_MD5

    @cached_property
    def _head(self) -> Mapping[str, Any]:
        try:
            return request_head(self.bucket, self.item.key)
        except TransferError as error:
            # Some servers answer GET alone.
            if error.failure.final and not error.failure.store_wide:
                return {}
            raise

    def _is_same(self, head: Mapping[str, Any]) -> bool:
        """Tell whether it is the head of the listed object, as far as it tells."""
        is_same_size = head.get("ContentLength", self.item.size) == self.item.size
        etag = str(head.get("ETag", "")).strip('"')
        return is_same_size and (not etag or not self.item.etag or etag == self.item.etag)

    @property
    def _has_digest_etag(self) -> bool:
        is_own_key = str(self._head.get("ServerSideEncryption", "")).startswith("aws:kms")
        is_directory = self.bucket.address.bucket.endswith(_DIRECTORY_BUCKETS)
        return not (is_own_key or is_directory or "SSECustomerAlgorithm" in self._head)

    def _checksums(self) -> Iterator[tuple[str, str]]:
        for name in CHECKSUMS:
            if value := self._head.get(f"Checksum{name.upper()}"):
                yield name, str(value)

    def _sizes_for(self, value: str) -> Sequence[int]:
        """Return the sizes of the parts whose digests make up a checksum; empty if not known."""
        if "-" not in value and self._head.get("ChecksumType") != "COMPOSITE":
            return [self.item.size]
        return self._part_sizes

    @cached_property
    def _part_sizes(self) -> list[int]:
        """The sizes of the object's parts according to the store; empty if it doesn't tell."""
        number = _number_of_parts(self.item.etag)
        sizes: list[int] = []
        with suppress(TransferError):
            for part in range(1, number + 1):
                head = request_head(self.bucket, self.item.key, part)
                if head.get("PartsCount") != number:
                    return []
                sizes.append(int(head["ContentLength"]))
        return sizes if len(sizes) == number and sum(sizes) == self.item.size else []

    def _compare(self, name: str, value: str, path: Path, sizes: Sequence[int]) -> None:
        is_whole = "-" not in value and len(sizes) == 1
        new = CHECKSUMS[name]
        actual = checksum(path, new) if is_whole else composite_checksum(path, sizes, new)
        # Some servers leave out the number of parts.
        if value not in (actual, actual.partition("-")[0]):
            raise TransferError(
                Failure(f"what arrived doesn't have the object's {name}", is_wrong=True)
            )
