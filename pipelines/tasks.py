"""The configuration of each task: resources, disk, time, retries, credentials."""

import os
from collections.abc import Mapping
from typing import Any

from kfp import dsl, kubernetes
from kfp.dsl import pipeline_channel

from autofocus.features.runtime import NEEDS_GPU_VARIABLE
from pipelines.compile import STORAGE_CLASS
from pipelines.interface import stage_of
from pipelines.resources import HOUR, RESOURCES, of_stage

# The keys of the secrets, which are the variables that boto3 and MLflow read.
S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
MLFLOW_KEYS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
GPU = "nvidia.com/gpu"
SCRATCH = "/scratch"
# Where Kubeflow's launcher keeps artifacts, and the volumes that it makes for them: a volume of
# the same name here adds a limit to that one.
LAUNCHER_VOLUMES = {"s3-scratch": "/s3", "minio-scratch": "/minio"}


def equip(task: dsl.PipelineTask, given: Mapping[str, Any]) -> dsl.PipelineTask:
    """Give a task what its component needs.

    Args:
        task: the task of a component.
        given: the pipeline's parameters by name.
    """
    stage = stage_of(task.name)
    resources, sizes = RESOURCES[stage], of_stage(stage, given)
    # kfp doesn't see by itself that sizes are inputs, and leaves them out of the loops around.
    task.register_pipeline_channels([each for each in sizes.values() if _is_channel(each)])
    task.set_cpu_request(sizes["cpu_request"]).set_cpu_limit(sizes["cpu"])
    task.set_memory_request(sizes["memory_request"]).set_memory_limit(sizes["memory"])
    task.set_retry(
        resources.retries,
        backoff_duration="30s",
        backoff_factor=2,
        # Counted from the first attempt, whose work it includes, as Argo does.
        backoff_max_duration=f"{(resources.retries + 1) * resources.seconds + HOUR}s",
    )
    kubernetes.set_timeout(task, resources.seconds)
    # A namespace with Pod Security "restricted" accepts no pod without it.
    kubernetes.set_security_context(task, run_as_non_root=True)
    _give_scratch(task, resources.disk)
    for volume, path in LAUNCHER_VOLUMES.items():
        kubernetes.empty_dir_mount(task, volume, path, size_limit=resources.disk)
    return task.set_env_variable("TMPDIR", SCRATCH)


def _is_channel(value: Any) -> bool:
    return isinstance(value, pipeline_channel.PipelineChannel)


def _give_scratch(task: dsl.PipelineTask, size: str) -> None:
    """Give a task a scratch folder with a limit: on the node's disk, or on a volume of its own."""
    if storage_class := os.environ.get(STORAGE_CLASS, ""):
        kubernetes.add_ephemeral_volume(
            task, "scratch", SCRATCH, ["ReadWriteOnce"], size, storage_class_name=storage_class
        )
    else:
        # Images are unpacked there; the limit ends a task that would fill the node's disk.
        kubernetes.empty_dir_mount(task, "scratch", SCRATCH, size_limit=size)


def with_s3(task: dsl.PipelineTask, secret: str, *, optional: bool = False) -> dsl.PipelineTask:
    """Give a task the bucket's credentials.

    Args:
        task: one that reads or writes the bucket.
        secret: the name of the Kubernetes secret; a pipeline's parameter.
        optional: whether the task starts without the secret, too.
    """
    keys = {key: key for key in S3_KEYS}
    return kubernetes.use_secret_as_env(task, secret, keys, optional=optional)


def with_mlflow(task: dsl.PipelineTask, secret: str) -> dsl.PipelineTask:
    """Give a task the credentials of MLflow's server, as far as there are any.

    Args:
        task: one that logs to MLflow.
        secret: the name of the Kubernetes secret; a pipeline's parameter. Neither it nor any of
            its keys has to exist.
    """
    keys = {key: key for key in MLFLOW_KEYS}
    return kubernetes.use_secret_as_env(task, secret, keys, optional=True)


def on_gpu(task: dsl.PipelineTask, given: Mapping[str, Any]) -> dsl.PipelineTask:
    """Put a task on a node with a GPU.

    Args:
        task: one whose image has what a GPU needs.
        given: the pipeline's parameters: `accelerator_type`, `accelerator_count` and
            `gpu_node_selector`, the labels that such nodes have.
    """
    accelerator = [given["accelerator_type"], given["accelerator_count"]]
    task.register_pipeline_channels([each for each in accelerator if _is_channel(each)])
    task.set_accelerator_type(accelerator[0]).set_accelerator_limit(accelerator[1])
    kubernetes.add_node_selector_json(task, given["gpu_node_selector"])
    kubernetes.add_toleration(task, key=GPU, operator="Exists", effect="NoSchedule")
    kubernetes.empty_dir_mount(task, "dshm", "/dev/shm", medium="Memory")  # noqa: S108 - its name
    # Otherwise it would work on without the GPU, for a multiple of the time.
    return task.set_env_variable(NEEDS_GPU_VARIABLE, "1")
