"""The settings of `ingest_images`: those of the two stages that it interleaves."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from autofocus.download_settings import DownloadSettings
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import LIMITS, Kind, jobs_option, max_rejected_option, option
from autofocus.preprocess_settings import PreprocessSettings


@dataclass(frozen=True)
class IngestSettings(DownloadSettings, PreprocessSettings):
    """The options of `ingest_images`: all of `download_images` and `preprocess_images`."""

    jobs: int = jobs_option()
    transfers: int = option(
        32, "number of concurrent transfers", affects_output=False, metavar="N", group=LIMITS
    )
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        # Each stage checks its own.
        _ = self.download, self.preprocess

    @property
    def download(self) -> DownloadSettings:
        """The settings of `download_images`."""
        return DownloadSettings(**{**self._of(DownloadSettings), "jobs": self.transfers})

    @property
    def preprocess(self) -> PreprocessSettings:
        """The settings of `preprocess_images`."""
        return PreprocessSettings(**self._of(PreprocessSettings))

    def _of(self, settings: type[Any]) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(settings)}


COMMAND = Command(
    name="ingest_images",
    summary="Download and preprocess images in one go, without keeping the originals.",
    example="autofocus ingest_images --local-folder data --bucket autofocus --outdir preprocessed",
    function=Stage("ingest_images"),
    arguments=(
        Argument("local_folder", "folder for all other files, such as tables"),
        Argument("outdir", "folder of the preprocessed images"),
        Argument("bucket", "name of the bucket", Kind(str)),
        Argument(
            "indir",
            "folder of the images in the bucket (default: all of it)",
            Kind(str),
            default="",
            required=False,
        ),
    ),
    settings=IngestSettings,
)
