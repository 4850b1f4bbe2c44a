"""Stages 0 and 1 in one: download images, and preprocess them as they arrive.

autofocus ingest_images --local-folder data --bucket autofocus --outdir preprocessed
"""

import dataclasses
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore

from autofocus.download_images import (
    DownloadResult,
    OpenDownload,
    copy_objects,
    open_download,
    open_folder,
)
from autofocus.download_settings import DownloadSettings
from autofocus.errors import AutofocusError, MissingInputError
from autofocus.images.finding import Listing
from autofocus.images.names import suffixes_of
from autofocus.images.unkept import record_kept, record_unkept
from autofocus.ingest_settings import COMMAND, IngestSettings
from autofocus.options.settings import require
from autofocus.preprocess_boxes import check_places_of_drawings
from autofocus.preprocess_images import (
    Preprocessed,
    Preprocessing,
    PreprocessResult,
    check_places,
    list_inputs,
    open_outdir,
    with_detector,
)
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome, in_same_run
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.video_names import VIDEO_ENDINGS
from autofocus.runs.workspace import Workspace
from autofocus.store.keys import find_rejections, probe
from autofocus.store.planning import Plan, check_space
from autofocus.store.selection import Selection
from autofocus.store.streamed_images import Sample, StreamedImages
from autofocus.store.streaming import (
    Stream,
    StreamingDownloader,
    choose_streamed,
    find_leaving,
)
from autofocus.store.transfer import Fetcher

NAME = "ingest_images"
# Enters a stage's share in the memory of a run of several stages; see `runs.memory`.
Remember = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class IngestResult:
    """The result of `ingest_images`: those of the stages.

    Attributes:
        downloaded: that of `download_images`.
        preprocessed: that of `preprocess_images`; None after a dry run.
    """

    downloaded: DownloadResult
    preprocessed: PreprocessResult | None

    @property
    def stages(self) -> tuple[StageResult, ...]:
        """The result of each stage."""
        return (self.downloaded, *((self.preprocessed,) if self.preprocessed else ()))

    def __str__(self) -> str:
        """Return the result of each stage."""
        return "\n".join(map(str, self.stages))


def _forget(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def ingest_images(
    local_folder: Path,
    outdir: Path,
    bucket: str,
    settings: IngestSettings = IngestSettings(),
    indir: str = "",
) -> IngestResult:
    """Download a bucket's objects, and preprocess its images as they arrive, without their files.

    Writes what `download_images` and then `preprocess_images` would write, ledgers and tables
    byte for byte, except for the original images: these are verified and decoded in memory. All
    other files are downloaded, and images that are in `local_folder` already are used from there.
    It may be stopped at any moment; started again it does what is left. It goes on after either
    stage, and either stage after it.

    Args:
        local_folder: the folder for all other files.
        outdir: the folder of the preprocessed images.
        bucket: the bucket's name.
        settings: what to download, from where, and how to prepare images.
        indir: the folder of the images in the bucket; empty for all of it.

    Returns:
        The results of both stages.

    Raises:
        SettingError: `indir` is no folder of the bucket.
        AutofocusError: of either stage; see there.
    """
    stages = settings.download, settings.preprocess
    return ingest_bucket(bucket, local_folder, outdir, *stages, indir)


def ingest_bucket(
    bucket: str,
    local_folder: Path,
    outdir: Path,
    download: DownloadSettings,
    preprocess: PreprocessSettings,
    indir: str = "",
    remember: Remember = _forget,
) -> IngestResult:
    """Ingest a bucket with the settings of each stage; see `ingest_images` and `ingest_source`."""
    check_outputs([local_folder / LEDGER_NAME], [local_folder])
    with open_download(bucket, download) as source:
        return ingest_source(source, local_folder, outdir, preprocess, indir, remember)


def ingest_source(
    source: OpenDownload,
    local_folder: Path,
    outdir: Path,
    preprocess: PreprocessSettings,
    indir: str = "",
    remember: Remember = _forget,
) -> IngestResult:
    """Ingest what has been listed; see `ingest_images`.

    Args:
        source: the bucket.
        local_folder: the folder for all other files.
        outdir: the folder of the preprocessed images.
        preprocess: how to prepare images.
        indir: the folder of the images in the bucket; empty for all of it.
        remember: enters a stage in the memory of a run; see `runs.memory.RunMemory.stage`.
    """
    folder = PurePosixPath(indir)
    require(
        not folder.is_absolute() and ".." not in folder.parts,
        f"indir: give a folder of the bucket, such as lpz_data, not {indir}.",
    )
    if source.settings.dry_run:
        return IngestResult(source.report(local_folder), None)
    name = "" if folder == PurePosixPath() else str(folder)
    _check_images(source, local_folder / name, name, preprocess)
    drawings = check_places(local_folder / name, outdir, preprocess)
    downloading = open_folder(source.source, local_folder, source.settings)
    preprocessing = open_outdir(outdir, preprocess)
    with _entered(downloading, remember), _entered(preprocessing, remember):
        ingest = _Ingest(source, preprocess, name, downloading, preprocessing, drawings)
        ingest.run()
    return ingest.result()


def _check_images(
    source: OpenDownload, images: Path, name: str, settings: PreprocessSettings
) -> None:
    """Check that there are images (raises MissingInputError), so that nothing comes in vain."""
    chosen = source.selection.chosen
    if settings.allow_empty or not chosen or images.is_dir():
        return
    videos = VIDEO_ENDINGS if settings.frame_rate else ()
    suffixes = suffixes_of((*settings.extensions, *videos))
    prefix = f"{name}/" if name else ""
    if not any(
        item.key.startswith(prefix) and PurePosixPath(item.key).suffix.lower() in suffixes
        for item in chosen
    ):
        bucket = source.source.address.bucket
        raise MissingInputError(
            f"No key of {bucket}/{name} ends in {', '.join(sorted(suffixes))}: check --indir and "
            "--extensions."
        )


@contextmanager
def _entered(workspace: Workspace, remember: Remember) -> Iterator[None]:
    """Enter a stage's memory, as a part of a run of several stages."""
    with workspace:
        with remember(workspace.name):
            workspace.is_continued = workspace.is_continued or in_same_run()
        yield


class _Ingest:
    """Both stages at work; their memories are open.

    Args:
        source: the bucket, which has been listed.
        settings: how to prepare the images.
        indir: the folder of the images, relative to that of the download; may be empty.
        downloading: the memory of the download, in its folder.
        preprocessing: that of the preprocessed images.
        drawings: folders of drawings.
    """

    def __init__(
        self,
        source: OpenDownload,
        settings: PreprocessSettings,
        indir: str,
        downloading: Workspace,
        preprocessing: Workspace,
        drawings: Sequence[Path],
    ) -> None:
        self._source = source
        self._settings = settings
        self._drawings = drawings
        self._downloading = downloading
        self._preprocessing = preprocessing
        self._folder, self._outdir = downloading.root, preprocessing.root
        self._images = self._folder / indir
        self._prefix = f"{indir}/" if indir else ""
        self._fetcher = Fetcher(source.source)
        chosen = source.selection.chosen
        rejections = find_rejections(chosen, probe(downloading.scratch), self._folder)
        suffixes = suffixes_of(settings.extensions)
        self._streamed = choose_streamed(
            chosen, rejections, self._folder, indir, suffixes, self._outdir
        )
        self._stream = Stream(self._fetcher, self._streamed, self._folder, downloading)
        self._downloader = StreamingDownloader(
            self._folder, downloading.scratch, self._fetcher, rejections, self._stream
        )
        self._sample = Sample(preprocessing.folder / "sample.json", preprocessing.scratch)
        self._failure: AutofocusError | None = None
        self._downloaded: DownloadResult | None = None
        self._preprocessed: Preprocessed | None = None

    def run(self) -> None:
        """Do what is left.

        Files that need no decoding come first, as the tables of videos' frames and of ignored
        files are made of what is in the folder. Then each image is fetched and prepared in one
        go. The download's ledger follows, and at last the tables of the images.
        """
        self._record()
        self._stream.recall()
        leaving = self._fetch_others()
        while True:
            listing = self._list(leaving)
            if not (listing.inputs or self._settings.allow_empty):
                self._finish_download()
                if self._failure is None:
                    list_inputs(self._images, self._outdir, self._settings)
                return
            if self._prepare(listing):
                return

    def result(self) -> IngestResult:
        """Return the results, once the memories are closed.

        Raises:
            AutofocusError: too much was rejected, or objects did not arrive.
        """
        if self._failure is not None:
            raise self._failure
        if self._downloaded is None or self._preprocessed is None:
            raise TypeError("The stages have not ended.")
        preprocessed = self._preprocessed.result(self._outdir, self._settings)
        return IngestResult(self._downloaded, preprocessed)

    def _record(self) -> None:
        workspace = self._downloading
        if self._streamed:
            record_unkept(workspace.folder, self._prefix.rstrip("/"), workspace.scratch)
        else:
            record_kept(workspace.folder)

    def _fetch_others(self) -> set[str]:
        """Download all but the stream, and return the paths of files that will be moved aside."""
        selection, stream = self._source.selection, self._stream
        others = [item for item in selection.chosen if item.key not in stream]
        needed = Plan.of(Selection(others), self._folder)
        missing = [*stream.missing(), *needed.missing]
        plan = Plan(selection.chosen, selection.left_out, missing)
        print(f"{NAME}: {plan}", file=sys.stderr, flush=True)
        check_space(self._folder, needed.disk_bytes)
        workspace, jobs = self._downloading, self._source.settings.jobs
        with ItemRun(workspace, self._folder / LEDGER_NAME) as run:
            items = self._downloader.items(others)
            for item, outcome in zip(others, run.outcomes(items, jobs, "file"), strict=True):
                if outcome.row.reason is not None:
                    stream.settled[item.key] = outcome
        kept = [item for item in others if item.key not in stream.settled]
        return find_leaving(workspace, self._folder, kept)

    def _list(self, leaving: Collection[str]) -> Listing:
        """Return the images that the folder would hold if all had been downloaded."""
        may_be_empty = dataclasses.replace(self._settings, allow_empty=True)
        listing = list_inputs(self._images, self._outdir, may_be_empty)
        here = [name for name in listing.names if self._prefix + name not in leaving]
        streamed = [
            item.key.removeprefix(self._prefix)
            for item in self._streamed
            if item.key not in self._stream.lost
        ]
        return dataclasses.replace(listing, names=sorted([*here, *streamed]))

    def _prepare(self, listing: Listing) -> bool:
        """Fetch and prepare the images; return False if it must be done again without some."""
        lost = len(self._stream.lost)
        settings, outdir = self._settings, self._outdir
        listing, detector = with_detector(listing, outdir, settings)
        check_places_of_drawings(listing.names, self._drawings)
        recorder = self._stream.recorder()

        def watch(outcome: Outcome) -> None:
            self._sample.save()
            recorder.record(self._prefix + outcome.row.input)

        def may_publish() -> bool:
            recorder.close()
            if len(self._stream.lost) == lost:
                self._finish_download()
            return self._downloaded is not None

        with closing(recorder):
            preprocessing = Preprocessing(
                outdir, settings, self._preprocessing,
                max(self._source.settings.jobs, settings.jobs or cores()), self._fetcher.stop,
            )  # fmt: skip
            self._preprocessed = preprocessing.try_to_complete(
                listing,
                self._image_source(),
                detector,
                watch,
                may_publish,
            )
        return self._preprocessed is not None or self._failure is not None

    def _image_source(self) -> StreamedImages:
        settings = self._settings
        return StreamedImages(
            self._images,
            settings.frame_rate,
            stream=self._stream,
            prefix=self._prefix,
            decoding=BoundedSemaphore(settings.jobs or cores()),
            sample=self._sample,
        )

    def _finish_download(self) -> None:
        """Write the download's ledger, and check what was rejected."""
        source, chosen = self._source, self._source.selection.chosen
        plan = Plan(chosen, source.selection.left_out, ())
        jobs = source.settings.jobs
        copied = copy_objects(chosen, self._downloader, self._downloading, jobs)
        try:
            self._downloaded = copied.result(source.source, plan, source.settings)
        except AutofocusError as error:
            # It is raised when the memories have been closed, as after the download alone.
            self._failure = error


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
