"""Tests of the compiled pipelines: what a cluster is told."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from autofocus.common.errors import SettingError
from components.images import image
from pipelines.compile import PIPELINES

TAG = "0123456789ab"
GPU = "nvidia.com/gpu"
TRAINING = ("download", "preprocess", "clean", "link", "retrain")
LABELLING = ("download", "preprocess", "predict", "publish")
STAGES = {"train": TRAINING, "train-cpu": TRAINING, "label": LABELLING}
# What is spelt out of the interface; all else has defaults.
REQUIRED = {
    "train": {"bucket", "manifest"},
    "train-cpu": {"bucket", "manifest"},
    "label": {"bucket", "manifest", "model_uri"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pipelines, compiled for images of one tag."""
    outdir = tmp_path_factory.mktemp("compiled")
    compile_all(outdir)
    return outdir


def compile_all(outdir: Path) -> None:
    """Compile in a process of its own, as images are named when components are imported."""
    named = {"AUTOFOCUS_TAG": TAG, "AUTOFOCUS_REGISTRY": "registry.example.org/zoo"}
    words = [sys.executable, "-m", "pipelines.compile", "--outdir", str(outdir)]
    subprocess.run(words, check=True, env=os.environ | named, capture_output=True)


def documents(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a pipeline's specification, and what Kubernetes is told for each of its executors."""
    spec, platform = yaml.safe_load_all((folder / f"{name}.yaml").read_text())
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def containers(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return each stage's container."""
    executors = documents(folder, name)[0]["deploymentSpec"]["executors"]
    return {
        label.removeprefix("exec-"): executor["container"]
        for label, executor in executors.items()
        if "container" in executor
    }


def tasks(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each task's component and the task, those within loops included."""
    for component in (spec["root"], *spec["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            yield task["componentRef"]["name"].removeprefix("comp-"), task


def test_the_same_code_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Compiled again, every pipeline is the same file."""
    compile_all(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.yaml" for name in PIPELINES}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_runs_its_stages_by_name(folder: Path, name: str) -> None:
    """Every container is that of its stage, from the registry and of the tag that were given."""
    found = {stage: each["image"] for stage, each in containers(folder, name).items()}
    variant = {"retrain": "retrain-gpu"} if name == "train" else {}
    assert found == {
        stage: f"registry.example.org/zoo/autofocus-{variant.get(stage, stage)}:{TAG}"
        for stage in STAGES[name]
    }


def test_a_tag_that_moves_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `latest`, a cluster would take yesterday's results for today's."""
    monkeypatch.setenv("AUTOFOCUS_TAG", "latest")
    with pytest.raises(SettingError, match="not latest"):
        image("clean")


@pytest.mark.parametrize("name", PIPELINES)
def test_parameters_are_typed_and_few_must_be_given(folder: Path, name: str) -> None:
    """All parameters are described, and only those without a sensible default are required."""
    spec, _ = documents(folder, name)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert all(each["description"] for each in parameters.values())
    required = {key for key, each in parameters.items() if not each.get("isOptional")}
    assert required == REQUIRED[name]
    kinds = {key: each["parameterType"] for key, each in parameters.items()}
    wanted = {"shards": "LIST", "trim_bottom": "NUMBER_INTEGER", "endpoint_url": "STRING"}
    if name != "label":
        wanted |= {
            "labelmap": "STRUCT",
            "label_priority": "LIST",
            "learning_rate": "NUMBER_DOUBLE",
            "flip_left_right": "BOOLEAN",
        }
    assert wanted.items() <= kinds.items()


def test_only_training_on_a_gpu_is_pinned_to_a_node(folder: Path) -> None:
    """The second document pins retrain to nodes that a parameter names, and nothing else."""
    spec, platform = documents(folder, "train")
    pinned = {label for label, each in platform.items() if "nodeSelector" in each}
    assert pinned == {"exec-retrain"}
    assert platform["exec-retrain"]["nodeSelector"] == {
        "nodeSelectorJson": {"componentInputParameter": "gpu_node_selector"}
    }
    parameter = spec["root"]["inputDefinitions"]["parameters"]["gpu_node_selector"]
    assert parameter["parameterType"] == "STRUCT"
    assert parameter["defaultValue"] == {"nvidia.com/gpu.present": "true"}


def test_training_on_a_gpu_has_all_that_it_takes(folder: Path) -> None:
    """Retrain alone asks for one GPU, tolerates its taint, and has shared memory."""
    _, platform = documents(folder, "train")
    accelerators = {
        stage: each["resources"].get("accelerator")
        for stage, each in containers(folder, "train").items()
    }
    retrain = accelerators.pop("retrain")
    assert (retrain["resourceType"], retrain["resourceCount"]) == (GPU, "1")
    assert set(accelerators.values()) == {None}
    tolerating = {label for label, each in platform.items() if "tolerations" in each}
    assert tolerating == {"exec-retrain"}
    assert platform["exec-retrain"]["tolerations"] == [
        {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
    ]
    shared = {"volumeName": "dshm", "mountPath": "/dev/shm", "medium": "Memory"}  # noqa: S108
    assert shared in platform["exec-retrain"]["emptyDirMounts"]


@pytest.mark.parametrize("name", ["train-cpu", "label"])
def test_the_others_ask_for_no_gpu(folder: Path, name: str) -> None:
    """Nothing of a GPU is said in the form for clusters without one, nor in labelling."""
    assert "gpu" not in (folder / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", PIPELINES)
def test_every_task_has_its_limits(folder: Path, name: str) -> None:
    """Processors, memory, disk, time and retries with growing pauses are set for every task."""
    spec, platform = documents(folder, name)
    for stage, container in containers(folder, name).items():
        resources = container["resources"]
        assert resources["cpuRequest"] == resources["cpuLimit"]
        assert resources["memoryRequest"] == resources["memoryLimit"]
        told = platform[f"exec-{stage}"]
        scratch = next(x for x in told["emptyDirMounts"] if x["mountPath"] == "/scratch")
        assert re.fullmatch(r"\d+Gi", scratch["sizeLimit"])
        assert {"name": "TMPDIR", "value": "/scratch"} in container["env"]
        assert int(told["activeDeadlineSeconds"]) > 0
    policies = {stage: task["retryPolicy"] for stage, task in tasks(spec) if stage in STAGES[name]}
    assert set(policies) == set(STAGES[name])
    for stage, policy in policies.items():
        assert policy["maxRetryCount"] >= 1
        assert policy["backoffFactor"] > 1
        # It counts the work of all attempts, and ends those that are left.
        attempts = policy["maxRetryCount"] + 1
        longest = int(platform[f"exec-{stage}"]["activeDeadlineSeconds"])
        assert int(policy["backoffMaxDuration"].removesuffix("s")) > attempts * longest


@pytest.mark.parametrize("name", PIPELINES)
def test_credentials_come_from_a_secret_that_a_parameter_names(folder: Path, name: str) -> None:
    """Those tasks that reach the bucket, and no others, have the secret's keys as variables."""
    _, platform = documents(folder, name)
    secrets = {
        label.removeprefix("exec-"): each["secretAsEnv"]
        for label, each in platform.items()
        if "secretAsEnv" in each
    }
    assert set(secrets) == {"download", "publish"} & set(STAGES[name])
    for (secret,) in secrets.values():
        assert {each["envVar"] for each in secret["keyToEnv"]} == {
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        }
        named = secret["secretNameParameter"]["componentInputParameter"]
        assert named.removeprefix("pipelinechannel--") == "s3_secret"


@pytest.mark.parametrize("name", PIPELINES)
def test_downloads_are_cached_by_the_bucket_s_manifest(folder: Path, name: str) -> None:
    """Earlier downloads are used again by what the bucket holds; labels are published anew."""
    spec, _ = documents(folder, name)
    found = {stage: task for stage, task in tasks(spec) if stage in STAGES[name]}
    cached = {stage for stage, task in found.items() if task["cachingOptions"].get("enableCache")}
    assert cached == set(STAGES[name]) - {"publish"}
    manifest = found["download"]["inputs"]["parameters"]["manifest"]["componentInputParameter"]
    assert manifest.removeprefix("pipelinechannel--") == "manifest"


def source(task: dict[str, Any], name: str) -> tuple[str, str]:
    """Return the task and the output that an input of a task comes from."""
    came = task["inputs"]["artifacts"][name]["taskOutputArtifact"]
    return came["producerTask"], came["outputArtifactKey"]


def test_training_is_wired_from_the_bucket_to_the_model(folder: Path) -> None:
    """Each stage gets what the one before it made, of all shards."""
    spec, _ = documents(folder, "train")
    found = dict(tasks(spec))
    assert source(found["preprocess"], "images") == ("download", "images")
    assert source(found["clean"], "tables") == ("prepare-shards", "tables")
    assert source(found["clean"], "image_properties") == ("prepare-shards", "image_properties")
    assert source(found["link"], "detections_clean") == ("clean", "detections_clean")
    assert source(found["retrain"], "links") == ("link", "links")
    assert source(found["retrain"], "preprocessed") == ("prepare-shards", "preprocessed")


def test_labelling_is_wired_from_the_bucket_to_the_bucket(folder: Path) -> None:
    """Each shard's photographs are labelled by the imported model, and all labels published."""
    spec, _ = documents(folder, "label")
    found = dict(tasks(spec))
    assert source(found["predict"], "preprocessed") == ("preprocess", "preprocessed")
    assert source(found["label-shards"], "model") == ("importer", "artifact")
    assert source(found["publish"], "predictions") == ("label-shards", "Output")
    prefix = found["publish"]["inputs"]["parameters"]["prefix"]["componentInputParameter"]
    assert prefix == "labels_prefix"


@pytest.mark.parametrize("name", PIPELINES)
def test_the_fan_out_goes_over_the_shards(folder: Path, name: str) -> None:
    """The list of shards is what is looped over, and its item is the download's shard."""
    spec, _ = documents(folder, name)
    loops = [task for _, task in tasks(spec) if "parameterIterator" in task]
    assert len(loops) == 1
    over = loops[0]["parameterIterator"]["items"]["inputParameter"]
    assert over == "pipelinechannel--shards"
    download = dict(tasks(spec))["download"]["inputs"]["parameters"]["shard"]
    assert download["componentInputParameter"] == "pipelinechannel--shards-loop-item"


@pytest.mark.parametrize("name", ["train", "train-cpu"])
def test_every_parameter_reaches_a_task(folder: Path, name: str) -> None:
    """No parameter of the pipeline is without effect."""
    spec, platform = documents(folder, name)
    used = {
        value["componentInputParameter"].removeprefix("pipelinechannel--")
        for _, task in tasks(spec)
        for value in task.get("inputs", {}).get("parameters", {}).values()
        if "componentInputParameter" in value
    }
    used |= set(re.findall(r"gpu_node_selector|s3_secret", str(platform)))
    assert set(spec["root"]["inputDefinitions"]["parameters"]) <= used
