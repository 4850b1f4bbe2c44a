"""What each task of a pipeline is given: processors, memory, disk, time, retries, credentials."""

from dataclasses import dataclass

from kfp import dsl, kubernetes

# The keys of the secret, and the variables that boto3 reads.
SECRET_KEYS = {
    "AWS_ACCESS_KEY_ID": "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
}
GPU = "nvidia.com/gpu"
SCRATCH = "/scratch"
HOUR = 3600


@dataclass(frozen=True)
class Needs:
    """What a task asks for, and gets at most.

    Attributes:
        cpu: processors.
        memory: such as ``4Gi``.
        disk: the most that it may write to its working folder, such as ``40Gi``.
        seconds: the most that it may take.
        retries: how often it is started again after a failure.
    """

    cpu: str
    memory: str
    disk: str
    seconds: int
    retries: int = 2


# For shards of up to about 10 GB of photographs; docs/kubernetes.md has the sums.
NEEDS = {
    "download": Needs("2", "4Gi", "40Gi", 6 * HOUR, retries=3),
    "preprocess": Needs("4", "8Gi", "40Gi", 6 * HOUR),
    "clean": Needs("1", "8Gi", "10Gi", HOUR),
    "link": Needs("1", "4Gi", "10Gi", HOUR),
    "retrain": Needs("4", "16Gi", "100Gi", 24 * HOUR, retries=1),
    "predict": Needs("4", "8Gi", "40Gi", 12 * HOUR),
    "publish": Needs("1", "2Gi", "10Gi", HOUR, retries=3),
}


def equip(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Give a task what its component needs."""
    needs = NEEDS[task.name.rstrip("-0123456789")]
    task.set_cpu_request(needs.cpu).set_cpu_limit(needs.cpu)
    task.set_memory_request(needs.memory).set_memory_limit(needs.memory)
    task.set_retry(
        needs.retries,
        backoff_duration="30s",
        backoff_factor=2,
        # Counted from the first attempt, whose work it includes, as Argo does.
        backoff_max_duration=f"{(needs.retries + 1) * needs.seconds + HOUR}s",
    )
    kubernetes.set_timeout(task, needs.seconds)
    # Unpacked photographs go there; its limit ends a task that would fill the node's disk.
    kubernetes.empty_dir_mount(task, "scratch", SCRATCH, size_limit=needs.disk)
    return task.set_env_variable("TMPDIR", SCRATCH)


def with_s3(task: dsl.PipelineTask, secret: str) -> dsl.PipelineTask:
    """Give a task the bucket's credentials.

    Args:
        task: one that reads or writes the bucket.
        secret: the name of the Kubernetes secret; a pipeline's parameter.
    """
    return kubernetes.use_secret_as_env(task, secret, SECRET_KEYS)


def on_gpu(task: dsl.PipelineTask, node_selector: dict[str, str]) -> dsl.PipelineTask:
    """Put a task on a node with a GPU.

    Args:
        task: one whose image has what a GPU needs.
        node_selector: the labels that such nodes have; a pipeline's parameter.
    """
    task.set_accelerator_type(GPU).set_accelerator_limit(1)
    kubernetes.add_node_selector_json(task, node_selector)
    kubernetes.add_toleration(task, key=GPU, operator="Exists", effect="NoSchedule")
    kubernetes.empty_dir_mount(task, "dshm", "/dev/shm", medium="Memory")  # noqa: S108 - its name
    return task
