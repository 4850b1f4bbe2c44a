"""The interface of the download component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.download_images import DownloadSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(DownloadSettings)
def download(
    bucket: str,
    anchor: Input[Dataset],
    images: Output[Dataset],
    tables: Output[Dataset],
    ledger: Output[Dataset],
    prefix: str = "",
    output_prefix: str = "autofocus/",
    download_tar: bool = False,
    sample: int = 0,
    shard: str = "",
    manifest: str = "",
    endpoint_url: str = "",
    no_sign_request: bool = False,
    patience: float = 300.0,
    jobs: int = 32,
    max_rejected: float = 0.1,
) -> dsl.ContainerSpec:
    """Bring one shard of a bucket's photographs, and pack them into a few tar files.

    Args:
        bucket: the bucket's name
        anchor: see the anchor component
        images: the shard's photographs under their keys: tar files, and a manifest
        tables: all that is no photograph, in the same form; of shard 0 alone
        ledger: a row for every object
    """
    return container("download")
