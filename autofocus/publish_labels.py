"""Merge the label tables of all shards, and upload the result to a bucket.

python autofocus/publish_labels.py --tables shard0.csv shard1.csv --outpath labels.csv \
        --bucket autofocus
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.exporting.context import Export
from autofocus.exporting.run_ids import run_id
from autofocus.exporting.settings import TABLE_FORMATS, ExportSettings, TableFormat
from autofocus.exporting.writing import file_names, write_formats
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    endpoint_option,
    option,
    patience_option,
    require,
    require_not_negative,
)
from autofocus.predicting.event_table import write_events
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.files import relative_to_folder
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Row, ledger_beside
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural
from autofocus.runs.workspace import Workspace
from autofocus.store.fetching import fetch_file
from autofocus.store.labelled import COLUMNS as OBJECT_COLUMNS
from autofocus.store.labelled import put_labelled
from autofocus.store.listing import DEFAULT_OUTPUT_PREFIX, check_output_prefix
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.uploading import put_file
from autofocus.tables.columns import EVENTS_NAME
from autofocus.tables.merging import merge_tables

NAME = "publish_labels"
# Below the prefix: a folder per run, and a copy of the last one.
RUNS, LATEST = "labels/", "latest/"
# Names the run that `LATEST` is a copy of, and its files.
RUN_NAME = "run.json"


@dataclass(frozen=True)
class PublishSettings:
    """The options of `publish_labels`."""

    formats: tuple[TableFormat, ...] = option(
        (),
        f"further formats to publish, of {', '.join(TABLE_FORMATS)}",
        metavar="FORMAT",
        alias="format",
    )
    deployments: str | None = option(
        None, "key of a table of deployments in the bucket; required by camtrap-dp", metavar="KEY"
    )
    timezone: str | None = option(
        None,
        "time zone of the cameras' clocks, such as America/Chicago or -0600; required by "
        "camtrap-dp",
        metavar="ZONE",
    )
    project: str = option(
        "autofocus", "name of the project, for camtrap-dp and wildlife-insights", metavar="NAME"
    )
    output_prefix: str = option(
        DEFAULT_OUTPUT_PREFIX,
        "prefix of the keys of all that is published, by which later downloads recognise it",
        metavar="P",
    )
    only_new: bool = option(
        False, "the tables are of new images only: without any, succeed and publish nothing"
    )
    endpoint_url: str | None = endpoint_option()
    patience: float = patience_option()

    def __post_init__(self) -> None:
        require(
            bool(self.output_prefix),
            "output_prefix must not be empty, because later downloads would take the table for "
            f"an input: use a prefix such as {DEFAULT_OUTPUT_PREFIX}.",
        )
        check_output_prefix(self.output_prefix)
        require_not_negative(self, "patience")
        if self.formats:
            self.export_settings(Path())

    def export_settings(self, folder: Path) -> ExportSettings:
        """Return the settings of the export.

        Args:
            folder: of the table of deployments, once it is fetched.
        """
        deployments = folder / "deployments.csv" if self.deployments else None
        return ExportSettings(
            formats=self.formats,
            deployments=deployments,
            timezone=self.timezone,
            project=self.project,
        )


@dataclass(frozen=True)
class PublishResult(StageResult):
    """The result of `publish_labels`.

    Attributes:
        table: the table of all labels.
        key: its key in the bucket.
    """

    table: Path = Path()
    key: str = ""


def publish_labels(
    tables: Sequence[Path],
    outpath: Path,
    bucket: str,
    settings: PublishSettings = PublishSettings(),
    *,
    originals: Sequence[Path] = (),
    objects: Sequence[Path] = (),
    allow_empty: bool = False,
) -> PublishResult:
    """Merge label tables, and upload the result to a bucket, also in other formats.

    Writes `outpath`. Uploads it, the table of events and the other formats to
    `<output_prefix>labels/<run>/`, where those of earlier runs stay, and again to
    `<output_prefix>latest/`; the table is also `<output_prefix><name of outpath>`. The name of a
    run is made of its results, so that a repetition replaces them. At last it adds `objects` to
    the record of what is labelled, by which `download_images` finds what is new. The inputs in the
    ledger are the tables. While the server is unavailable, requests are retried for up to
    `settings.patience` seconds.

    Args:
        tables: the tables that `predict` wrote, one per shard.
        outpath: the table to write.
        bucket: the name of an existing bucket.
        settings: where to upload to, and in which formats.
        originals: tables of what is known of the originals, one per shard, for their boxes; see
            `exporting.originals.write_originals`.
        objects: tables of the objects that the run is done with, one per shard, see
            `store.labelled.write_objects`.
        allow_empty: publish a table without rows instead of raising, as where the model was
            trained with all images; no format is written then.

    Returns:
        The counts, the path of the table and its key.

    Raises:
        MissingInputError: a table does not exist.
        InputDataError: the tables come from different models or have no rows, or shards overlap.
        OutputConflictError: `outpath` is in use, or was not written by this stage.
        StoreError: the bucket can't be reached or written.
    """
    require("/" not in bucket, f"bucket: give the name alone, without s3:// or /, not {bucket}.")
    ledger = ledger_beside(outpath)
    check_outputs([outpath, ledger], [outpath.parent], [*tables, *originals, *objects])
    with Workspace(outpath.parent, NAME, {}, output=outpath.name) as workspace:
        scratch = workspace.scratch / "published"

        def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
            rows = merge_tables(tables, unfinished[outpath], "filepath")
            if not (rows or allow_empty or settings.only_new):
                raise InputDataError(
                    "The tables have no rows, so nothing is published: check where the images are."
                )
            publication = _Publication(outpath, unfinished[outpath], settings, scratch)
            with open_bucket(
                bucket,
                prefix=settings.output_prefix,
                endpoint_url=settings.endpoint_url,
                patience=settings.patience,
            ) as opened:
                if rows or not settings.only_new:
                    notes = publication.publish(opened, originals, rows)
                else:
                    notes = ("no new image had to be labelled: nothing is published",)
                # After all else, so that what isn't published counts as new.
                notes += publication.record(opened, objects)
            names = [relative_to_folder(path, outpath.parent) for path in tables]
            ledger_rows = [Row(name, output=outpath.name) for name in names]
            return JointOutcome(ledger_rows, notes)

        counts, notes = make_jointly(workspace, ledger, [outpath], make)
    return PublishResult(
        NAME,
        counts,
        ledger,
        {"table": outpath},
        notes,
        table=outpath,
        key=settings.output_prefix + outpath.name,
    )


@dataclass(frozen=True)
class _Publication:
    """The files of one run.

    Attributes:
        outpath: the final path of the table.
        table: the table.
        settings: of the stage.
        folder: for the other files, until they are uploaded.
    """

    outpath: Path
    table: Path
    settings: PublishSettings
    folder: Path

    def publish(self, bucket: Bucket, originals: Sequence[Path], rows: int) -> tuple[str, ...]:
        """Write all files, and upload them; return notes for people."""
        further = self._write(bucket, originals, rows)
        key = self.settings.output_prefix + self.outpath.name
        folder = self._upload(bucket, key)
        where = f"{plural(rows, 'image')}, in the bucket {bucket.address.bucket} as {key}"
        return (where, f"this run: {folder}", *further)

    def _write(self, bucket: Bucket, originals: Sequence[Path], rows: int) -> tuple[str, ...]:
        """Write events and, of a table with rows, formats; return notes for people."""
        with CsvReader(self.table) as reader:
            has_events = "event" in reader.columns
        notes: tuple[str, ...] = ()
        self._files.mkdir(parents=True)
        if not rows:
            notes = ("no image had to be labelled",)
        elif self.settings.formats:
            chosen = self.settings.export_settings(self.folder)
            if self.settings.deployments and chosen.deployments:
                fetch_file(bucket, self.settings.deployments, chosen.deployments)
            known = self.folder / "originals.csv" if originals else None
            if known is not None:
                merge_tables(originals, known, "filepath")
            export = Export(self.table, chosen, self.outpath, known)
            paths = {name: self._files / name for name in file_names(export)}
            for path in paths.values():
                path.parent.mkdir(parents=True, exist_ok=True)
            notes = write_formats(export, paths)
        if has_events:
            write_events(self.table, self._files / EVENTS_NAME)
        return notes

    def _upload(self, bucket: Bucket, key: str) -> str:
        """Upload all files to the folder of the run, then to the latest one, the table last.

        Returns:
            The prefix of the run's keys.
        """
        names = {self.outpath.name: self.table, **dict(self._written())}
        prefix, run = self.settings.output_prefix, run_id(self.table)
        folders = (f"{prefix}{RUNS}{run}/", f"{prefix}{LATEST}")
        for folder in folders:
            for name, path in names.items():
                put_file(bucket, path, folder + name)
        description = self.folder / RUN_NAME
        text = json.dumps({"run": run, "files": sorted(names)}, indent=2)
        description.write_text(text + "\n", encoding="utf-8")
        put_file(bucket, description, f"{prefix}{LATEST}{RUN_NAME}")
        put_file(bucket, self.table, key)
        return folders[0]

    def record(self, bucket: Bucket, objects: Sequence[Path]) -> tuple[str, ...]:
        """Add the objects that the run is done with to the record; return notes for people."""
        if not objects:
            return ()
        self.folder.mkdir(exist_ok=True)
        merged = self.folder / "objects.csv"
        number = merge_tables(objects, merged, OBJECT_COLUMNS[0])
        if not number:
            return ()
        key = put_labelled(bucket, self.settings.output_prefix, merged)
        return (f"{plural(number, 'object')} recorded as done in {key}",)

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    def _written(self) -> Iterator[tuple[str, Path]]:
        for path in sorted(self._files.rglob("*")):
            if path.is_file():
                yield relative_to_folder(path, self._files), path


COMMAND = Command(
    name=NAME,
    summary="Merge label tables, and upload the result to an S3 bucket.",
    example=(
        f"autofocus {NAME} --tables shard0.csv shard1.csv --outpath labels.csv --bucket autofocus"
    ),
    function=publish_labels,
    arguments=(
        Argument("tables", "tables that predict wrote", Kind(Path, many=True)),
        Argument("outpath", "table to write"),
        Argument("bucket", "name of the bucket", Kind(str)),
    ),
    settings=PublishSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
