"""The interface of the publish component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.publish_labels import PublishSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(PublishSettings)
def publish(
    predictions: Input[list[Dataset]],
    anchor: Input[Dataset],
    labels: Output[Dataset],
    ledger: Output[Dataset],
    bucket: str,
    output_prefix: str = "autofocus/",
    endpoint_url: str = "",
    patience: float = 300.0,
    download_max_rejected: float = 0.1,
    preprocess_max_rejected: float = 0.1,
    predict_max_rejected: float = 0.1,
) -> dsl.ContainerSpec:
    """Put the labels of all shards together, and into a bucket.

    Args:
        predictions: the table that predict gives of each shard
        anchor: see the anchor component
        labels: the table of all labels
        ledger: a row for every table
        bucket: the bucket's name
        download_max_rejected: abort if a larger share of all objects was rejected by download
        preprocess_max_rejected: abort if a larger share of all images was rejected by preprocess
        predict_max_rejected: abort if a larger share of all images was rejected by predict
    """
    return container("publish")
