"""The program inside the image: upload the labels of all shards to the bucket."""

from autofocus.containers.task import Task, main
from autofocus.publish_labels import NAME, PublishResult, PublishSettings, publish_labels


def publish(task: Task) -> PublishResult:
    """Check the share that all shards rejected, merge the shards' tables, and publish."""
    task.check_run("predictions")
    result = publish_labels(
        task.inputs("predictions"),
        task.folder / "labels.csv",
        task.parameter("bucket"),
        task.settings(PublishSettings),
    )
    task.output("labels", result.table)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, publish))
