"""Stage 0: download images and tables from an S3 bucket.

python autofocus/download_images.py --local_folder data --bucket autofocus
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

from autofocus.download_settings import UNCHECKED, DownloadSettings
from autofocus.errors import InputDataError, MissingInputError, StoreError
from autofocus.images.unkept import record_kept
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    describe,
    require,
)
from autofocus.runs.garbage import rare_collections
from autofocus.runs.items import ItemRun
from autofocus.runs.ledger import LEDGER_NAME, Counts, Reason
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.sharding import Shard
from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import HIDDEN, Workspace
from autofocus.store.downloading import Downloader, Tally
from autofocus.store.keys import Disk, find_rejections, probe
from autofocus.store.labelled import list_labelled, without_labelled, without_uploads
from autofocus.store.listing import (
    StoredObject,
    list_objects,
    manifest_digest,
    without_outputs,
)
from autofocus.store.planning import Plan, check_space
from autofocus.store.problems import denial
from autofocus.store.selection import ObjectKind, Selection, kind_of, select, shard_number_of
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.transfer import Fetcher

NAME = "download_images"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 1
# In the hidden folder, beside the memories of stages, as it holds data and not a memory.
VANISHED = "vanished"


@dataclass(frozen=True)
class DownloadResult(StageResult):
    """The result of `download_images`.

    Attributes:
        left_out: the number of objects that the options left out; they are not inputs.
        dry_run: whether nothing was written.
        objects: the inputs as they were fetched, without those that the server did not give: in
            rising order of their keys.
    """

    left_out: int = 0
    dry_run: bool = False
    objects: Sequence[StoredObject] = ()

    def __str__(self) -> str:
        """Return the result as a few lines of text."""
        if not self.dry_run:
            return super().__str__()
        return "\n".join([f"{self.stage}: a dry run, nothing was written", *self._notes()])

    def _notes(self) -> list[str]:
        return [f"  {note}" for note in self.notes]


def download_images(
    local_folder: Path, bucket: str, settings: DownloadSettings = DownloadSettings()
) -> DownloadResult:
    """Download a bucket's objects into a folder, with the folder structure of their keys.

    Writes each object under its key in `local_folder`, and `ledger.csv` beside them. It may be
    stopped at any moment; started again it does what is left. Objects whose local copies are
    intact and whose ETags are unchanged are not fetched again. While the server is unavailable,
    it retries for up to `settings.patience` seconds.

    Every object is compared with the listing: its size, and its ETag or a checksum that the store
    keeps. The ledger says by what each was verified.

    Nothing is deleted. The local copy of an object that is no longer in the bucket is moved into
    the hidden folder `.autofocus/vanished`, so that no later stage uses it; a note says so.

    Args:
        local_folder: the folder to write to.
        bucket: the bucket's name.
        settings: what to download, and from where.

    Returns:
        The counts, the notes and the path of the ledger.

    Raises:
        CredentialsError: the credentials are missing, wrong, expired or insufficient.
        BucketNotFoundError: the bucket does not exist, or not in this region.
        MissingInputError: the bucket holds nothing that the options select.
        InputDataError: the bucket has changed since the manifest was made.
        OutputConflictError: the folder was begun with other settings, is in use, or holds another
            file in an object's place, or its disk is too small for what is left to fetch.
        StoreError: the server is out of reach, or objects did not arrive; all others are there.
        TooManyRejectedError: too many keys can't become files, or too many objects are refused;
            all others were downloaded.
    """
    check_outputs([local_folder / LEDGER_NAME], [local_folder])
    with open_download(bucket, settings) as download:
        return download.report(local_folder) if settings.dry_run else download.fetch(local_folder)


@dataclass(frozen=True)
class OpenDownload:
    """A bucket that has been listed, to be downloaded as a whole or shard by shard.

    Attributes:
        source: the bucket.
        settings: what to download, and from where.
        manifest: the digest of the listing.
        selection: the objects that the settings select.
    """

    source: Bucket
    settings: DownloadSettings
    manifest: str
    selection: Selection

    def __str__(self) -> str:
        """Return what is selected, and what is left out and why."""
        chosen = self.selection.chosen
        return str(Plan(chosen, self.selection.left_out, chosen))

    def report(self, local_folder: Path) -> DownloadResult:
        """Return what there is to do, and write nothing."""
        return _describe(Plan.of(self.selection, local_folder), self.manifest, local_folder)

    def fetch(self, local_folder: Path) -> DownloadResult:
        """Download what is selected, see `download_images`."""
        plan = Plan.of(self.selection, local_folder)
        print(f"{NAME}: {plan}", file=sys.stderr, flush=True)
        check_space(local_folder, plan.disk_bytes)
        return _copy(self.source, plan, local_folder, self.settings)

    def of_shard(self, shard: Shard) -> "OpenDownload":
        """Return the download of one of the selected shards."""
        chosen = self._by_shard.get(shard.number, [])
        settings = replace(self.settings, shard=str(shard))
        return replace(self, settings=settings, selection=Selection(chosen))

    @cached_property
    def _by_shard(self) -> dict[int, list[StoredObject]]:
        shards = self.settings.part
        objects: dict[int, list[StoredObject]] = defaultdict(list)
        for item in self.selection.chosen:
            objects[shard_number_of(item.key, shards.of if shards else 1)].append(item)
        return objects


@contextmanager
def open_download(bucket: str, settings: DownloadSettings) -> Iterator[OpenDownload]:
    """List a bucket once, to download it as a whole or shard by shard.

    Args:
        bucket: the bucket's name.
        settings: what to download, and from where.

    Raises:
        CredentialsError, BucketNotFoundError, MissingInputError, InputDataError, StoreError: see
            `download_images`.
    """
    require("/" not in bucket, f"bucket: give the name alone, without s3:// or /, not {bucket}.")
    with (
        rare_collections(),
        open_bucket(
            bucket,
            prefix=settings.prefix,
            endpoint_url=settings.endpoint_url,
            no_sign_request=settings.no_sign_request,
            connections=settings.jobs,
            patience=settings.patience,
            request_payer=settings.request_payer,
        ) as source,
    ):
        yield _list(source, settings)


def _list(source: Bucket, settings: DownloadSettings) -> OpenDownload:
    listed = list_objects(source, settings.prefix, with_times=settings.min_age > 0)
    manifest = manifest_digest(without_outputs(listed, settings.output_prefix))
    _check_manifest(manifest, source, settings)
    return OpenDownload(source, settings, manifest, _select(listed, source, settings))


def _check_manifest(actual: str, source: Bucket, settings: DownloadSettings) -> None:
    expected = settings.manifest
    if expected is not None and not expected.startswith(UNCHECKED) and expected != actual:
        raise InputDataError(
            f"The bucket {source.address.bucket} has changed: its manifest is {actual}, and not "
            f"{expected}: start again with the new one, or with the --prefix and --output-prefix "
            "that it was made for."
        )


def _select(
    listed: Sequence[StoredObject], source: Bucket, settings: DownloadSettings
) -> Selection:
    where = f"The bucket {source.address.bucket} at {source.address.server}"
    record = list_labelled(source, settings.output_prefix) if settings.only_new else []
    if record and not (listed := without_outputs(listed, settings.output_prefix)):
        # Images may be moved away when they are labelled.
        return Selection(())
    if not listed:
        with_prefix = f" whose key begins with {settings.prefix}" if settings.prefix else ""
        raise MissingInputError(
            f"{where} holds no object{with_prefix}: check --bucket and --prefix."
        )
    inputs = without_outputs(listed, settings.output_prefix)
    outputs = len(listed) - len(inputs)
    if not inputs:
        raise MissingInputError(
            f"{where} holds only Autofocus' own outputs ({outputs:,}), whose keys begin with "
            f"{settings.output_prefix}: check --prefix, or choose another --output-prefix."
        )
    before = Selection(inputs).with_left_out(
        f"own outputs left out (--output-prefix {settings.output_prefix})", outputs
    )
    if settings.only_new and settings.sample:
        # A sample of what is new, which is the same for all shards.
        before = _keep_new(before, source, record, settings.min_age)
    selection = select(
        before.chosen,
        download_tar=settings.download_tar,
        sample=settings.sample,
        shard=settings.part,
    )
    selection = replace(selection, left_out=selection.left_out | before.left_out)
    if settings.only_new and not settings.sample:
        selection = _keep_new(selection, source, record, settings.min_age)
    # A shard may be empty by chance, and is no less a shard; and nothing need be new.
    if not (selection.chosen or settings.shard or settings.only_new):
        notes = ", ".join(Plan(selection.chosen, selection.left_out, ()).notes())
        raise MissingInputError(f"{where} holds nothing that the options select: {notes}.")
    return selection


def _keep_new(
    selection: Selection, source: Bucket, record: Sequence[StoredObject], min_age: float
) -> Selection:
    """Leave out all but new images, and those in archive tiers, which can't be fetched."""
    images = selection.keep(
        "other files left out (--only-new)",
        lambda item: kind_of(item.key) is ObjectKind.IMAGE,
    ).keep("images in archive tiers left out (--only-new)", lambda item: not item.is_archived)
    new = without_labelled(source, record, images.chosen)
    settled = without_uploads(new, min_age, datetime.now(timezone.utc)) if min_age else new
    return (
        Selection(settled, images.left_out)
        .with_left_out("labelled earlier (--only-new)", len(images.chosen) - len(new))
        .with_left_out("left to the next run (--min-age)", len(new) - len(settled))
    )


def _describe(plan: Plan, manifest: str, local_folder: Path) -> DownloadResult:
    """Return what there is to do."""
    # How the file system compares names can only be probed by writing to it: guess.
    case_blind = sys.platform in ("darwin", "win32")
    rejections = find_rejections(
        plan.chosen, Disk(case_blind, sys.platform == "darwin"), local_folder
    )
    keys = [
        f"rejected: {shown(key)} ({rejection.reason.value}: {rejection.detail})"
        for key, rejection in rejections.items()
    ]
    return DownloadResult(
        NAME,
        Counts(),
        local_folder / LEDGER_NAME,
        notes=(str(plan), *plan.by_kind(), f"manifest: {manifest}", *keys),
        left_out=sum(plan.left_out.values()),
        dry_run=True,
    )


def _copy(
    source: Bucket, plan: Plan, local_folder: Path, settings: DownloadSettings
) -> DownloadResult:
    with open_folder(source, local_folder, settings) as workspace:
        downloader = Downloader(
            local_folder,
            workspace.scratch,
            Fetcher(source),
            find_rejections(plan.chosen, probe(workspace.scratch), local_folder),
        )
        copied = copy_objects(plan.chosen, downloader, workspace, settings.jobs)
        record_kept(workspace.folder)
    return copied.result(source, plan, settings)


def open_folder(source: Bucket, local_folder: Path, settings: DownloadSettings) -> Workspace:
    """Return the stage's memory in a folder, to be entered."""
    begun_with = {"bucket": source.address.bucket, **describe(settings)}
    return Workspace(local_folder, NAME, begun_with, recipe=RECIPE)


@dataclass(frozen=True)
class Copied:
    """What has become of the objects.

    Attributes:
        folder: the folder that they were copied to.
        counts: of the ledger.
        tally: what is told of all objects.
        notes: on files whose objects are gone.
    """

    folder: Path
    counts: Counts
    tally: Tally
    notes: tuple[str, ...]

    def result(self, source: Bucket, plan: Plan, settings: DownloadSettings) -> DownloadResult:
        """Return the result of `download_images`.

        Raises:
            CredentialsError, StoreError, TooManyRejectedError: see `download_images`.
        """
        ledger = self.folder / LEDGER_NAME
        if self.tally.is_all_denied:
            raise denial(source.address)
        _check_all_arrived(self.counts, ledger)
        self.counts.check(settings.max_rejected, ledger)
        return DownloadResult(
            NAME,
            self.counts,
            ledger,
            {"folder": self.folder},
            (*plan.notes(), *self.tally.notes(), *self.notes),
            left_out=sum(plan.left_out.values()),
            objects=self.tally.answered,
        )


def copy_objects(
    objects: Sequence[StoredObject], downloader: Downloader, workspace: Workspace, jobs: int
) -> Copied:
    """Download objects, and write the ledger.

    Args:
        objects: all that are selected, in rising order of their keys.
        downloader: fetches each.
        workspace: the stage's memory in the folder; it must have been entered.
        jobs: the number of worker threads.
    """
    folder = downloader.folder
    aside = folder / HIDDEN / VANISHED
    with ItemRun(workspace, folder / LEDGER_NAME, aside=aside) as run:
        tally, left = Tally(), iter(objects)
        for outcome in run.outcomes(downloader.items(objects), jobs, "object", by_block=True):
            for item in left:
                if item.key == outcome.row.input:
                    tally.add(item, outcome)
                    break
                tally.keep(item)
        for item in left:
            tally.keep(item)
        counts = run.publish()
        tally.verified = run.tally
    return Copied(folder, counts, tally, run.notes)


def _check_all_arrived(counts: Counts, ledger: Path) -> None:
    lost = counts.reasons[Reason.DOWNLOAD_FAILED.value]
    if lost:
        raise StoreError(
            f"{lost} of {plural(counts.inputs, 'object')} did not arrive, {ledger} says why: "
            "the same command tries them again."
        )


COMMAND = Command(
    name=NAME,
    summary="Download images and tables from an S3 bucket, and keep the folder structure.",
    example=f"autofocus {NAME} --local-folder data --bucket autofocus --sample 500",
    function=download_images,
    arguments=(
        Argument("local_folder", "folder to write to"),
        Argument("bucket", "name of the bucket", Kind(str)),
    ),
    settings=DownloadSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
