"""The data of a run: the names of its images, and its tables, without downloading the images."""

import fnmatch
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from autofocus.checking.report import Report
from autofocus.download_settings import DownloadSettings
from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import list_images
from autofocus.images.names import suffixes_of
from autofocus.import_corrections import NAME as IMPORT_CORRECTIONS
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import LEDGER_NAME, has_ledger_columns
from autofocus.runs.video_names import VIDEO_ENDINGS, FrameName, is_video
from autofocus.runs.walking import APPLE_DOUBLE_PREFIX, is_below_made, is_never_input
from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import HIDDEN, OUTPUTS_NAME, list_recorded
from autofocus.store.keys import by_path
from autofocus.store.listing import StoredObject, list_objects, without_outputs
from autofocus.store.planning import Plan, readable_size
from autofocus.store.reading import TransferError
from autofocus.store.selection import select
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.transfer import Fetcher
from autofocus.tables.detections import find_tables
from autofocus.tables.importing.camtrap_dp import DESCRIPTOR

# Larger tables are not fetched twice.
_MAX_TABLE_BYTES = 500_000_000


@dataclass(frozen=True)
class Data:
    """The data of a run, as far as they are known before it.

    Attributes:
        images: where the images are, in words.
        names: their paths relative to the folder that `preprocess_images` reads, sorted.
        tables: the detection tables; None if they can't be read yet.
        download_bytes: what is left to download.
        other_bytes: what of it is left without the images.
        is_sample: whether only a sample of the images is downloaded.
    """

    images: str
    names: Sequence[str]
    tables: Sequence[Path] | None
    download_bytes: int = 0
    other_bytes: int = 0
    is_sample: bool = False


def detection_tables(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the tables that match patterns, without those that a stage wrote.

    Corrections of labels are taken although `import_corrections` wrote them, and so is what is
    named without `*`.

    Args:
        folder: the folder of the data; it may hold the results of earlier runs.
        patterns: see `tables.detections.find_tables`.

    Raises:
        MissingInputError: no table matches.
        SettingError: a pattern leads out of the folder.
    """
    tables = [
        (path, set(pattern).isdisjoint("*?["))
        for pattern in patterns
        for path in find_tables(folder, [pattern])
    ]
    given = [path for path, is_named in tables if is_named or not _is_left_out(path, folder)]
    if not given:
        raise MissingInputError(
            f"Only tables that Autofocus wrote match {', '.join(patterns)} in {folder}: name your "
            "own (detections of clean_detections)."
        )
    return given


def _is_left_out(path: Path, folder: Path) -> bool:
    return (
        is_never_input(path.relative_to(folder).as_posix())
        or is_below_made(folder, path)
        or _is_own(path)
    )


def _is_own(path: Path) -> bool:
    corrections = f"{IMPORT_CORRECTIONS}.{path.name}"
    if (path.parent / HIDDEN / corrections / OUTPUTS_NAME).is_file():
        return False
    # Ledgers are the program's own, even if the memory of who wrote them was deleted.
    return path.name in list_recorded(path.parent) or has_ledger_columns(path)


def find_local_data(
    folder: Path,
    indir: str,
    patterns: Sequence[str],
    settings: PreprocessSettings,
    report: Report,
) -> Data | None:
    """Find the data in a folder.

    Args:
        folder: the folder of the data.
        indir: the folder of the images, below it.
        patterns: those of the detection tables.
        settings: which images are taken.
        report: what is found is added to it.
    """
    names: list[str] = []
    with report.collect("images"):
        if not folder.is_dir():
            raise MissingInputError(f"There is no folder {folder} (local_data).")
        listing = list_images(
            folder / indir,
            _extensions(settings),
            allow_empty=settings.allow_empty,
        )
        names = [_as_image(name) for name in listing.names if _is_image(name)]
        notes = "".join(f"; {note}" for note in listing.notes)
        videos = settings.frame_rate == 0 and not VIDEO_ENDINGS.isdisjoint(listing.ignored)
        (report.warn if videos else report.add)(
            "images", f"{plural(len(names), 'image')} in {folder / indir}{notes}"
        )
    if not folder.is_dir():
        return None
    tables: list[Path] | None = None
    with report.collect("tables"):
        tables = detection_tables(folder, patterns)
    return Data(str(folder / indir), names, tables)


def find_stored_data(
    bucket: str,
    indir: str,
    patterns: Sequence[str],
    settings: tuple[DownloadSettings, PreprocessSettings],
    scratch: Path,
    report: Report,
    *,
    local_folder: Path,
) -> Data | None:
    """List a bucket, and fetch its detection tables.

    Args:
        bucket: the bucket's name.
        indir: the folder of the images, below the bucket's root.
        patterns: those of the detection tables.
        settings: what is downloaded, and which images are taken.
        scratch: a folder for the tables.
        report: what is found is added to it.
        local_folder: where the run downloads to.
    """
    download, preprocess = settings
    with report.collect("bucket"), _open(bucket, download) as source:
        print(f"check: listing the bucket {bucket}", file=sys.stderr, flush=True)
        listed = without_outputs(list_objects(source, download.prefix), download.output_prefix)
        chosen = select(
            listed,
            download_tar=download.download_tar,
            sample=download.sample,
            shard=download.part,
        )
        plan = Plan.of(chosen, local_folder)
        names = _image_names(chosen.chosen, indir, preprocess)
        report.add("bucket", f"{bucket}: {plan}")
        where = f"{bucket}/{indir}" if indir else bucket
        if names or preprocess.allow_empty:
            report.add("images", f"{plural(len(names), 'image')} in {where}")
        else:
            endings = ", ".join(preprocess.extensions)
            report.fail(
                "images",
                MissingInputError(
                    f"No key of {where} ends in {endings}: check indir and extensions of "
                    "preprocess_images."
                ),
            )
        tables = _fetch_tables(source, chosen.chosen, patterns, scratch, report)
        return Data(
            where,
            names,
            tables,
            plan.disk_bytes,
            plan.without_images().disk_bytes,
            download.sample > 0,
        )
    return None


def _open(bucket: str, settings: DownloadSettings) -> Any:
    return open_bucket(
        bucket,
        prefix=settings.prefix,
        endpoint_url=settings.endpoint_url,
        no_sign_request=settings.no_sign_request,
        patience=settings.patience,
        request_payer=settings.request_payer,
    )


def _image_names(
    objects: Sequence[StoredObject], indir: str, settings: PreprocessSettings
) -> list[str]:
    prefix = PurePosixPath(indir).as_posix() + "/" if indir not in ("", ".") else ""
    suffixes = suffixes_of(_extensions(settings))
    return [
        _as_image(path.removeprefix(prefix))
        for path in by_path(objects)
        if path.startswith(prefix) and PurePosixPath(path).suffix.lower() in suffixes
        if _is_image(path) and not is_never_input(path.removeprefix(prefix))
    ]


def _extensions(settings: PreprocessSettings) -> tuple[str, ...]:
    return (*settings.extensions, *(VIDEO_ENDINGS if settings.frame_rate else ()))


def _as_image(name: str) -> str:
    """Return the name of an image; of a video, that of its first frame."""
    return str(FrameName(name, 1)) if is_video(name) else name


def _is_image(name: str) -> bool:
    return not PurePosixPath(name).name.startswith(APPLE_DOUBLE_PREFIX)


def _fetch_tables(
    source: Bucket,
    objects: Sequence[StoredObject],
    patterns: Sequence[str],
    scratch: Path,
    report: Report,
) -> list[Path] | None:
    """Fetch the detection tables into a folder; None if they can't be read yet."""
    with report.collect("tables"):
        matching = {
            path: item
            for path, item in by_path(objects).items()
            if is_table_path(path, patterns) and PurePosixPath(path).name != LEDGER_NAME
        }
        if not matching:
            raise MissingInputError(
                f"No key of the bucket matches {', '.join(patterns)} (detections of "
                "clean_detections)."
            )
        size = sum(item.size for item in matching.values())
        if size > _MAX_TABLE_BYTES:
            report.warn("tables", f"not checked, as they have {readable_size(size)}")
            return None
        for path, item in matching.items():
            _fetch(source, item, scratch / path)
        return find_tables(scratch, patterns)
    return None


def is_table_path(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether the path of an object matches a pattern, or is in a Camtrap DP that does."""
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns):
        return True
    folders = [pattern.removesuffix(f"/{DESCRIPTOR}") for pattern in patterns]
    names = [str(folder) for folder in PurePosixPath(path).parents]
    return path.endswith((".csv", DESCRIPTOR)) and any(
        fnmatch.fnmatchcase(name, folder) for name in names for folder in folders
    )


def _fetch(source: Bucket, item: StoredObject, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        Fetcher(source).fetch(item, path)
    except TransferError as error:
        raise InputDataError(f"The table {shown(item.key)} can't be fetched: {error}.") from None
