"""What runs inside the image: puts the labels of all shards into the bucket."""

from autofocus.containers.task import Task, main
from autofocus.publish_labels import NAME, PublishResult, PublishSettings, publish_labels


def publish(task: Task) -> PublishResult:
    """Check the whole run's rejections, merge the shards' tables, and publish the whole."""
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
