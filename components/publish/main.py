"""The program inside the image: upload the labels of all shards to the bucket."""

from autofocus.containers.shards import from_metadata
from autofocus.containers.task import Task, main
from autofocus.publish_labels import NAME, PublishResult, PublishSettings, publish_labels


def publish(task: Task) -> PublishResult:
    """Check the share that all shards rejected, merge the shards' tables, and publish."""
    task.check_run("predictions")
    tables = task.request.inputs.get("predictions", ())
    shares = [from_metadata("predict", table.metadata) for table in tables]
    # A pipeline of an earlier version passes none.
    has_originals = bool(task.request.inputs.get("originals"))
    originals = task.inputs("originals") if has_originals else []
    folders = [path for path in originals if path.is_dir()]
    result = publish_labels(
        task.inputs("predictions"),
        task.folder / "labels.csv",
        task.parameter("bucket"),
        task.settings(PublishSettings),
        originals=[path / "originals.csv" if path.is_dir() else path for path in originals],
        objects=[path / "objects.csv" for path in folders],
        # There were images, and all have labels already.
        allow_empty=any(share is not None and share.inputs > 0 for share in shares),
    )
    task.output("labels", result.table)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, publish))
