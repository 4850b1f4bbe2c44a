"""Merge the label tables of all shards, and upload the result to a bucket.

python autofocus/publish_labels.py --tables shard0.csv shard1.csv --outpath labels.csv \
        --bucket autofocus
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    endpoint_option,
    option,
    patience_option,
    require,
    require_not_negative,
)
from autofocus.runs.files import relative_to_folder
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Row, ledger_beside
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import Workspace
from autofocus.store.listing import DEFAULT_OUTPUT_PREFIX, check_output_prefix
from autofocus.store.session import open_bucket
from autofocus.store.uploading import put_file
from autofocus.tables.merging import merge_tables

NAME = "publish_labels"


@dataclass(frozen=True)
class PublishSettings:
    """The options of `publish_labels`."""

    output_prefix: str = option(
        DEFAULT_OUTPUT_PREFIX,
        "prefix of the table's key, by which later downloads recognise it as an output",
        metavar="P",
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
) -> PublishResult:
    """Merge label tables, and upload the result to a bucket.

    Writes `outpath`, and uploads the same bytes as `<output_prefix><name of outpath>`, which
    replaces an earlier object of that key. The inputs in the ledger are the tables. While the
    server is unavailable, requests are retried for up to `settings.patience` seconds.

    Args:
        tables: the tables that `predict` wrote, one per shard.
        outpath: the table to write.
        bucket: the name of an existing bucket.
        settings: where to upload to.

    Returns:
        The counts, the path of the table and its key.

    Raises:
        MissingInputError: a table does not exist.
        InputDataError: the tables come from different models or have no rows, or shards overlap.
        OutputConflictError: `outpath` is in use, or was not written by this stage.
        StoreError: the bucket can't be reached or written.
    """
    require("/" not in bucket, f"bucket: give the name alone, without s3:// or /, not {bucket}.")
    ledger, key = ledger_beside(outpath), settings.output_prefix + outpath.name

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        rows = merge_tables(tables, unfinished[outpath], "filepath")
        if not rows:
            raise InputDataError(
                "The tables have no rows, so nothing is published: check where the images are."
            )
        with open_bucket(
            bucket,
            prefix=settings.output_prefix,
            endpoint_url=settings.endpoint_url,
            patience=settings.patience,
        ) as opened:
            put_file(opened, unfinished[outpath], key)
        names = [relative_to_folder(path, outpath.parent) for path in tables]
        note = f"{rows} images, in the bucket {bucket} as {key}"
        return JointOutcome([Row(name, output=outpath.name) for name in names], (note,))

    with Workspace(outpath.parent, NAME, {}, output=outpath.name) as workspace:
        counts, notes = make_jointly(workspace, ledger, [outpath], make)
    return PublishResult(NAME, counts, ledger, {"table": outpath}, notes, table=outpath, key=key)


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
