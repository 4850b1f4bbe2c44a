"""The program inside the image: join the detections to the images of all shards."""

from autofocus.clean_detections import NAME, CleanResult, clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.containers.archive import unpack
from autofocus.containers.task import Task, main
from autofocus.tables.columns import PROPERTIES_NAME
from autofocus.tables.detections import find_tables
from autofocus.tables.merging import merge_tables


def clean(task: Task) -> CleanResult:
    """Check the share that all shards rejected, merge the shards' tables, and join."""
    task.check_run("image_properties")
    data, image_dir = task.folder / "data", task.folder / "preprocessed"
    unpack(task.inputs("tables"), data)
    merge_tables(task.inputs("image_properties"), image_dir / PROPERTIES_NAME, "filepath")
    result = clean_detections(
        find_tables(data, task.parameter("detections")),
        image_dir,
        image_dir / PROPERTIES_NAME,
        task.folder / "detections_clean.csv",
        task.settings(CleanSettings),
    )
    task.output("detections_clean", result.table)
    task.output("all_image_properties", image_dir / PROPERTIES_NAME)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, clean))
