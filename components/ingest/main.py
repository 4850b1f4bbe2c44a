"""The program inside the image: prepare the images of some shards as they arrive."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from autofocus.containers.archive import join, pack
from autofocus.containers.progress import open_progress
from autofocus.containers.task import Task, main
from autofocus.download_images import NAME as DOWNLOAD
from autofocus.download_images import DownloadResult, OpenDownload, open_download
from autofocus.download_settings import DownloadSettings
from autofocus.exporting.originals import write_originals
from autofocus.images.names import PREPARATION_NAME
from autofocus.ingest_images import ingest_source
from autofocus.preprocess_images import NAME as PREPROCESS
from autofocus.preprocess_images import PreprocessResult
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import count, read_ledger
from autofocus.runs.sharding import Shards
from autofocus.runs.wording import plural
from autofocus.store.labelled import write_objects
from autofocus.store.listing import StoredObject
from autofocus.store.selection import has_image_name
from autofocus.tables.merging import merge_tables

NAME = "ingest"
ARCHIVES = ("tables", "preprocessed")
# The tables of a shard, and the column by which each is sorted. They have no ending: the log
# names the rejected images of each `*ledger.csv` when a task fails, and has named these before.
TABLES = {
    "image_properties": "filepath",
    "originals": "filepath",
    "objects": "key",
    "download_ledger": "input",
    "ledger": "input",
}
ORIGINALS = ("originals", "objects")


def ingest(task: Task) -> PreprocessResult:
    """Take the shards one after the other; no original image touches the disk."""
    download = task.settings(DownloadSettings, "download", max_rejected=1.0)
    # A shard may have none below `indir` by chance; a later stage fails if all have none.
    preprocess = task.settings(
        PreprocessSettings, "preprocess", allow_empty=True, max_rejected=1.0
    )
    preprocess.require_numbers()
    task.subfolder("indir", task.folder)
    shards = download.part or Shards(0, 0, 1)
    progress = open_progress(task)
    folders = {shard: task.folder / "shards" / str(shard.number) for shard in shards.parts}
    missing = [shard for shard in folders if not progress.restore(str(shard), folders[shard])]
    if len(missing) < len(shards):
        kept = plural(len(shards) - len(missing), "shard")
        print(f"{NAME}: an earlier attempt has done {kept} of {len(shards)}", file=sys.stderr)
    if missing:
        with open_download(task.parameter("bucket"), download) as source:
            print(f"{NAME}: {source}", file=sys.stderr, flush=True)
            for shard in missing:
                _ingest_shard(task, source.of_shard(shard), preprocess, folders[shard])
                progress.save(str(shard), folders[shard])
    return _merge(task, shards, list(folders.values()))


def _ingest_shard(
    task: Task, source: OpenDownload, settings: PreprocessSettings, folder: Path
) -> None:
    """Prepare the images of one shard as they arrive, pack them, and remove them."""
    data, outdir = task.folder / "data", task.folder / "preprocessed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ingested = ingest_source(source, data, outdir, settings, task.parameter("indir", ""))
    fetched, prepared = ingested.downloaded, ingested.preprocessed
    if prepared is None:
        raise TypeError("A dry run of a component.")
    print(ingested, flush=True)
    part = str(source.settings.part)
    if others := [name for name in _files(fetched, data) if not has_image_name(name)]:
        pack(data, others, folder / "tables", part=part)
    names = [row.output for _, row in read_ledger(prepared.ledger) if row.reason is None]
    write_originals(outdir, folder / "originals")
    write_objects(_done(task, fetched, prepared), folder / "objects")
    pack(outdir, [PREPARATION_NAME, *names], folder / "preprocessed", part=part)
    tables = {
        "image_properties": prepared.properties,
        "download_ledger": fetched.ledger,
        "ledger": prepared.ledger,
    }
    for name, path in tables.items():
        shutil.copyfile(path, folder / name)
    for done in (data, outdir):
        shutil.rmtree(done)


def _done(
    task: Task, fetched: DownloadResult, prepared: PreprocessResult
) -> Iterator[StoredObject]:
    """Yield the images that need not come again: prepared, or rejected, but not all others."""
    indir = task.subfolder("indir", Path())
    seen = {(indir / row.input).as_posix() for _, row in read_ledger(prepared.ledger)}
    paths = {row.input: row.output for _, row in read_ledger(fetched.ledger)}
    for item in fetched.objects:
        path = paths[item.key]
        if has_image_name(item.key) and (not path or path in seen):
            yield item


def _files(fetched: DownloadResult, data: Path) -> list[str]:
    """Return the paths of all downloaded files, as folders are objects, too."""
    paths = [row.output for _, row in read_ledger(fetched.ledger) if row.reason is None]
    return sorted(path for path in paths if (data / path).is_file())


def _merge(task: Task, shards: Shards, folders: Sequence[Path]) -> PreprocessResult:
    """Merge what was made of each shard, check what was rejected, and declare the outputs."""
    for name in ARCHIVES:
        archives = [folder / name for folder in folders if (folder / name).is_dir()]
        if archives:
            join(archives, task.folder / name)
        else:
            pack(task.folder, [], task.folder / name)
    for name, key in TABLES.items():
        outdir = task.folder / "originals" if name in ORIGINALS else task.folder
        merge_tables([folder / name for folder in folders], outdir / f"{name}.csv", key)
        if name not in ORIGINALS:
            task.output(name, outdir / f"{name}.csv")
    # One artifact of two tables, as a cluster can hand only so many to publish.
    task.output("originals", task.folder / "originals")
    for name in ARCHIVES:
        task.output(name, task.folder / name)
    ledgers = {
        DOWNLOAD: task.folder / "download_ledger.csv",
        PREPROCESS: task.folder / "ledger.csv",
    }
    counts = {stage: count(read_ledger(path)) for stage, path in ledgers.items()}
    where = f"shard {shards}" if len(shards) == 1 else f"shards {shards}"
    fetched = DownloadResult(DOWNLOAD, counts[DOWNLOAD], ledgers[DOWNLOAD])
    prepared = PreprocessResult(
        PREPROCESS,
        counts[PREPROCESS],
        ledgers[PREPROCESS],
        properties=task.folder / "image_properties.csv",
    )
    task.check_shard(fetched, limit="download_max_rejected", where=where)
    task.check_shard(prepared, limit="preprocess_max_rejected", where=where)
    return prepared


if __name__ == "__main__":
    raise SystemExit(main(NAME, ingest))
