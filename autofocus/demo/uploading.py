"""Uploading a folder to a bucket: the sample, for the demo and for tests."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import MissingInputError
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.walking import Walk
from autofocus.store.listing import list_objects
from autofocus.store.patience import Patience
from autofocus.store.problems import plain_errors
from autofocus.store.session import Access, open_bucket
from autofocus.store.uploading import put_file
from autofocus.store.verifying import holds

JOBS = 16


@dataclass(frozen=True)
class UploadResult:
    """The result of uploading a folder.

    Attributes:
        uploaded: the number of files that were uploaded.
        reused: the number of files that the bucket had already, with the same content.
    """

    uploaded: int
    reused: int

    def __str__(self) -> str:
        """Return the result in one line."""
        return f"{self.uploaded} files put into the bucket, {self.reused} were there already"


def upload_folder(
    folder: Path, bucket: str, *, endpoint_url: str | None = None, patience: float = 0.0
) -> UploadResult:
    """Upload all files of a folder to a bucket, which is created if it doesn't exist.

    Files of which the bucket has an object of the same name, size and MD5 are skipped, and so are
    the hidden folders in which stages keep their memory. Each file must fit into memory.

    Args:
        folder: the relative paths of its files become the keys.
        bucket: the bucket's name.
        endpoint_url: the server's address; by default that of boto3.
        patience: how long to keep retrying while the server is unavailable, in seconds.

    Raises:
        MissingInputError: there is no such folder, or no file in it.
        StoreError: the bucket can't be created or written.
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
    return UploadResult(len(new), len(names) - len(new))


def make_bucket(name: str, *, endpoint_url: str | None = None, patience: float = 0.0) -> None:
    """Create a bucket, unless it exists.

    Args:
        name: the bucket's name.
        endpoint_url: the server's address; by default that of boto3.
        patience: how long to keep retrying while the server is unavailable, in seconds.

    Raises:
        StoreError: it can't be created.
    """
    access = Access(name, endpoint_url, patience=patience)
    with access.client() as client:
        address = access.address_of(client)

        def make() -> None:
            with plain_errors(address):
                have = {bucket.get("Name") for bucket in client.list_buckets().get("Buckets", ())}
                if name not in have:
                    client.create_bucket(Bucket=name)

        Patience(patience, address.server).call(make)


def _files(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        return iter(())
    walk = Walk(folder)
    # Reading a pipe would block forever.
    return (name for name in walk if name not in walk.irregular)
