"""The program inside the image: compute what retrain needs of the images of some shards."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from autofocus.containers.archive import parts, unpack
from autofocus.containers.progress import open_progress
from autofocus.containers.task import Task, main
from autofocus.embed import NAME, Embedder, EmbedResult
from autofocus.embed_settings import EmbedSettings
from autofocus.embeddings.merging import merge_embeddings
from autofocus.runs.ledger import LEDGER_NAME, count, read_ledger
from autofocus.runs.wording import plural
from autofocus.runs.workspace import HIDDEN
from autofocus.tables.merging import merge_tables


def embed(task: Task) -> EmbedResult:
    """Take the shards one after the other; an attempt goes on after the last complete one."""
    # A shard may have no images by chance; `check_shard` judges what was rejected.
    settings = task.settings(EmbedSettings, allow_empty=True, max_rejected=1.0)
    archive = task.input("preprocessed")
    progress = open_progress(task)
    shards = {
        shard: task.folder / "shards" / str(number)
        for number, shard in enumerate(parts([archive]))
    }
    missing = [shard for shard in shards if not progress.restore(shard, shards[shard])]
    if len(missing) < len(shards):
        kept = plural(len(shards) - len(missing), "shard")
        print(f"{NAME}: an earlier attempt has done {kept} of {len(shards)}", file=sys.stderr)
    embedder = Embedder(settings)
    for shard in missing:
        _embed_shard(embedder, archive, shard, task.folder / "preprocessed", shards[shard])
        progress.save(shard, shards[shard])
    return _merge(task, list(shards.values()))


def _embed_shard(
    embedder: Embedder, archive: Path, shard: str, images: Path, folder: Path
) -> None:
    """Unpack the images of a shard, embed them, and remove them."""
    shutil.rmtree(folder, ignore_errors=True)
    unpack([archive], images, part=shard)
    print(embedder.embed(images, folder), flush=True)
    shutil.rmtree(images)
    shutil.rmtree(folder / HIDDEN)


def _merge(task: Task, folders: Sequence[Path]) -> EmbedResult:
    """Merge the embeddings of the shards, check what was rejected, and declare the outputs."""
    embeddings, ledger = task.folder / "embeddings", task.folder / LEDGER_NAME
    merge_embeddings(folders, embeddings)
    merge_tables([folder / LEDGER_NAME for folder in folders], ledger, "input")
    for folder in folders:
        shutil.rmtree(folder)
    counts = count(read_ledger(ledger))
    result = EmbedResult(NAME, counts, ledger, embeddings=embeddings)
    task.check_shard(result, where=plural(len(folders), "shard"))
    task.output("embeddings", embeddings)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, embed))
