"""The interface of the preprocess component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.preprocess_images import PreprocessSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(PreprocessSettings)
def preprocess(
    images: Input[Dataset],
    preprocessed: Output[Dataset],
    image_properties: Output[Dataset],
    ledger: Output[Dataset],
    indir: str = "",
    extensions: list[str] = ["JPG", "JPEG", "PNG"],
    trim_bottom: int = 198,
    trim_top: int = 0,
    min_side: int = 256,
    night_tolerance: float = 2.0,
    jobs: int = 0,
    max_rejected: float = 0.1,
) -> dsl.ContainerSpec:
    """Trim, resize and describe the photographs of one shard.

    Args:
        images: the shard's photographs, as download gives them
        preprocessed: the small photographs and how they were made: tar files, and a manifest
        image_properties: a table with a row for each of them
        ledger: a row for every photograph
        indir: the folder below the bucket's root that holds the photographs; empty for the root
    """
    return container("preprocess")
