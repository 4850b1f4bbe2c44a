"""Tests of the compiled pipelines in local Docker, on a small sample in a real S3 server."""

import builtins
import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from autofocus.demo.local_server import LocalS3Server
from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import (
    AutofocusError,
    InputDataError,
    MissingInputError,
    OutputConflictError,
)
from autofocus.model.saved_model import digest_model
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.run import run
from components.images import image
from pipelines.compile import compile_pipelines
from pipelines.completeness import check_complete, executor_outputs
from pipelines.interface import load_documents
from pipelines.local import LocalRun, LocalSettings, run_locally
from tests.docker.conftest import REPOSITORY
from tests.killing import tree
from tests.samples import upload_sample

Images = Callable[[str], str]
BUCKET = "pipelines-in-docker"
PODS = "[0-7/24, 8-15/24, 16-23/24]"
SAMPLE_DATA = REPOSITORY / "sample_data"
PARAMETERS = f"""
download_images:
  bucket: {BUCKET}
preprocess_images:
  indir: lpz_data
clean_detections:
  detections: [lpz_data/detections_*.csv]
link_images_by_label:
  labelmap_path: {SAMPLE_DATA / "raccoon_labelmap.json"}
  label_priority_path: {SAMPLE_DATA / "label_priority.txt"}
retrain:
  how_many_training_steps: 200
  testing_percentage: 20
predict: {{}}
"""
# All but the SavedModel, whose bytes differ from one writing to the next, and what is drawn.
SAME = (
    "data/ledger.csv",
    "preprocessed/ledger.csv",
    "preprocessed/image_properties.csv",
    "detections_clean.csv",
    "detections_clean.ledger.csv",
    "links/links.csv",
    "links/ledger.csv",
    "model/ledger.csv",
    "model/labels.txt",
    "model/metrics.json",
    "model/confusion_matrix.csv",
    "model/misclassified.csv",
    "model/split.csv",
    "model/report.html",
)


@dataclass(frozen=True)
class Setting:
    """A bucket with a sample, compiled pipelines, and what they are to be given.

    Attributes:
        server: where the bucket is.
        pipelines: the folder of compiled pipelines.
        params: a parameter file.
        folder: for whatever is made.
    """

    server: LocalS3Server
    pipelines: Path
    params: Path
    folder: Path

    def run(
        self, pipeline: str, outdir: Path, *more: str, shards: str = "2", cache: bool = False
    ) -> LocalRun:
        """Run a pipeline, by default on two shards."""
        words = [f"endpoint_url={self.server.endpoint_url}", f"shards={shards}", *more]
        path, settings = self.pipelines / f"{pipeline}.yaml", LocalSettings(cache)
        with self.server.as_default():
            return run_locally(path, self.folder / outdir, self.params, words, settings)


@pytest.fixture(scope="module")
def setting(
    images: Images, s3_server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory
) -> Setting:
    """All that a local run needs."""
    folder = tmp_path_factory.mktemp("pipelines")
    upload_sample(s3_server, BUCKET, folder / "sample", sequences=24, sites=8)
    compiled = compile_pipelines(folder / "compiled")
    assert images("clean") in compiled.images
    (folder / "run.yaml").write_text(PARAMETERS)
    return Setting(s3_server, folder / "compiled", folder / "run.yaml", folder)


@pytest.fixture(scope="module")
def second(setting: Setting) -> LocalRun:
    """The second of two trainings that differ in an option of the training alone."""
    outdir = Path("trained")
    first = setting.run("train-cpu", outdir, "testing_percentage=30", shards=PODS, cache=True)
    assert (first.tasks, first.reused) == (10, 0)
    return setting.run("train-cpu", outdir, shards=PODS, cache=True)


@pytest.fixture(scope="module")
def trained(setting: Setting, second: LocalRun) -> Path:
    """The results of the training pipeline: of 24 shards in three pods."""
    assert second.tasks == 10
    return setting.folder / "trained"


def test_another_training_runs_retrain_alone(second: LocalRun) -> None:
    """With another option of the training, no image is downloaded, prepared or embedded again."""
    assert second.reused == second.tasks - 1


@pytest.fixture(scope="module")
def alone(setting: Setting) -> Path:
    """The results of `autofocus run` on the same bucket."""
    with pytest.MonkeyPatch.context() as patch, setting.server.as_default():
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{setting.folder}/mlflow.db")
        run(setting.params, setting.folder / "alone")
    return setting.folder / "alone"


@pytest.mark.parametrize("name", SAME)
def test_the_pipeline_s_tables_are_those_of_autofocus_run(
    trained: Path, alone: Path, name: str
) -> None:
    """24 shards in three pods give, byte for byte, what one run on one machine gives."""
    assert (trained / name).read_bytes() == (alone / name).read_bytes()


def test_the_pipeline_s_weights_are_those_of_autofocus_run(trained: Path, alone: Path) -> None:
    """Both models give each image the same probabilities, to the last bit."""
    assert digest_model(trained / "model") == digest_model(alone / "model")


def test_the_pipeline_s_report_stands_with_its_model(trained: Path) -> None:
    """The model's folder has the SavedModel and the report."""
    assert (trained / "model" / "saved_model.pb").is_file()
    assert "</html>" in (trained / "model" / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("trained")
def test_a_run_leaves_print_as_it_was() -> None:
    """The runner indents all that is printed, and does so no longer when the run has ended."""
    assert builtins.print.__module__ == "builtins"


def test_the_labels_are_those_of_autofocus_predict(
    setting: Setting, trained: Path, alone: Path, tmp_path: Path
) -> None:
    """The label pipeline's table is predict's own, named by keys, and stands in the bucket too."""
    words = [f"model_uri={trained / 'model'}", "output_prefix=out/"]
    words += ["probabilities=true", "include_labelled=true"]
    setting.run("label", Path("labelled"), *words)
    (tmp_path / "lpz_data").symlink_to(alone / "preprocessed")
    expected = predict(
        trained / "model",
        tmp_path / "lpz_data",
        tmp_path / "labels.csv",
        PredictSettings(probabilities=True, include_labelled=True),
    )
    labels = setting.folder / "labelled" / "labels.csv"
    assert labels.read_bytes() == expected.predictions.read_bytes()
    with setting.server.as_default():
        download_images(tmp_path / "back", BUCKET, DownloadSettings(prefix="out/"))
    assert (tmp_path / "back" / "out" / "labels.csv").read_bytes() == labels.read_bytes()
    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = {row["filepath"] for row in rows}
    assert len({row["sequence"] for row in rows}) < len(keys)
    assert keys <= set(tree(setting.folder / "sample" / "bucket"))


# A setting that only its component finds wrong: one in the middle of the run, and its last.
# The runner often calls these a success.
FAILURES = {
    "clean": ("detections=[nothing.csv]", "clean"),
    "retrain": ("folds=90", "retrain"),
}


@pytest.mark.parametrize("component", FAILURES)
def test_a_component_that_fails_makes_the_run_fail(setting: Setting, component: str) -> None:
    """Twenty runs of twenty end with an error that names it, whatever kfp's runner says."""
    mistake, named = FAILURES[component]
    for _ in range(10):
        with pytest.raises(AutofocusError, match=named):
            setting.run("train-cpu", Path("failed"), mistake, cache=True)


def test_an_output_that_was_changed_is_told(setting: Setting, trained: Path) -> None:
    """An output that is not what its task recorded makes the check fail."""
    spec = load_documents(setting.pipelines / "train-cpu.yaml")[0]
    tasks = trained / ".autofocus" / "local_pipeline" / "tasks"
    (links,) = tasks.glob("*/link/links")
    values = {"shards": ["0-7/24", "8-15/24", "16-23/24"], "fine_tune_layers": 0}
    assert len(check_complete(executor_outputs(tasks), spec, values)) == 11
    before = links.read_bytes()
    links.write_bytes(before[:-1])
    try:
        with pytest.raises(InputDataError, match="The output links of link is not what the task"):
            check_complete(executor_outputs(tasks), spec, values)
    finally:
        links.write_bytes(before)


def test_an_image_that_is_not_there_is_told(setting: Setting, tmp_path: Path) -> None:
    """A pipeline that names an image of other code is refused before anything runs."""
    stale = (setting.pipelines / "train-cpu.yaml").read_text()
    tag = image("clean").rpartition(":")[2]
    (tmp_path / "stale.yaml").write_text(stale.replace(tag, "0123456789ab"))
    with pytest.raises(MissingInputError, match="There is no image autofocus-clean:0123456789ab"):
        run_locally(
            tmp_path / "stale.yaml",
            tmp_path / "out",
            None,
            [f"bucket={BUCKET}", "manifest=unchecked-1"],
        )


def test_a_folder_with_something_else_is_left_alone(setting: Setting, tmp_path: Path) -> None:
    """What stands in the output folder and isn't an earlier run's is not overwritten."""
    (tmp_path / "detections_clean.csv").write_text("mine")
    with pytest.raises(OutputConflictError, match="holds something else"):
        setting.run("train-cpu", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["detections_clean.csv"]


def test_a_run_that_is_stopped_leaves_no_container(setting: Setting) -> None:
    """Told to end in the middle of a task, a run does, and so does its container."""
    outdir = setting.folder / "stopped"
    words = [
        *("--pipeline", str(setting.pipelines / "train-cpu.yaml"), "--outdir", str(outdir)),
        *("--params", str(setting.params), "--set", "shards=1"),
        f"endpoint_url={setting.server.endpoint_url}",
        *("optimizer=gradient_descent", "how_many_training_steps=10000000"),
        "eval_step_interval=10000000",
    ]
    start = [sys.executable, "-m", "pipelines.local", *words]
    environment = os.environ | setting.server.environment
    with subprocess.Popen(start, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            # Tasks of embed have the same image.
            if "Executing task" in line and "retrain" in line:
                break
        time.sleep(8)
        assert len(containers("autofocus-retrain")) == 1
        running.send_signal(signal.SIGTERM)
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 143
    assert "Traceback" not in said
    assert containers("autofocus-retrain") == []


def containers(stage: str) -> list[str]:
    """Return which containers of a stage's present image there are."""
    told = subprocess.run(
        ["docker", "ps", "--quiet", f"--filter=ancestor={stage}:{image('clean').split(':')[-1]}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.split()
