"""The program inside the image: download one shard of a bucket, and pack it."""

from autofocus.containers.archive import pack
from autofocus.containers.task import Task, main
from autofocus.download_images import NAME, DownloadResult, download_images
from autofocus.download_settings import DownloadSettings
from autofocus.runs.ledger import read_ledger
from autofocus.store.selection import has_image_name


def download(task: Task) -> DownloadResult:
    """Download the shard, and pack its images and all other files separately."""
    folder = task.folder / "data"
    settings = task.settings(DownloadSettings, max_rejected=1.0)
    result = download_images(folder, task.parameter("bucket"), settings)
    task.check_shard(result)
    paths = [row.output for _, row in read_ledger(result.ledger) if row.reason is None]
    names = sorted(path for path in paths if (folder / path).is_file())
    images = [name for name in names if has_image_name(name)]
    pack(folder, images, task.folder / "images")
    pack(folder, sorted(set(names) - set(images)), task.folder / "tables")
    task.output("images", task.folder / "images")
    task.output("tables", task.folder / "tables")
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, download))
