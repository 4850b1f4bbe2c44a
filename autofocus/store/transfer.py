"""Fetching objects: in constant memory, with checks and retries."""

import hashlib
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.runs.files import digest_file
from autofocus.store.failures import Failure
from autofocus.store.listing import StoredObject
from autofocus.store.reading import Body, TransferError, has_md5_etag, open_object
from autofocus.store.session import Bucket

# Between attempts, in seconds.
PAUSES = (1.0, 4.0)
_MD5 = re.compile(r"[0-9a-f]{32}")


class _UnavailableError(StoreUnavailableError):
    """The store is unavailable; `failure` is that of an object."""

    def __init__(self, failure: Failure, bucket: Bucket) -> None:
        address = bucket.address
        super().__init__(
            f"No object of bucket {address.bucket} arrives from {address.server} "
            f"({failure.detail})."
        )
        self.failure = failure


class Fetcher:
    """Fetches objects of a bucket; thread-safe.

    Args:
        bucket: the source. While its server is unavailable, objects are retried for as long as
            the bucket's patience lasts, which all threads share.
        give_up_after: the number of consecutive failures, for reasons that concern all objects,
            after which the run fails.
        pauses: the seconds between attempts at an object that fails by itself; there is one more
            attempt than pauses.
    """

    def __init__(
        self, bucket: Bucket, give_up_after: int = 50, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._bucket = bucket
        self._give_up_after = give_up_after
        self._pauses = pauses
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._lost_in_a_row = 0

    def stop(self) -> None:
        """End all transfers in progress soon, with a TransferError."""
        self._stopped.set()

    def fetch(self, item: StoredObject, unfinished: Path) -> str:
        """Write an object into a file, and set the file's time to that of the object.

        Its size is always checked, its MD5 if the ETag is one.

        Returns:
            The MD5 of the file's content, in hex digits.

        Raises:
            TransferError: it could not be fetched, in spite of retries.
            StoreError: no object can be fetched any more.
            OSError: the file can't be written.
        """
        try:
            md5 = self._try_again(item, unfinished)
        except TransferError as error:
            self._count_lost(error.failure)
            raise
        with self._lock:
            self._lost_in_a_row = 0
        return md5

    def _try_again(self, item: StoredObject, unfinished: Path) -> str:
        for pause in self._pauses:
            try:
                return self._try_patiently(item, unfinished)
            except TransferError as error:
                if error.failure.final or self._stopped.wait(pause):
                    raise
        return self._try_patiently(item, unfinished)

    def _try_patiently(self, item: StoredObject, unfinished: Path) -> str:
        """Try once; failures because the store is unavailable are retried and don't count."""
        patience = self._bucket.patience
        if not patience.seconds:
            return self._try(item, unfinished)
        try:
            return patience.call(lambda: self._attempt(item, unfinished), self._stopped)
        except _UnavailableError as error:
            self._check_not_stopped()
            raise TransferError(replace(error.failure, final=True)) from None

    def _attempt(self, item: StoredObject, unfinished: Path) -> str:
        began = time.monotonic()
        try:
            return self._try(item, unfinished)
        except TransferError as error:
            failure = error.failure
            is_up = self._bucket.patience.has_succeeded_since(began)
            if not failure.is_outage or (failure.maybe_object and is_up):
                raise
            raise _UnavailableError(failure, self._bucket) from None

    def _count_lost(self, failure: Failure) -> None:
        if not failure.store_wide or self._stopped.is_set():
            return
        with self._lock:
            self._lost_in_a_row += 1
            is_hopeless = self._lost_in_a_row >= self._give_up_after or (
                self._bucket.patience.is_exhausted and not failure.maybe_object
            )
        if is_hopeless:
            self.stop()
            address = self._bucket.address
            raise StoreError(
                f"No object of bucket {address.bucket} arrives from {address.server} any more "
                f"({failure.detail}): see to the connection and the credentials; the same command "
                "resumes from here."
            )

    def _try(self, item: StoredObject, unfinished: Path) -> str:
        self._check_not_stopped()
        body = open_object(self._bucket, item)
        received, md5 = self._write(body, unfinished)
        if received != body.size:
            raise TransferError(Failure(f"{received} of {body.size} bytes arrived"))
        is_other = is_md5(body.etag) and md5 != body.etag
        if is_other and has_md5_etag(self._bucket, item.key):
            raise TransferError(Failure("what arrived doesn't have the object's MD5"))
        seconds = int(body.modified.timestamp())
        os.utime(unfinished, (seconds, seconds))
        return md5

    def _check_not_stopped(self) -> None:
        if self._stopped.is_set():
            raise TransferError(Failure("the run was stopped", final=True))

    def _write(self, body: Body, unfinished: Path) -> tuple[int, str]:
        digest = hashlib.md5(usedforsecurity=False)
        with unfinished.open("wb") as file:
            for chunk in body.chunks:
                self._check_not_stopped()
                file.write(chunk)
                digest.update(chunk)
            return file.tell(), digest.hexdigest()


def is_md5(etag: str) -> bool:
    """Tell whether an ETag looks like an MD5; that of a multipart upload does not."""
    return _MD5.fullmatch(etag) is not None


def holds(path: Path, item: StoredObject) -> bool:
    """Tell whether a file has an object's content, by size and MD5; False if the ETag is none."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != item.size:
        return False
    return is_md5(item.etag) and digest_file(path, "md5") == item.etag
