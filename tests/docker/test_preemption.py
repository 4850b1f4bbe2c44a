"""Claims about pods that are lost: another attempt at the task goes on where the first one was.

An attempt is a container that is given the same executor input, with an empty disk: what goes on
comes from the store of the artifacts.
"""

import io
import re
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autofocus.containers.task import measure
from autofocus.containers.watching import INTERVAL
from autofocus.demo.local_server import LocalS3Server
from autofocus.model.saved_model import MODEL_FILES
from tests.docker.backend import ROOT, Artifact, Backend, Task
from tests.docker.running import ENTRY
from tests.samples import upload_sample

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Images = Callable[[str], str]
BUCKET = "preemption"
EMBED = ("python", "/component/embed.py", "--executor_input")
ANCHOR = ("python", "-m", "autofocus.containers.anchor", "--executor_input")
INGEST = {
    "bucket": BUCKET,
    "manifest": "unchecked-1",
    "download_max_rejected": 0.5,
    "preprocess_max_rejected": 0.5,
    "indir": "lpz_data",
    "trim_bottom": 198,
}
TRAINING = {
    "testing_percentage": 20,
    "validation_percentage": 20,
    "folds": 0,
    "view": "full",
    "max_rejected": 0.5,
    "mlflow_tracking_uri": "",
}


@dataclass(frozen=True)
class Cluster:
    """A run on a cluster, and its store.

    Attributes:
        backend: makes tasks, and runs them.
        client: of the store.
    """

    backend: Backend
    client: "S3Client"

    def kept(self, task: Task) -> list[str]:
        """Return the names of what attempts at a task have kept."""
        bucket, _, key = task.place.removeprefix("s3://").partition("/")
        prefix = f"{key}/.autofocus/progress/"
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"].removeprefix(prefix) for item in found.get("Contents", [])]

    def files(self, task: Task) -> str:
        """Return the names of the files in the only tar that is kept; empty while it changes."""
        tars = [name for name in self.kept(task) if name.endswith(".tar")]
        # Of two, the manifest may still name the first.
        if len(tars) != 1:
            return ""
        bucket, _, key = task.place.removeprefix("s3://").partition("/")
        name = f"{key}/.autofocus/progress/{tars[0]}"
        try:
            content = self.client.get_object(Bucket=bucket, Key=name)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return ""
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return " ".join(tar.getnames())

    def manifests(self, task: Task) -> int:
        """Return how many parts of a task are kept."""
        return sum(name.endswith(".json") for name in self.kept(task))

    def kill(
        self,
        task: Task,
        image: str,
        is_time: Callable[[], bool],
        words: Sequence[str] = ENTRY,
    ) -> None:
        """Make an attempt at a task, and lose its pod as soon as it is time."""
        with self._attempt(task, image, words) as (running, name, log):
            ends = time.monotonic() + 240
            while not is_time():
                assert running.poll() is None, f"it ended too soon: {log.read_text()}"
                assert time.monotonic() < ends, f"it never came so far: {log.read_text()}"
                time.sleep(0.05)
            subprocess.run(["docker", "kill", name], check=True, capture_output=True)
            assert running.wait(timeout=60) == 137, log.read_text()
        assert not self.backend.path({"uri": f"{task.place}/output_metadata.json"}).exists()

    def finish(
        self, task: Task, image: str, words: Sequence[str] = ENTRY
    ) -> tuple[dict[str, Artifact], str]:
        """Make an attempt at a task that is left to end; return its outputs and its log."""
        with self._attempt(task, image, words) as (running, _, log):
            status = running.wait(timeout=300)
            said = log.read_text()
        assert status == 0, said
        assert self.kept(task) == []
        return self.backend.recorded(task), said

    @contextmanager
    def _attempt(
        self, task: Task, image: str, words: Sequence[str]
    ) -> Iterator[tuple["subprocess.Popen[bytes]", str, Path]]:
        """Start a container; yield its process, its name and the file of its log."""
        name = f"autofocus-test-{uuid.uuid4()}"
        log = self.backend.folder.with_name(f"{name}.log")
        start = self.backend.command(task, image, name, words)
        with (
            log.open("wb") as file,
            subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=file) as running,
        ):
            try:
                yield running, name, log
            finally:
                subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


@pytest.fixture(scope="module")
def cluster(
    images: Images,  # noqa: ARG001 - they must be built
    s3_server: LocalS3Server,
    s3_client: "S3Client",
    tmp_path_factory: pytest.TempPathFactory,
) -> Cluster:
    """A run with a sample in a bucket on this machine, whose store containers reach."""
    folder = tmp_path_factory.mktemp("preemption")
    upload_sample(s3_server, BUCKET, folder / "sample", sequences=40, sites=8)
    s3_client.create_bucket(Bucket=ROOT.removeprefix("s3://").partition("/")[0])
    often = s3_server.environment | {INTERVAL: "1"}
    options = {"network": "host", "environment": often, "options": []}
    return Cluster(Backend(folder / "s3", options), s3_client)


@pytest.fixture(scope="module")
def anchor(cluster: Cluster, images: Images) -> Artifact:
    """What all tasks depend on."""
    made = cluster.backend.call("anchor", images("ingest"), {"cache_salt": ""}, ANCHOR)
    return made["anchor"]


@pytest.fixture(scope="module")
def ingested(cluster: Cluster, images: Images, anchor: Artifact) -> dict[str, Artifact]:
    """Three shards of a pod."""
    parameters = INGEST | {"shard": "0-2/3"}
    return cluster.backend.call("ingest", images("ingest"), parameters, anchor=[anchor])


@pytest.fixture(scope="module")
def links(
    cluster: Cluster, images: Images, anchor: Artifact, ingested: dict[str, Artifact]
) -> Artifact:
    """The table of links."""
    cleaned = cluster.backend.call(
        "clean",
        images("clean"),
        {
            "detections": ["lpz_data/detections_*.csv"],
            "max_rejected": 1,
            "strip_components": 2,
            "download_max_rejected": 0.5,
            "preprocess_max_rejected": 0.5,
        },
        tables=[ingested["tables"]],
        image_properties=[ingested["image_properties"]],
        anchor=[anchor],
    )
    return cluster.backend.call(
        "link",
        images("link"),
        {"labelmap": {}, "label_priority": [], "keep_unresolved": True, "max_rejected": 1},
        detections_clean=[cleaned["detections_clean"]],
    )["links"]


def test_ingest_goes_on_with_the_next_shard(
    cluster: Cluster, images: Images, anchor: Artifact, ingested: dict[str, Artifact]
) -> None:
    """Lost after its first shard, a task brings the others only, and its outputs are the same."""
    task = cluster.backend.task("ingest", INGEST | {"shard": "0-2/3"}, anchor=[anchor])
    cluster.kill(task, images("ingest"), lambda: cluster.manifests(task) >= 1)
    kept = cluster.manifests(task)
    made, said = cluster.finish(task, images("ingest"))
    assert 1 <= kept < 3
    assert f"ingest: an earlier attempt has done {kept} shard" in said
    _check_same_outputs(cluster, made, ingested)


def test_embed_goes_on_with_the_next_shard(
    cluster: Cluster, images: Images, ingested: dict[str, Artifact]
) -> None:
    """Lost after its first shard, a task embeds the others only, and its outputs are the same."""
    given = {"preprocessed": [ingested["preprocessed"]]}
    settings = {"view": "full", "max_rejected": 0.5}
    whole = cluster.backend.task("embed", settings, **given)
    expected, said = cluster.finish(whole, images("retrain"), EMBED)
    assert "earlier attempt" not in said
    task = cluster.backend.task("embed", settings, **given)
    cluster.kill(task, images("retrain"), lambda: cluster.manifests(task) >= 1, EMBED)
    kept = cluster.manifests(task)
    made, said = cluster.finish(task, images("retrain"), EMBED)
    assert 1 <= kept < 3
    assert f"embed: an earlier attempt has done {kept} shard" in said
    _check_same_outputs(cluster, made, expected)


def test_retrain_goes_on_within_the_training(
    cluster: Cluster,
    images: Images,
    anchor: Artifact,
    ingested: dict[str, Artifact],
    links: Artifact,
) -> None:
    """Lost within the training, a task computes what is missing, and the model is the same."""
    given = {"links": [links], "anchor": [anchor], "preprocessed": [ingested["preprocessed"]]}
    whole = cluster.backend.task("retrain", TRAINING, **given)
    expected, said = cluster.finish(whole, images("retrain"))
    assert "kept from an interrupted one" not in said
    task = cluster.backend.task("retrain", TRAINING, **given)
    cluster.kill(task, images("retrain"), lambda: cluster.manifests(task) >= 1)
    made, said = cluster.finish(task, images("retrain"))
    noted = re.search(r"note: (\d+) of (\d+) parts of the training were kept", said)
    assert noted, said
    assert 0 < int(noted[1]) < int(noted[2])
    _check_same_models(cluster, made, expected)


def test_fine_tuning_goes_on_after_its_last_checkpoint(
    cluster: Cluster,
    images: Images,
    anchor: Artifact,
    ingested: dict[str, Artifact],
    links: Artifact,
) -> None:
    """Lost within the epochs, a task repeats at most a minute of them; the model is the same."""
    given = {"links": [links], "anchor": [anchor], "preprocessed": [ingested["preprocessed"]]}
    tuned = TRAINING | {
        "fine_tune_layers": 3,
        "fine_tune_epochs": 10,
        "fine_tune_rate": 1e-5,
        # Without validation images all epochs are run, so it can't end before it is lost.
        "validation_percentage": 0,
    }
    task = cluster.backend.task("retrain", tuned, **given)
    cluster.kill(task, images("retrain"), lambda: "checkpoint-fine-tuning" in cluster.files(task))
    made, said = cluster.finish(task, images("retrain"))
    noted = re.search(r"note: fine-tuning that was interrupted goes on after (\d+) epoch", said)
    assert noted, said
    assert int(noted[1]) > 0
    whole = cluster.backend.task("retrain", tuned, **given)
    expected, said = cluster.finish(whole, images("retrain"))
    assert "interrupted" not in said
    _check_same_models(cluster, made, expected)


def _check_same_models(
    cluster: Cluster, made: dict[str, Artifact], expected: dict[str, Artifact]
) -> None:
    for name in ("metrics.json", "split.csv", *MODEL_FILES):
        one, other = (cluster.backend.path(each["model"]) / name for each in (made, expected))
        assert one.read_bytes() == other.read_bytes(), name


def _check_same_outputs(
    cluster: Cluster, made: dict[str, Artifact], expected: dict[str, Artifact]
) -> None:
    assert made.keys() == expected.keys()
    for name in made:
        one, other = (cluster.backend.path(each[name]) for each in (made, expected))
        assert measure(one) == measure(other), name
