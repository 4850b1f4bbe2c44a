"""The settings and the command line of `embed`.

The settings are those of `retrain` that decide what it needs of an image.
"""

from dataclasses import dataclass

from autofocus.features.choices import ViewChoice
from autofocus.grouping.locations import LocationPattern
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import jobs_option, max_rejected_option, option_of
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.retrain_settings import RetrainSettings, check_features


@dataclass(frozen=True)
class EmbedSettings:
    """The settings of `embed`."""

    tfhub_module: str = option_of(RetrainSettings, "tfhub_module")
    view: ViewChoice = option_of(RetrainSettings, "view")
    location_pattern: str = option_of(RetrainSettings, "location_pattern")
    views: int = option_of(RetrainSettings, "views")
    weight_by_motion: bool = option_of(RetrainSettings, "weight_by_motion")
    flip_left_right: bool = option_of(RetrainSettings, "flip_left_right")
    random_crop: int = option_of(RetrainSettings, "random_crop")
    random_scale: int = option_of(RetrainSettings, "random_scale")
    random_brightness: int = option_of(RetrainSettings, "random_brightness")
    distorted_copies: int = option_of(RetrainSettings, "distorted_copies")
    allow_empty: bool = option_of(PreprocessSettings, "allow_empty")
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        check_features(self)
        LocationPattern(self.location_pattern)


COMMAND = Command(
    name="embed",
    summary="Compute features, boxes and thumbnails of images, for retrain --embeddings.",
    example="autofocus embed --image_dir data/preprocessed --outdir data/embeddings",
    function=Stage("embed"),
    arguments=(
        Argument("image_dir", "a folder of preprocessed images"),
        Argument("outdir", "the folder to write to"),
    ),
    settings=EmbedSettings,
)
