"""The interface of the publish component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.publish_labels import PublishSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(PublishSettings)
def publish(
    predictions: Input[list[Dataset]],
    labels: Output[Dataset],
    ledger: Output[Dataset],
    bucket: str,
    prefix: str = "labels/",
    endpoint_url: str = "",
) -> dsl.ContainerSpec:
    """Put the labels of all shards together, and into a bucket.

    Args:
        predictions: the table that predict gives of each shard
        labels: the table of all labels
        ledger: a row for every table
        bucket: the bucket's name
    """
    return container("publish")
