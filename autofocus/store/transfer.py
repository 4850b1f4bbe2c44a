"""Fetching objects: in constant memory, with checks and retries."""

import hashlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.runs import files
from autofocus.store.failures import Failure
from autofocus.store.listing import StoredObject, find_object
from autofocus.store.pace import Pace
from autofocus.store.reading import Body, TransferError, open_object
from autofocus.store.session import Bucket
from autofocus.store.verifying import verify

# Between attempts, in seconds.
PAUSES = (1.0, 4.0)
# As of a file that is opened to be written anew. Windows alone has such a thing as text files.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
# Windows sets the time of a path alone.
_CAN_SET_TIME = os.utime in os.supports_fd


class _UnavailableError(StoreUnavailableError):
    """The store is unavailable; `failure` is that of an object."""

    def __init__(self, failure: Failure, bucket: Bucket) -> None:
        address = bucket.address
        super().__init__(
            f"No object of bucket {address.bucket} arrives from {address.server} "
            f"({failure.detail})."
        )
        self.failure = failure


@dataclass(frozen=True)
class Fetched:
    """An object that has arrived.

    Attributes:
        item: the object; listed anew if it was replaced after the first listing.
        md5: of its content, in hex digits.
        verified: by what it is known to be the object, see `verifying.verify`.
        stamp: of its file, see `files.stamp`.
    """

    item: StoredObject
    md5: str
    verified: str
    stamp: Mapping[str, int]


class Fetcher:
    """Fetches objects of a bucket; thread-safe.

    Args:
        bucket: the source. While its server is unavailable, objects are retried for as long as
            the bucket's patience lasts, which all threads share.
        give_up_after: the number of consecutive failures, for reasons that concern all objects,
            after which the run fails.
        pauses: the seconds between attempts at an object that fails by itself; there is one more
            attempt than pauses. By default `PAUSES`.
    """

    def __init__(
        self, bucket: Bucket, give_up_after: int = 50, pauses: Sequence[float] | None = None
    ) -> None:
        self._bucket = bucket
        self._give_up_after = give_up_after
        self._pauses = PAUSES if pauses is None else pauses
        self._stopped = threading.Event()
        self._pace = Pace(bucket.address.server)
        self._lock = threading.Lock()
        self._lost_in_a_row = 0

    def stop(self) -> None:
        """End all transfers in progress soon, with a TransferError."""
        self._stopped.set()

    def fetch(self, item: StoredObject, unfinished: Path | str) -> Fetched:
        """Write an object into a file, set its time to that of the object, and flush it.

        What arrives is compared with the listing: its size, and its ETag or checksum. Where they
        differ, the object is listed anew, as it may have been replaced.

        Raises:
            TransferError: it could not be fetched, in spite of retries.
            StoreError: no object can be fetched any more.
            OSError: the file can't be written.
        """
        try:
            fetched = self._try_again(item, os.fspath(unfinished))
        except TransferError as error:
            self._count_lost(error.failure)
            raise
        if self._lost_in_a_row:
            with self._lock:
                self._lost_in_a_row = 0
        return fetched

    def _try_again(self, item: StoredObject, unfinished: str) -> Fetched:
        for pause in self._pauses:
            try:
                return self._try_patiently(item, unfinished)
            except TransferError as error:
                if error.failure.final or self._stopped.wait(pause):
                    raise
        return self._try_patiently(item, unfinished)

    def _try_patiently(self, item: StoredObject, unfinished: str) -> Fetched:
        """Try once; failures because the store is unavailable are retried and don't count."""
        patience = self._bucket.patience
        if not patience.seconds:
            return self._try(item, unfinished)
        try:
            return patience.call(lambda: self._attempt(item, unfinished), self._stopped)
        except _UnavailableError as error:
            self._check_not_stopped()
            raise TransferError(replace(error.failure, final=True)) from None

    def _attempt(self, item: StoredObject, unfinished: str) -> Fetched:
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
        if not failure.counts_as_lost or self._stopped.is_set():
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

    def _try(self, item: StoredObject, unfinished: str) -> Fetched:
        begun = self._pace.wait(self._stopped)
        self._check_not_stopped()
        try:
            return self._receive(item, unfinished)
        except TransferError as error:
            if error.failure.is_throttle:
                self._pace.slow_down(begun)
            raise

    def _receive(self, item: StoredObject, unfinished: str) -> Fetched:
        body = open_object(self._bucket, item)
        item, is_listed = self._compare(item, body)
        # By its descriptor, which takes less time than an open file; chunks are large.
        file = os.open(unfinished, _FLAGS, 0o666)
        try:
            received, md5 = self._write(body, file)
            if received != item.size:
                raise TransferError(
                    Failure(f"{received} of {item.size} bytes arrived", is_wrong=True)
                )
            # A listing without ETags is completed by the answer.
            described = item if item.etag else replace(item, etag=body.etag)
            verified = verify(self._bucket, described, unfinished, md5, is_listed=is_listed)
            if body.modified is not None:
                seconds = int(body.modified.timestamp())
                os.utime(file if _CAN_SET_TIME else unfinished, (seconds, seconds))
            files.sync_open(file, unfinished)
            stamp = files.stamp_of(os.fstat(file))
        finally:
            os.close(file)
        return Fetched(item, md5, verified, stamp)

    def _compare(self, item: StoredObject, body: Body) -> tuple[StoredObject, bool]:
        """Compare an answer with the listing, and with a new one if they differ.

        Returns:
            The object as it is listed, and whether the answer has its ETag.

        Raises:
            TransferError: the answer has another size than the object.
        """
        if _is_same(item, body):
            return item, True
        anew = self._list_anew(item)
        if anew is not None and _is_same(anew, body):
            return anew, True
        if body.size != item.size:
            raise TransferError(
                Failure(f"{body.size} bytes are answered, {item.size} are listed", is_wrong=True)
            )
        return item, False

    def _list_anew(self, item: StoredObject) -> StoredObject | None:
        try:
            return find_object(self._bucket, item.key)
        except StoreError:
            # The credentials may list only folders, or what answers is no S3 server.
            return None

    def _check_not_stopped(self) -> None:
        if self._stopped.is_set():
            raise TransferError(Failure("the run was stopped", final=True))

    def _write(self, body: Body, file: int) -> tuple[int, str]:
        digest = hashlib.md5(usedforsecurity=False)
        received = 0
        for chunk in body.chunks:
            self._check_not_stopped()
            rest = memoryview(chunk)
            received += len(rest)
            digest.update(rest)
            while rest:
                # Less is written where the disk becomes full; the next time it is an error.
                rest = rest[os.write(file, rest) :]
        return received, digest.hexdigest()


def _is_same(item: StoredObject, body: Body) -> bool:
    return body.size == item.size and (body.etag == item.etag or not item.etag)
