"""The interface of the clean component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.clean_detections import CleanSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(CleanSettings)
def clean(
    tables: Input[list[Dataset]],
    image_properties: Input[list[Dataset]],
    anchor: Input[Dataset],
    detections_clean: Output[Dataset],
    all_image_properties: Output[Dataset],
    ledger: Output[Dataset],
    detections: list[str],
    strip_components: int = 2,
    date_format: str = "",
    location_column: str = "",
    max_rejected: float = 1.0,
    download_max_rejected: float = 0.1,
    preprocess_max_rejected: float = 0.1,
) -> dsl.ContainerSpec:
    """Join the tables of detections to the photographs of all shards, one row a photograph.

    Args:
        tables: what download gives of each shard besides photographs
        image_properties: the table that preprocess gives of each shard
        anchor: see the anchor component
        detections_clean: a row for each photograph, with its date, time and labels
        all_image_properties: the shards' tables in one
        ledger: a row for every detection and photograph
        download_max_rejected: abort if a larger share of all objects was rejected by download
        preprocess_max_rejected: abort if a larger share of all images was rejected by preprocess
        detections: the tables' names below the bucket's root, such as lpz_data/detections_*.csv
    """
    return container("clean")
