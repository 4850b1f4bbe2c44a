"""Stage 0: download images and tables from an S3 bucket.

python autofocus/download_images.py --local_folder data --bucket autofocus
"""

import errno
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.download_settings import UNCHECKED, DownloadSettings
from autofocus.errors import InputDataError, MissingInputError, StoreError
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    describe,
    require,
)
from autofocus.runs import files
from autofocus.runs.items import ItemRun, Items
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts, Reason, Row, rejected
from autofocus.runs.outputs import check_outputs
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import HIDDEN, Workspace
from autofocus.store.keys import Disk, Rejection, find_rejections, is_folder, path_of, probe
from autofocus.store.listing import (
    StoredObject,
    list_objects,
    manifest_digest,
    without_outputs,
)
from autofocus.store.planning import Plan, check_space
from autofocus.store.problems import denial
from autofocus.store.reading import TransferError
from autofocus.store.selection import Selection, select
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.transfer import Fetcher
from autofocus.store.verifying import MD5, holds

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
    """

    left_out: int = 0
    dry_run: bool = False

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
    require("/" not in bucket, f"bucket: give the name alone, without s3:// or /, not {bucket}.")
    check_outputs([local_folder / LEDGER_NAME], [local_folder])
    with open_bucket(
        bucket,
        prefix=settings.prefix,
        endpoint_url=settings.endpoint_url,
        no_sign_request=settings.no_sign_request,
        connections=settings.jobs,
        patience=settings.patience,
        request_payer=settings.request_payer,
    ) as source:
        listed = list_objects(source, settings.prefix)
        manifest = manifest_digest(without_outputs(listed, settings.output_prefix))
        _check_manifest(manifest, source, settings)
        plan = Plan.of(_select(listed, source, settings), local_folder)
        if settings.dry_run:
            return _describe(plan, manifest, local_folder)
        print(f"{NAME}: {plan}", file=sys.stderr, flush=True)
        check_space(local_folder, plan.disk_bytes)
        return _copy(source, plan, local_folder, settings)


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
    selection = select(
        inputs,
        download_tar=settings.download_tar,
        sample=settings.sample,
        shard=settings.part,
    )
    selection = selection.with_left_out(
        f"own outputs left out (--output-prefix {settings.output_prefix})", outputs
    )
    # A shard may be empty by chance, and is no less a shard.
    if not selection.chosen and settings.shard is None:
        notes = ", ".join(Plan(selection.chosen, selection.left_out, ()).notes())
        raise MissingInputError(f"{where} holds nothing that the options select: {notes}.")
    return selection


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
    ledger = local_folder / LEDGER_NAME
    begun_with = {"bucket": source.address.bucket, **describe(settings)}
    with Workspace(local_folder, NAME, begun_with, recipe=RECIPE) as workspace:
        downloader = _Downloader(
            local_folder,
            workspace.scratch,
            Fetcher(source),
            find_rejections(plan.chosen, probe(workspace.scratch), local_folder),
        )
        with ItemRun(workspace, ledger, aside=local_folder / HIDDEN / VANISHED) as run:
            tally = _Tally()
            for outcome in run.outcomes(downloader.items(plan.chosen), settings.jobs, "object"):
                tally.add(outcome)
            counts = run.publish()
    if tally.is_all_denied:
        raise denial(source.address)
    _check_all_arrived(counts, ledger)
    counts.check(settings.max_rejected, ledger)
    return DownloadResult(
        NAME,
        counts,
        ledger,
        {"folder": local_folder},
        (*plan.notes(), *tally.notes(), *run.notes),
        left_out=sum(plan.left_out.values()),
    )


@dataclass
class _Tally:
    """What is told of all objects at the end.

    Attributes:
        verified: how many objects were verified, by how.
        denied: how many objects the credentials may not read.
        others: how many more did not arrive.
    """

    verified: Counter[str] = field(default_factory=Counter)
    denied: int = 0
    others: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if outcome.extra.get(_DENIED):
            self.denied += 1
        elif outcome.row.reason in (Reason.REFUSED, Reason.ARCHIVED, Reason.DOWNLOAD_FAILED):
            self.others += 1
        elif verified := outcome.extra.get(_VERIFIED):
            self.verified[verified] += 1

    @property
    def is_all_denied(self) -> bool:
        """Whether no object may be read, so that the credentials are the cause."""
        return self.denied > 0 and not self.others and not self.verified

    def notes(self) -> list[str]:
        """Return how many objects were verified, by how."""
        each = ", ".join(f"{how} {number:,}" for how, number in self.verified.most_common())
        return [f"objects verified by: {each}"] if each else []


def _check_all_arrived(counts: Counts, ledger: Path) -> None:
    lost = counts.reasons[Reason.DOWNLOAD_FAILED.value]
    if lost:
        raise StoreError(
            f"{lost} of {plural(counts.inputs, 'object')} did not arrive, {ledger} says why: "
            "the same command tries them again."
        )


@dataclass(frozen=True)
class _Downloader:
    """Fetches one object."""

    folder: Path
    scratch: Path
    fetcher: Fetcher
    rejections: Mapping[str, Rejection]

    def items(self, objects: Sequence[StoredObject]) -> Items[StoredObject]:
        """Return the objects, and what to do with each."""
        return Items(
            objects,
            name=lambda item: item.key,
            work=self._work,
            is_whole=self._is_whole,
            stop=self.fetcher.stop,
            outputs=self._outputs,
            rejects_blocked=True,
        )

    def _outputs(self, item: StoredObject) -> list[Path]:
        is_file = item.key not in self.rejections and not is_folder(item)
        return [self._path(item)] if is_file else []

    def _path(self, item: StoredObject) -> Path:
        return self.folder / path_of(item.key)

    def _work(self, item: StoredObject) -> Outcome | Product:
        if rejection := self.rejections.get(item.key):
            return Outcome(rejected(item.key, rejection.reason, rejection.detail))
        try:
            return self._fetch(item)
        except TransferError as error:
            failure = error.failure
            row = rejected(item.key, failure.reason, failure.detail)
            return Outcome(row, {_DENIED: True} if failure.is_denial else {})
        except OSError as error:
            if error.errno not in _NAME_FAULTS:
                raise
            return Outcome(rejected(item.key, *_NAME_FAULTS[error.errno]))

    def _is_whole(self, item: StoredObject, earlier: Outcome) -> bool:
        """The object has not been changed since; a folder is there."""
        is_same = all(earlier.extra.get(key) == value for key, value in _version(item).items())
        if item.key in self.rejections or not is_same:
            return False
        if is_folder(item):
            return self._path(item).is_dir()
        # Earlier versions of the program did not compare objects with the listing.
        return _VERIFIED in earlier.extra

    def _fetch(self, item: StoredObject) -> Product:
        final = self._path(item)
        if is_folder(item):
            final.mkdir(parents=True, exist_ok=True)
            return Product(Outcome(Row(item.key, output=path_of(item.key)), _version(item)), ())
        # Without the stage's memory, a file of the object's content need not be fetched again.
        if verified := holds(final, item):
            digest = f"md5:{item.etag}" if verified == MD5 else ""
            return _arrived(item, verified, OutputFile(final, digest=digest))
        unfinished = files.unfinished_path(final, self.scratch)
        fetched = self.fetcher.fetch(item, unfinished)
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.is_dir() and not final.is_symlink():
            raise IsADirectoryError(errno.EISDIR, "a folder stands in its place", str(final))
        file = OutputFile(final, unfinished, f"md5:{fetched.md5}")
        return _arrived(fetched.item, fetched.verified, file)


# Of the values that the memory keeps of an object.
_VERIFIED, _DENIED = "verified", "denied"


def _arrived(item: StoredObject, verified: str, file: OutputFile) -> Product:
    row = Row(item.key, detail=f"verified: {verified}", output=path_of(item.key))
    return Product(Outcome(row, {**_version(item), _VERIFIED: verified}), (file,))


def _version(item: StoredObject) -> dict[str, str | int]:
    return {"bytes": item.size, "etag": item.etag}


_IN_THE_WAY = (
    Reason.FILE_AND_FOLDER,
    "the local folder holds a file where this needs a folder, or the reverse: move that away",
)
_NO_NAME = (Reason.UNSAFE_KEY, "this disk can't hold a file of this name")
# Errors of the file system that concern a name, and not the disk.
_NAME_FAULTS = {
    errno.EEXIST: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EILSEQ: _NO_NAME,
    errno.EINVAL: _NO_NAME,
    errno.ENAMETOOLONG: _NO_NAME,
}


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
