"""What is labelled already: a record in the bucket, by which a run takes only what is new.

Below the prefix of Autofocus' outputs stands a file for each run that published labels, with a row
for each image that the run is done with: its key, its size and its ETag. Together they are what is
labelled; an object that was replaced since has another ETag, and is new. A file is uploaded after
all else, so that a run that failed leaves the record as it was, and no file is ever changed, so
that runs don't wait for each other. Its name is a digest of its rows.

Each machine of a run reads all files and keeps none of their rows.
"""

import csv
import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from autofocus.errors import InputDataError, StoreError, StoreUnavailableError
from autofocus.runs.cameras import camera_folder
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.files import digest_file
from autofocus.runs.wording import shown
from autofocus.store.keys import path_of
from autofocus.store.listing import StoredObject, list_objects
from autofocus.store.reading import TransferError
from autofocus.store.session import Bucket
from autofocus.store.transfer import Fetcher
from autofocus.store.uploading import put_file

# Below the prefix of the outputs.
FOLDER = "labelled/"
ENDING = ".csv.gz"
COLUMNS = ("key", "size", "etag")
# What a file that was damaged or is another one's raises.
_UNREADABLE = (OSError, EOFError, zlib.error, csv.Error, UnicodeError, ValueError)
_COMPRESSION = 6
_MINUTE = timedelta(minutes=1)
DIGEST_LENGTH = 32


def write_objects(objects: Iterable[StoredObject], path: Path) -> None:
    """Write a table of objects, which `put_labelled` takes.

    Args:
        objects: in rising order of their keys.
        path: the file to write.
    """
    with CsvWriter(path, COLUMNS) as writer:
        writer.write_all((item.key, item.size, item.etag) for item in objects)


def list_labelled(bucket: Bucket, output_prefix: str) -> list[StoredObject]:
    """List the files of the record.

    Args:
        bucket: where labels are published.
        output_prefix: the prefix of Autofocus' outputs.

    Raises:
        StoreError: the bucket can't be listed.
    """
    files = list_objects(bucket, output_prefix + FOLDER)
    return [item for item in files if item.key.endswith(ENDING)]


def without_labelled(
    bucket: Bucket, record: Sequence[StoredObject], objects: Sequence[StoredObject]
) -> list[StoredObject]:
    """Return the objects that no run has labelled, or that were replaced since.

    Args:
        bucket: where labels are published.
        record: the files of the record, as `list_labelled` returns them.
        objects: the objects in question.

    Raises:
        StoreError: a file of the record can't be fetched.
        InputDataError: a file of the record can't be read.
    """
    if not objects:
        return []
    new = {item.key: item for item in objects}
    with tempfile.TemporaryDirectory() as folder:
        fetched = Path(folder) / "labelled"
        fetcher = Fetcher(bucket)
        for file in record:
            _fetch(bucket, fetcher, file, fetched)
            for key, size, etag in _rows(fetched, file.key):
                item = new.get(key)
                if item is not None and item.etag == etag and str(item.size) == size:
                    del new[key]
    return [item for item in objects if item.key in new]


def without_uploads(
    objects: Sequence[StoredObject], min_age: float, now: datetime
) -> list[StoredObject]:
    """Return the objects that are not part of an upload that may be in progress.

    All images of a camera's folder wait for the last of them: the frames of a sequence, and those
    before and after an image, are labelled together.

    Args:
        objects: images, listed with their times.
        min_age: how long ago the last object of a folder must have been stored (minutes).
        now: the time, with its zone.
    """
    recent = {
        camera_folder(path_of(item.key))
        for item in objects
        # Of any age, which a point in time need not be.
        if item.modified is not None and (now - item.modified) / _MINUTE < min_age
    }
    return [item for item in objects if camera_folder(path_of(item.key)) not in recent]


def _fetch(bucket: Bucket, fetcher: Fetcher, file: StoredObject, path: Path) -> None:
    try:
        fetcher.fetch(file, path)
    except TransferError as error:
        kind = StoreUnavailableError if error.failure.store_wide else StoreError
        address = bucket.address
        raise kind(
            f"{shown(file.key)}, which tells what is labelled, can't be read from bucket "
            f"{address.bucket} at {address.server} ({error.failure.detail})."
        ) from None


def _rows(path: Path, key: str) -> Iterator[list[str]]:
    """Yield the rows of a file of the record."""
    width = len(COLUMNS)
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            if next(reader, None) != list(COLUMNS):
                raise ValueError("its columns are others")
            for row in reader:
                if len(row) != width:
                    raise ValueError("a row is incomplete")
                yield row
    except _UNREADABLE as error:
        raise InputDataError(
            f"{shown(key)} in the bucket doesn't tell what is labelled ({error}): delete it, and "
            "the images that it names are labelled again."
        ) from None


def put_labelled(bucket: Bucket, output_prefix: str, table: Path) -> str:
    """Add to the record what a run is done with, as one file.

    Args:
        bucket: where labels are published.
        output_prefix: the prefix of Autofocus' outputs.
        table: as `write_objects` writes it, with the objects of all shards.

    Returns:
        The key of the file.

    Raises:
        StoreError: the file can't be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / table.name
        with (
            table.open("rb") as plain,
            packed.open("wb") as raw,
            # Without name and time, equal rows are equal bytes.
            gzip.GzipFile("", "wb", compresslevel=_COMPRESSION, fileobj=raw, mtime=0) as file,
        ):
            shutil.copyfileobj(plain, file)
        key = f"{output_prefix}{FOLDER}{digest_file(table)[:DIGEST_LENGTH]}{ENDING}"
        put_file(bucket, packed, key)
        return key
