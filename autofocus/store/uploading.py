"""Putting a folder into a bucket."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import MissingInputError, StoreError, StoreUnavailableError
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.workspace import HIDDEN
from autofocus.store.failures import Failure
from autofocus.store.listing import list_objects
from autofocus.store.patience import Patience
from autofocus.store.problems import plain_errors
from autofocus.store.session import Access, Bucket, open_bucket
from autofocus.store.transfer import holds

JOBS = 16


@dataclass(frozen=True)
class Uploaded:
    """What became of a folder's files.

    Attributes:
        uploaded: how many were put into the bucket.
        reused: how many it had already, with the same content.
    """

    uploaded: int
    reused: int

    def __str__(self) -> str:
        """Return the account in one line."""
        return f"{self.uploaded} files put into the bucket, {self.reused} were there already"


def upload_folder(
    folder: Path, bucket: str, *, endpoint_url: str | None = None, patience: float = 0.0
) -> Uploaded:
    """Put all files of a folder into a bucket, which is made if it isn't there.

    A file is left out if the bucket has an object of its name, size and MD5; so are the hidden
    folders in which stages keep their memory. Each file must fit into memory.

    Args:
        folder: its files' relative paths become the keys.
        bucket: the bucket's name.
        endpoint_url: the server's address, where it isn't boto3's choice.
        patience: how long to keep retrying while the server is unavailable, in seconds.

    Raises:
        MissingInputError: there is no such folder, or no file in it.
        StoreError: the bucket can't be made or written.
    """
    names = sorted(_files(folder))
    if not names:
        raise MissingInputError(f"There is no file in {folder}: give a folder with some.")
    make_bucket(bucket, endpoint_url=endpoint_url, patience=patience)
    with open_bucket(
        bucket, endpoint_url=endpoint_url, connections=JOBS, patience=patience
    ) as opened:
        there = {item.key: item for item in list_objects(opened)}
        new = [
            name for name in names if name not in there or not holds(folder / name, there[name])
        ]
        stopped = threading.Event()

        def put(name: str) -> None:
            put_file(opened, folder / name, name, stopped)

        with Progress("upload", len(new), "file") as progress:
            for _ in ordered_map(put, new, JOBS, stopped.set):
                progress.advance()
    return Uploaded(len(new), len(names) - len(new))


def make_bucket(name: str, *, endpoint_url: str | None = None, patience: float = 0.0) -> None:
    """Make a bucket, unless it is there.

    Args:
        name: the bucket's name.
        endpoint_url: the server's address, where it isn't boto3's choice.
        patience: how long to keep retrying while the server is unavailable, in seconds.

    Raises:
        StoreError: it can't be made.
    """
    access = Access(name, endpoint_url, patience=patience)
    with access.client() as client:
        place = access.place_of(client)

        def make() -> None:
            with plain_errors(place):
                have = {bucket.get("Name") for bucket in client.list_buckets().get("Buckets", ())}
                if name not in have:
                    client.create_bucket(Bucket=name)

        Patience(patience, place.server).call(make)


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != HIDDEN]
        for name in names:
            yield (Path(place) / name).relative_to(folder).as_posix()


def put_file(bucket: Bucket, path: Path, key: str, stopped: threading.Event | None = None) -> None:
    """Put a file into a bucket, in place of what may stand there; it must fit into memory.

    Args:
        bucket: where to; its patience is for retries while the server is unavailable.
        path: the file.
        key: the object's key.
        stopped: ends the retries when it is set.

    Raises:
        StoreUnavailableError: the server is unavailable.
        StoreError: it can't be written.
    """
    bucket.patience.call(lambda: _put(bucket, path, key), stopped)


def _put(bucket: Bucket, path: Path, key: str) -> None:
    import obstore
    from obstore.exceptions import BaseError

    try:
        # In one go, as the ETag of what is put together from parts is no MD5.
        obstore.put(bucket.objects, key, path.read_bytes(), use_multipart=False)
    except BaseError as error:
        place, failure = bucket.place, Failure.of_obstore(error)
        kind = StoreUnavailableError if failure.is_outage else StoreError
        raise kind(
            f"{path} can't be put into bucket {place.bucket} at {place.server} "
            f"({failure.detail}): see to the server and start again."
        ) from None
