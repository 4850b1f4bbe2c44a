"""Put the tables of labels of all shards together, and into a bucket.

python autofocus/publish_labels.py --tables shard0.csv shard1.csv --outpath labels.csv \
        --bucket autofocus
"""

from collections.abc import Sequence
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
from autofocus.runs.ledger import LedgerWriter, Row, ledger_beside
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
        "prefix of the table's key, by which later downloads tell it from their inputs",
        metavar="P",
    )
    endpoint_url: str | None = endpoint_option()
    patience: float = patience_option()

    def __post_init__(self) -> None:
        require(
            bool(self.output_prefix),
            "output_prefix must not be empty, as later downloads would take the table for an "
            f"input: give one such as {DEFAULT_OUTPUT_PREFIX}.",
        )
        check_output_prefix(self.output_prefix)
        require_not_negative(self, "patience")


@dataclass(frozen=True)
class PublishResult(StageResult):
    """The account of `publish_labels`.

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
    """Merge tables of labels, and put the one that comes out into a bucket.

    Writes `outpath`, and the same bytes as `<output_prefix><name of outpath>` into the bucket, in
    place of an earlier one. The ledger's inputs are the tables. While the server is unavailable,
    it waits for up to `settings.patience` seconds.

    Args:
        tables: what `predict` wrote for each shard.
        outpath: the table to write.
        bucket: the bucket's name; it must exist.
        settings: where to put it.

    Raises:
        MissingInputError: there is no such table.
        InputDataError: the tables are of different models or have no row, or shards overlap.
        StoreError: the bucket can't be reached or written.
    """
    require("/" not in bucket, f"bucket: give the name alone, without s3:// or /, not {bucket}.")
    ledger, key = ledger_beside(outpath), settings.output_prefix + outpath.name
    with Workspace(outpath.parent, NAME, {}, output=outpath.name) as workspace:
        rows = merge_tables(tables, outpath, "filepath")
        if not rows:
            raise InputDataError(
                "No table has a row: nothing is published. Check where the photographs lie."
            )
        with open_bucket(
            bucket,
            prefix=settings.output_prefix,
            endpoint_url=settings.endpoint_url,
            patience=settings.patience,
        ) as opened:
            put_file(opened, outpath, key)
        unfinished = workspace.scratch / ledger.name
        writer = LedgerWriter(unfinished, NAME)
        for path in tables:
            writer.write(Row(relative_to_folder(path, outpath.parent), output=outpath.name))
        writer.close()
        unfinished.replace(ledger)
    note = f"{rows} photographs, in the bucket {bucket} as {key}"
    return PublishResult(
        NAME, writer.counts, ledger, {"table": outpath}, (note,), table=outpath, key=key
    )


COMMAND = Command(
    name=NAME,
    summary="Put tables of labels together, and into an S3 bucket.",
    example=(
        f"autofocus {NAME} --tables shard0.csv shard1.csv --outpath labels.csv --bucket autofocus"
    ),
    function=publish_labels,
    arguments=(
        Argument("tables", "the tables that predict wrote", Kind(Path, many=True)),
        Argument("outpath", "the table to write"),
        Argument("bucket", "the bucket's name", Kind(str)),
    ),
    settings=PublishSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
