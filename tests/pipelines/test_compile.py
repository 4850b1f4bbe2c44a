"""Tests of the compiled pipelines: what a cluster is told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from autofocus.errors import SettingError
from components.images import image
from components.stages import STAGES as STAGES_WITH_SETTINGS
from pipelines.compile import PIPELINES
from pipelines.completeness import expected_tasks
from pipelines.interface import stage_of
from tests.pipelines.compiling import REGISTRY, TAG, compile_all

GPU = "nvidia.com/gpu"
TRAINING = ("ingest", "embed", "clean", "link", "retrain", "fine_tune")
TRAININGS = ("train", "train-gpu", "train-cpu")
# The tasks on GPUs.
ON_GPUS = {"train": {"fine_tune"}, "train-gpu": {"embed", "fine_tune"}}
LABELLING = ("ingest", "predict", "publish")
STAGES = {
    **dict.fromkeys(TRAININGS, TRAINING),
    "label": LABELLING,
    "label-registered": LABELLING,
}
TASKS = {name: ("anchor", *stages) for name, stages in STAGES.items()}
TASKS["label-registered"] += ("fetch_model",)
# What is spelt out of the interface; all else has defaults.
REQUIRED = {
    **{name: {"bucket", "manifest"} for name in TRAININGS},
    "label": {"bucket", "manifest", "model_uri"},
    "label-registered": {"bucket", "manifest", "registered_model", "mlflow_tracking_uri"},
}


def documents(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a pipeline's specification, and what Kubernetes is told for each of its executors."""
    spec, platform = yaml.safe_load_all((folder / f"{name}.yaml").read_text())
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def executor_of(stage: str) -> str:
    """Return the label of a stage's executor."""
    return f"exec-{stage.replace('_', '-')}"


def containers(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return each stage's container."""
    executors = documents(folder, name)[0]["deploymentSpec"]["executors"]
    return {
        stage_of(label): executor["container"]
        for label, executor in executors.items()
        if "container" in executor
    }


def tasks(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each task's component and the task, those within loops included."""
    for component in (spec["root"], *spec["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            yield stage_of(task["componentRef"]["name"].removeprefix("comp-")), task


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
    # These run in other stages' images.
    other = {"anchor": "ingest", "fetch_model": "retrain"}
    other |= {"embed": "retrain", "fine_tune": "retrain"}
    other |= dict.fromkeys(ON_GPUS.get(name, ()), "retrain-gpu")
    assert found == {
        task: f"{REGISTRY}/autofocus-{other.get(task, task)}:{TAG}" for task in TASKS[name]
    }


def test_images_are_named_by_variables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """REGISTRY and TAG name the images for whoever calls the command without make."""
    monkeypatch.setenv("REGISTRY", REGISTRY)
    monkeypatch.setenv("TAG", TAG)
    assert image("clean") == f"{REGISTRY}/autofocus-clean:{TAG}"


def test_images_without_a_registry_are_noted(tmp_path: Path) -> None:
    """A cluster can't pull them: the command says so, and what to give."""
    note = compile_all(tmp_path, "--tag", TAG)
    assert note == (
        f"note: the images have no registry, so that a cluster can't pull autofocus-clean:{TAG}: "
        "give --registry, or the variable REGISTRY.\n"
    )


def test_scratch_can_be_on_volumes_of_a_storage_class(tmp_path: Path) -> None:
    """With --storage-class each task's scratch is a volume of its own that goes with its pod."""
    compile_all(tmp_path, "--tag", TAG, "--storage-class", "fast-ssd")
    _, platform = documents(tmp_path, "train")
    for told in platform.values():
        (volume,) = told["genericEphemeralVolume"]
        assert (volume["volumeName"], volume["mountPath"]) == ("scratch", "/scratch")
        assert (volume["storageClassName"], volume["accessModes"]) == (
            "fast-ssd",
            ["ReadWriteOnce"],
        )
        assert "scratch" not in {each["volumeName"] for each in told["emptyDirMounts"]}


@pytest.mark.parametrize("name", PIPELINES)
def test_pods_are_accepted_where_pod_security_is_restricted(folder: Path, name: str) -> None:
    """Every task says that it doesn't run as root, which is all that the server leaves out."""
    _, platform = documents(folder, name)
    assert set(platform) == set(map(executor_of, TASKS[name]))
    assert [told["securityContext"] for told in platform.values()] == (
        [{"runAsNonRoot": True}] * len(platform)
    )


def test_a_tag_that_moves_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `latest`, a cluster would take yesterday's results for today's."""
    monkeypatch.setenv("TAG", "latest")
    with pytest.raises(SettingError, match="can't be latest"):
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
    if name.startswith("train"):
        wanted |= {
            "labelmap": "STRUCT",
            "label_priority": "LIST",
            "learning_rate": "NUMBER_DOUBLE",
            "flip_left_right": "BOOLEAN",
        }
    assert wanted.items() <= kinds.items()


@pytest.mark.parametrize("name", ON_GPUS)
def test_only_what_uses_a_gpu_is_pinned_to_a_node(folder: Path, name: str) -> None:
    """The second document pins it to nodes that a parameter names, and nothing else."""
    spec, platform = documents(folder, name)
    pinned = {stage_of(label) for label, each in platform.items() if "nodeSelector" in each}
    assert pinned == ON_GPUS[name]
    for stage in pinned:
        selector = platform[executor_of(stage)]["nodeSelector"]["nodeSelectorJson"]
        named = selector["componentInputParameter"].removeprefix("pipelinechannel--")
        assert named == "gpu_node_selector"
    parameter = spec["root"]["inputDefinitions"]["parameters"]["gpu_node_selector"]
    assert parameter["parameterType"] == "STRUCT"
    assert parameter["defaultValue"] == {"nvidia.com/gpu.present": "true"}


@pytest.mark.parametrize("name", ON_GPUS)
def test_a_task_on_a_gpu_has_all_that_it_takes(folder: Path, name: str) -> None:
    """It alone asks for GPUs, whose type and number are parameters with text for values.

    It tolerates their taint, has shared memory, and fails if it sees no GPU.
    """
    spec, platform = documents(folder, name)
    stages = containers(folder, name)
    accelerators = {stage: each["resources"].get("accelerator") for stage, each in stages.items()}
    for stage in ON_GPUS[name]:
        assert accelerators.pop(stage) == {
            "resourceType": channel("accelerator_type"),
            "resourceCount": channel("accelerator_count"),
        }
        assert {"name": "AUTOFOCUS_NEEDS_GPU", "value": "1"} in stages[stage]["env"]
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    for key, default in {"accelerator_type": GPU, "accelerator_count": "1"}.items():
        assert parameters[key]["parameterType"] == "STRING"
        assert parameters[key]["defaultValue"] == default
    assert set(accelerators.values()) == {None}
    tolerating = {stage_of(label) for label, each in platform.items() if "tolerations" in each}
    assert tolerating == ON_GPUS[name]
    shared = {"volumeName": "dshm", "mountPath": "/dev/shm", "medium": "Memory"}  # noqa: S108
    for stage in tolerating:
        told = platform[executor_of(stage)]
        assert told["tolerations"] == [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
        assert shared in told["emptyDirMounts"]


@pytest.mark.parametrize("name", ["train-cpu", "label", "label-registered"])
def test_the_others_ask_for_no_gpu(folder: Path, name: str) -> None:
    """Nothing of a GPU is said in the form for clusters without one, nor in labelling."""
    assert "gpu" not in (folder / f"{name}.yaml").read_text()


def channel(parameter: str) -> str:
    """Return what the driver fills in by a pipeline's parameter."""
    return f"{{{{$.inputs.parameters['pipelinechannel--{parameter}']}}}}"


@pytest.mark.parametrize("name", PIPELINES)
def test_sizes_are_parameters_that_fit_a_small_node(folder: Path, name: str) -> None:
    """Each stage's processors and memory are text parameters: modest requests, higher limits."""
    spec, _ = documents(folder, name)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    for stage in STAGES[name]:
        resources = containers(folder, name)[stage]["resources"]
        resources.pop("accelerator", None)
        assert resources == {
            "resourceCpuLimit": channel(f"{stage}_cpu"),
            "resourceCpuRequest": channel(f"{stage}_cpu_request"),
            "resourceMemoryLimit": channel(f"{stage}_memory"),
            "resourceMemoryRequest": channel(f"{stage}_memory_request"),
        }
        sizes = {
            size: parameters[f"{stage}_{size}"]
            for size in ("cpu", "cpu_request", "memory", "memory_request")
        }
        assert {each["parameterType"] for each in sizes.values()} == {"STRING"}
        number = {size: quantity(each["defaultValue"]) for size, each in sizes.items()}
        assert number["cpu_request"] <= 0.5 <= number["cpu"]
        assert number["memory_request"] <= quantity("2Gi") <= number["memory"]


def quantity(text: str) -> float:
    """Read a Kubernetes quantity of the forms that are used here."""
    units = {"m": 0.001, "Mi": 2**20, "Gi": 2**30, "": 1}
    number, unit = re.fullmatch(r"(\d+)(m|Mi|Gi|)", text).groups()  # type: ignore[union-attr]
    return float(number) * units[unit]


@pytest.mark.parametrize("name", PIPELINES)
def test_every_task_has_its_limits(folder: Path, name: str) -> None:
    """Disk, time and retries with growing pauses are set for every task."""
    spec, platform = documents(folder, name)
    for stage, container in containers(folder, name).items():
        told = platform[executor_of(stage)]
        # The launcher's volumes bear these names; a mount of the same name adds a limit to them.
        volumes = {"scratch": "/scratch", "s3-scratch": "/s3", "minio-scratch": "/minio"}
        mounts = {each["volumeName"]: each for each in told["emptyDirMounts"]}
        for volume, path in volumes.items():
            assert mounts[volume]["mountPath"] == path
            assert re.fullmatch(r"\d+Gi", mounts[volume]["sizeLimit"])
        assert {"name": "TMPDIR", "value": "/scratch"} in container["env"]
        assert int(told["activeDeadlineSeconds"]) > 0
    policies = {stage: task["retryPolicy"] for stage, task in tasks(spec) if stage in TASKS[name]}
    assert set(policies) == set(TASKS[name])
    for stage, policy in policies.items():
        assert policy["maxRetryCount"] >= 1
        assert policy["backoffFactor"] > 1
        # It counts the work of all attempts, and ends those that are left.
        attempts = policy["maxRetryCount"] + 1
        longest = int(platform[executor_of(stage)]["activeDeadlineSeconds"])
        assert int(policy["backoffMaxDuration"].removesuffix("s")) > attempts * longest


@pytest.mark.parametrize("name", PIPELINES)
def test_credentials_come_from_a_secret_that_a_parameter_names(folder: Path, name: str) -> None:
    """Those tasks that reach the bucket, and no others, have the secret's keys as variables."""
    _, platform = documents(folder, name)
    secrets = {
        stage_of(label): secret
        for label, each in platform.items()
        for secret in each.get("secretAsEnv", ())
        if {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        == {key["envVar"] for key in secret["keyToEnv"]}
    }
    needing, keeping = {"ingest", "publish"}, {"embed", "retrain", "fine_tune"}
    assert set(secrets) == (needing | keeping) & set(STAGES[name])
    for stage, secret in secrets.items():
        # These only keep their progress with them.
        assert secret.get("optional", False) == (stage in keeping)
        named = secret["secretNameParameter"]["componentInputParameter"]
        assert named.removeprefix("pipelinechannel--") == "s3_secret"


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("stage", ["retrain", "fine_tune"])
def test_mlflow_s_credentials_reach_the_training_if_there_are_any(
    folder: Path, name: str, stage: str
) -> None:
    """They come from a secret that a parameter names; without it, or its keys, the task starts."""
    _, platform = documents(folder, name)
    _, secret = platform[executor_of(stage)]["secretAsEnv"]
    assert secret["optional"] is True
    assert secret["secretNameParameter"] == {"componentInputParameter": "mlflow_secret"}
    assert {each["secretKey"]: each["envVar"] for each in secret["keyToEnv"]} == {
        "MLFLOW_TRACKING_USERNAME": "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD": "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_TOKEN": "MLFLOW_TRACKING_TOKEN",
    }


@pytest.mark.parametrize("name", PIPELINES)
def test_downloads_are_cached_by_the_bucket_s_manifest(folder: Path, name: str) -> None:
    """Earlier downloads are used again by what the bucket holds; labels are published anew."""
    spec, _ = documents(folder, name)
    found = {stage: task for stage, task in tasks(spec) if stage in STAGES[name]}
    cached = {stage for stage, task in found.items() if task["cachingOptions"].get("enableCache")}
    assert cached == set(STAGES[name]) - {"publish"}
    manifest = found["ingest"]["inputs"]["parameters"]["manifest"]["componentInputParameter"]
    assert manifest.removeprefix("pipelinechannel--") == "manifest"


def source(task: dict[str, Any], name: str) -> tuple[str, str]:
    """Return the task and the output that an input of a task comes from."""
    came = task["inputs"]["artifacts"][name]["taskOutputArtifact"]
    return came["producerTask"], came["outputArtifactKey"]


def test_training_is_wired_from_the_bucket_to_the_model(folder: Path) -> None:
    """Each stage gets what the one before it made, of all shards."""
    spec, _ = documents(folder, "train")
    found = dict(tasks(spec))
    assert source(found["clean"], "tables") == ("prepare-shards", "tables")
    assert source(found["clean"], "image_properties") == ("prepare-shards", "image_properties")
    assert source(found["link"], "detections_clean") == ("clean", "detections_clean")
    assert source(found["embed"], "preprocessed") == ("ingest", "preprocessed")
    for stage in ("retrain", "fine_tune"):
        assert source(found[stage], "links") == ("link", "links")
        assert source(found[stage], "embeddings") == ("prepare-shards", "embeddings")
    assert source(found["fine_tune"], "preprocessed") == ("prepare-shards", "preprocessed")
    assert "preprocessed" not in found["retrain"]["inputs"]["artifacts"]


def test_a_run_retrains_or_fine_tunes(folder: Path) -> None:
    """Which of them runs is a condition of the task itself, and only a loop is a nested graph.

    Into a nested graph the driver of Kubeflow Pipelines 2.17 hands only the last artifact of each
    list.
    """
    spec, _ = documents(folder, "train")
    for layers, stage in ((0, "retrain"), (2, "fine_tune"), (-1, "fine_tune")):
        values = {"shards": ["0-3/8", "4-7/8"], "fine_tune_layers": layers}
        expected = {"anchor": 1, "ingest": 2, "embed": 2, "clean": 1, "link": 1, stage: 1}
        assert expected_tasks(spec, values) == expected
    for component in spec["components"].values():
        if "dag" in component:
            artifacts = component.get("inputDefinitions", {}).get("artifacts", {})
            assert not any(each.get("isArtifactList") for each in artifacts.values())


@pytest.mark.parametrize("name", TRAININGS)
def test_options_of_the_training_start_no_embedding(folder: Path, name: str) -> None:
    """Embed takes the parameters that decide features, and no others, as they are in its key."""
    spec, _ = documents(folder, name)
    taken = dict(tasks(spec))["embed"]["inputs"]["parameters"]
    names = {
        each["componentInputParameter"].removeprefix("pipelinechannel--")
        for each in taken.values()
        if "componentInputParameter" in each
    }
    resources = {f"embed_{each}" for each in ("cpu", "cpu_request", "memory", "memory_request")}
    accelerators = {"accelerator_type", "accelerator_count"} if "gpu" in name else set()
    settings = STAGES_WITH_SETTINGS["embed"].kinds().keys() - {"jobs", "max_rejected"}
    assert names == settings | {"embed_max_rejected", "progress"} | resources | accelerators


def test_labelling_is_wired_from_the_bucket_to_the_bucket(folder: Path) -> None:
    """Each shard's photographs are labelled by the imported model, and all labels published."""
    spec, _ = documents(folder, "label")
    found = dict(tasks(spec))
    assert source(found["predict"], "preprocessed") == ("ingest", "preprocessed")
    assert source(found["label_shards"], "model") == ("importer", "artifact")
    for name in ("predictions", "originals"):
        assert source(found["publish"], name) == ("label-shards", name)
    for task in ("publish", "ingest"):
        prefix = found[task]["inputs"]["parameters"]["output_prefix"]["componentInputParameter"]
        assert prefix.removeprefix("pipelinechannel--") == "output_prefix"


def test_a_registered_model_is_fetched_anew_by_every_run(folder: Path) -> None:
    """It takes the place of an imported model, with MLflow's credentials; all else is the same."""
    spec, platform = documents(folder, "label-registered")
    found = dict(tasks(spec))
    assert source(found["label_shards"], "model") == ("fetch-model", "model")
    assert not found["fetch_model"]["cachingOptions"].get("enableCache")
    (secret,) = platform["exec-fetch-model"]["secretAsEnv"]
    assert secret["optional"] is True
    assert secret["secretNameParameter"] == {"componentInputParameter": "mlflow_secret"}
    assert spec["pipelineInfo"]["name"] == "autofocus-label-registered"
    label, _ = documents(folder, "label")
    own, others = (one["root"]["inputDefinitions"]["parameters"] for one in (spec, label))
    assert own.keys() - others.keys() == {
        *("registered_model", "mlflow_tracking_uri", "mlflow_secret")
    }
    assert others.keys() - own.keys() == {"model_uri"}
    assert all(own[name] == others[name] for name in own.keys() & others.keys())


@pytest.mark.parametrize("name", PIPELINES)
def test_the_fan_out_goes_over_the_shards(folder: Path, name: str) -> None:
    """The list of shards is what is looped over, and its item is the shard of ingest."""
    spec, _ = documents(folder, name)
    loops = [task for _, task in tasks(spec) if "parameterIterator" in task]
    assert len(loops) == 1
    over = loops[0]["parameterIterator"]["items"]["inputParameter"]
    assert over == "pipelinechannel--shards"
    ingest = dict(tasks(spec))["ingest"]["inputs"]["parameters"]["shard"]
    assert ingest["componentInputParameter"] == "pipelinechannel--shards-loop-item"


@pytest.mark.parametrize("name", PIPELINES)
def test_tasks_take_only_what_the_graph_around_them_has(folder: Path, name: str) -> None:
    """Every input that comes from the graph around is declared there, within loops, too."""
    spec, platform = documents(folder, name)
    for component in (spec["root"], *spec["components"].values()):
        declared = component.get("inputDefinitions", {}).get("parameters", {})
        for task in component.get("dag", {}).get("tasks", {}).values():
            parameters = task.get("inputs", {}).get("parameters", {})
            taken = {each.get("componentInputParameter") for each in parameters.values()}
            told = str(platform.get(f"exec-{task['taskInfo']['name']}", {}))
            taken |= set(re.findall(r"'componentInputParameter': '([^']+)'", told))
            assert taken - {None} <= set(declared)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_parameter_reaches_a_task(folder: Path, name: str) -> None:
    """No parameter of the pipeline is without effect."""
    spec, platform = documents(folder, name)
    used = {
        value["componentInputParameter"].removeprefix("pipelinechannel--")
        for _, task in tasks(spec)
        for value in task.get("inputs", {}).get("parameters", {}).values()
        if "componentInputParameter" in value
    }
    used |= set(re.findall(r"gpu_node_selector|s3_secret|mlflow_secret", str(platform)))
    used |= {"model_uri"} if name == "label" else set()
    assert set(spec["root"]["inputDefinitions"]["parameters"]) <= used
