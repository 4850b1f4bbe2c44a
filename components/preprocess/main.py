"""The program inside the image: prepare the images of one shard."""

from autofocus.containers.archive import pack, unpack
from autofocus.containers.task import Task, main
from autofocus.exporting.originals import write_originals
from autofocus.images.names import PREPARATION_NAME
from autofocus.preprocess_images import NAME, PreprocessResult, preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import read_ledger


def preprocess(task: Task) -> PreprocessResult:
    """Unpack, prepare, and pack again."""
    data, outdir = task.folder / "data", task.folder / "preprocessed"
    unpack([task.input("images")], data)
    # A shard may have none below `indir` by chance; a later stage fails if all have none.
    settings = task.settings(PreprocessSettings, allow_empty=True, max_rejected=1.0)
    settings.require_numbers()
    result = preprocess_images(task.subfolder("indir", data), outdir, settings)
    task.check_shard(result, "images")
    names = [row.output for _, row in read_ledger(result.ledger) if row.reason is None]
    write_originals(outdir, task.folder / "originals.csv")
    pack(outdir, [PREPARATION_NAME, *names], task.folder / "images")
    task.output("preprocessed", task.folder / "images")
    task.output("image_properties", result.properties)
    task.output("originals", task.folder / "originals.csv")
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, preprocess))
