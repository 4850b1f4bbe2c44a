"""From a bucket of photographs and tables to a trained classifier and its evaluation.

`train` puts the training on a node with a GPU; `train_cpu` is the same for clusters without one.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl

from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.store.listing import DEFAULT_OUTPUT_PREFIX
from autofocus.tracking.source import IMAGE_VARIABLE
from components.anchor.component import anchor
from components.clean.component import clean
from components.download.component import download
from components.images import image
from components.link.component import link
from components.preprocess.component import preprocess
from components.retrain.component import retrain
from pipelines.resources import with_resources
from pipelines.shards import prepare_shards
from pipelines.tasks import GPU, equip, on_gpu
from pipelines.wiring import described_by, pick

NAME = "autofocus-train"
_FOR_GPU = ("gpu_node_selector", "accelerator_type", "accelerator_count")


@with_resources("download", "preprocess", "clean", "link", "retrain")
@described_by(anchor, download, preprocess, clean, link, retrain)
def _train(
    bucket: str,
    manifest: str,
    prefix: str = "",
    output_prefix: str = DEFAULT_OUTPUT_PREFIX,
    endpoint_url: str = "",
    patience: float = 300,
    s3_secret: str = "autofocus-s3",
    shards: list[str] = ["0/2", "1/2"],
    sample: int = 0,
    download_max_rejected: float = 0.1,
    indir: str = "",
    extensions: list[str] = ["JPG", "JPEG", "PNG"],
    trim_bottom: int = 198,
    trim_top: int = 0,
    min_side: int = 256,
    night_tolerance: float = 2.0,
    preprocess_max_rejected: float = 0.1,
    detections: list[str] = ["**/detections_*.csv"],
    strip_components: int = 2,
    date_format: str = "",
    location_column: str = "",
    clean_max_rejected: float = 1.0,
    labelmap: dict[str, str] = {},
    label_priority: list[str] = [],
    keep_unresolved: bool = False,
    link_max_rejected: float = 0.5,
    tfhub_module: str = "efficientnet-lite0",
    view: str = "full",
    weight_by_motion: bool = False,
    split_by: str = "auto",
    location_pattern: str = DEFAULT_PATTERN,
    sequence_gap: float = 60,
    testing_percentage: float = 10,
    validation_percentage: float = 10,
    folds: int = 0,
    multilabel: bool = False,
    optimizer: str = "lbfgs",
    how_many_training_steps: int = 4000,
    learning_rate: float = 0.01,
    train_batch_size: int = 100,
    eval_step_interval: int = 10,
    class_weights: str = "balanced",
    flip_left_right: bool = False,
    random_crop: int = 0,
    random_scale: int = 0,
    random_brightness: int = 0,
    distorted_copies: int = 4,
    fine_tune_layers: int = 0,
    fine_tune_rate: float = 1e-4,
    fine_tune_epochs: int = 10,
    threshold_target: str = "precision",
    threshold_value: float = 0.95,
    empty_labels: list[str] = ["empty"],
    human_labels: list[str] = ["human", "person", "people"],
    show_people: bool = False,
    retrain_max_rejected: float = 0.1,
    mlflow_tracking_uri: str = "",
    cache_salt: str = "",
    gpu_node_selector: dict[str, str] = {"nvidia.com/gpu.present": "true"},
    accelerator_type: str = GPU,
    accelerator_count: str = "1",
    resources: Mapping[str, Any] = {},
) -> None:
    """Train a classifier on the photographs and tables of a bucket, and evaluate it.

    Args:
        manifest: what the bucket holds: the digest that autofocus download_images --dry-run
            prints, or unchecked- and a new word; runs with the same one share their downloads
        s3_secret: the Kubernetes secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
        shards: the parts into which the photographs are divided, all of them: 0/2 and 1/2
        gpu_node_selector: the labels of nodes with a GPU
        accelerator_type: the resource that a GPU is, as nodes name it
        accelerator_count: how many GPUs retrain is given
    """
    given = {**locals(), **resources}
    given["anchor"] = equip(anchor(**pick(anchor, given)), given).output
    prepared = prepare_shards(**pick(prepare_shards, given))
    cleaned = clean(
        tables=prepared.outputs["tables"],
        image_properties=prepared.outputs["image_properties"],
        **pick(clean, given),
    )
    detections = equip(cleaned, given).outputs["detections_clean"]
    linked = equip(link(detections_clean=detections, **pick(link, given)), given)
    trained = retrain(
        preprocessed=prepared.outputs["preprocessed"],
        links=linked.outputs["links"],
        **pick(retrain, given),
    )
    equip(trained, given)
    name = "retrain"
    if gpu_node_selector is not None:
        name = "retrain-gpu"
        trained.set_container_image(image(name))
        on_gpu(trained, given)
    # A container can't tell its own image; MLflow keeps it with the run.
    trained.set_env_variable(IMAGE_VARIABLE, image(name))


def _without_gpu(function: Callable[..., None]) -> Callable[..., None]:
    """Return the same pipeline without the parameters that are for a GPU."""
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.name not in _FOR_GPU]

    @functools.wraps(function)
    def cpu(*values: Any) -> None:
        names = [parameter.name for parameter in kept]
        function(**dict(zip(names, values, strict=True)), **dict.fromkeys(_FOR_GPU))

    cpu.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return cpu


train = dsl.pipeline(name=NAME)(_train)
train_cpu = dsl.pipeline(name=NAME)(_without_gpu(_train))
