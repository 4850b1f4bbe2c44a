"""The program inside the image: label the images of one shard."""

import shutil

from autofocus.containers.archive import unpack
from autofocus.containers.task import Task, main
from autofocus.options.settings import require
from autofocus.predict import NAME, PredictResult, predict
from autofocus.predict_settings import PredictSettings
from autofocus.runs.ledger import LEDGER_NAME


def label(task: Task) -> PredictResult:
    """Unpack the images as they are laid out in the bucket, so that the table has their keys."""
    indir = task.subfolder("indir", task.folder / "bucket")
    unpack([task.input("preprocessed")], indir)
    indir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(task.input("preprocessing"), indir / LEDGER_NAME)
    settings = task.settings(PredictSettings, allow_empty=True, max_rejected=1.0)
    require(
        settings.people != "blur",
        "people: a pipeline passes on no blurred copies: give keep or drop.",
    )
    table = task.folder / "bucket" / "predictions.csv"
    result = predict(task.input("model"), indir, table, settings)
    task.check_shard(result, "preprocessing")
    task.output("predictions", result.predictions)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, label))
