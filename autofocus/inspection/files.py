"""The files of a data set: those below a folder, or a bucket's, of which a sample is fetched."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from autofocus.errors import MissingInputError, SettingError
from autofocus.images.finding import Listing, list_images
from autofocus.images.names import DEFAULT_EXTENSIONS
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.video_names import VIDEO_ENDINGS
from autofocus.runs.walking import Walk, is_never_input

# Of a bucket: the number of images to fetch, and the size of the largest table.
_SAMPLE, _MAX_TABLE_BYTES = 150, 200 << 20
_SCHEME = "s3://"


@dataclass(frozen=True)
class Data:
    """The files of a data set.

    Attributes:
        folder: where they are, or where the sample of a bucket is.
        images: the images, relative to the folder, sorted; all of them, also of a bucket.
        at_hand: the images that can be read; of a bucket, the sample.
        others: the other files that can be read, relative to the folder, sorted.
        endings: how many images there are by their endings.
        videos: the number of videos.
        bucket: the bucket's name; empty for a folder.
        prefix: of the bucket's keys.
    """

    folder: Path
    images: Sequence[str]
    at_hand: Sequence[str]
    others: Sequence[str]
    endings: Counter[str] = field(default_factory=Counter)
    videos: int = 0
    bucket: str = ""
    prefix: str = ""


def is_bucket(source: str) -> bool:
    """Return whether a source is a bucket, such as `s3://bucket/prefix`."""
    return source.startswith(_SCHEME)


def _advise(listing: Listing) -> str:
    """Return what to do without an image."""
    advice = "give another folder"
    return f"{advice} ({'; '.join(listing.notes)})" if listing.notes else advice


def list_folder(folder: Path) -> Data:
    """List the files below a folder.

    Raises:
        MissingInputError: it does not exist, or holds no image.
    """
    listing = list_images(folder, DEFAULT_EXTENSIONS, allow_empty=True)
    if not folder.is_dir():
        raise MissingInputError(f"There is no folder {folder}: give one that holds images.")
    images = listing.names
    if not images:
        raise MissingInputError(f"No file below {folder} is an image: {_advise(listing)}.")
    others = _list_others(folder, set(images))
    videos = sum(number for ending, number in listing.ignored.items() if ending in VIDEO_ENDINGS)
    return Data(folder, images, images, others, _count_endings(images), videos)


def _list_others(folder: Path, images: set[str]) -> list[str]:
    walk = Walk(folder)
    # Links to nowhere can't be read, and pipes would block.
    return sorted(name for name in walk if name not in walk.irregular and name not in images)


def _count_endings(names: Sequence[str]) -> Counter[str]:
    return Counter(PurePosixPath(name).suffix.lower() for name in names)


@contextmanager
def fetch_sample(
    source: str,
    endpoint_url: str | None,
    no_sign_request: bool,
    jobs: int,
    *,
    request_payer: bool = False,
) -> Iterator[Data]:
    """List a bucket, and fetch its tables and some images for as long as the block lasts.

    Args:
        source: such as `s3://bucket/prefix`.
        endpoint_url: the server's URL; None for that of the environment.
        no_sign_request: send no credentials.
        jobs: the number of worker threads.
        request_payer: pay for requests.

    Raises:
        MissingInputError: the bucket holds no image under the prefix.
        StoreError: the bucket can't be used.
    """
    from autofocus.store.keys import by_path
    from autofocus.store.listing import DEFAULT_OUTPUT_PREFIX, list_objects, without_outputs
    from autofocus.store.selection import ObjectKind, kind_of, spread
    from autofocus.store.session import open_bucket
    from autofocus.store.transfer import Fetcher

    bucket, _, prefix = source.removeprefix(_SCHEME).partition("/")
    if not bucket:
        raise SettingError(f"{source} names no bucket: write s3://bucket or s3://bucket/prefix.")
    opened = open_bucket(
        bucket,
        prefix=prefix,
        endpoint_url=endpoint_url,
        no_sign_request=no_sign_request,
        request_payer=request_payer,
    )
    with opened as store, TemporaryDirectory() as temporary:
        objects = without_outputs(list_objects(store, prefix), DEFAULT_OUTPUT_PREFIX)
        paths = by_path(objects)
        named = {path: one for path, one in paths.items() if not is_never_input(path)}
        images = [name for name in named if kind_of(name) is ObjectKind.IMAGE]
        if not images:
            raise MissingInputError(f"{source} holds no image: check bucket and prefix.")
        tables = [
            name
            for name, one in named.items()
            if kind_of(name) is ObjectKind.TABLE and one.size <= _MAX_TABLE_BYTES
        ]
        sample = spread(images, _SAMPLE)
        folder, fetcher = Path(temporary), Fetcher(store)

        def fetch(name: str) -> None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            fetcher.fetch(named[name], path)

        with Progress("fetch a sample", len(tables) + len(sample), "object") as progress:
            for _ in ordered_map(fetch, [*tables, *sample], jobs, fetcher.stop):
                progress.advance()
        videos = sum(PurePosixPath(key).suffix.lower() in VIDEO_ENDINGS for key in named)
        yield Data(folder, images, sample, tables, _count_endings(images), videos, bucket, prefix)
