"""The settings and the command line of `predict`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autofocus.features.choices import MOST_VIEWS
from autofocus.images.names import DEFAULT_EXTENSIONS
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    IMAGES,
    LIMITS,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.predicting.options import DEFAULT_GAP_MIN, parse_thresholds
from autofocus.runs.sharding import Shards
from autofocus.tracking.local_models import MODEL_HELP


@dataclass(frozen=True)
class PredictSettings:
    """The options of `predict`."""

    table: Path | None = option(
        None,
        "label only the images in the column filepath of this table; paths are absolute or "
        "relative to the table's folder, and below --indir; columns `location` and `sequence` are "
        "used if it has them",
        metavar="CSV",
        group=IMAGES,
    )
    locations: Path | None = option(
        None,
        "table with the columns filepath and `location`, such as detections_clean.csv, for the "
        "column `location`; new images have the location of the others in their camera's folder",
        affects_output=False,  # the table is made anew by every run
        metavar="CSV",
        group=IMAGES,
    )
    boxes_from: Path | None = option(
        None,
        "MegaDetector results (JSON) of the images, for a model that was trained with them",
        affects_output=False,  # predictions with other boxes are made anew
        metavar="JSON",
        group=IMAGES,
    )
    shard: str | None = option(
        None,
        "label only shard I of N, counted from 0; a folder's images stay together, so that shards "
        "may differ in size",
        metavar="I/N",
        group=IMAGES,
    )
    extensions: tuple[str, ...] = option(
        DEFAULT_EXTENSIONS,
        "extensions of image files, in upper or lower case",
        affects_output=False,
        metavar="EXT",
        group=IMAGES,
    )
    photographs: Literal["auto", "raw", "preprocessed"] = option(
        "auto",
        "raw images are preprocessed as the model's training images were; auto: raw, unless the "
        "folder holds the preparation.json of preprocess_images",
        group=IMAGES,
    )
    views: int = option(
        0,
        "number of views of an image, mirrored and enlarged ones, whose scores are averaged "
        f"(1 to {MOST_VIEWS}; 0: as the model was evaluated); each takes the time of one",
        affects_output=False,  # predictions from other views are made anew
        metavar="N",
        group="decisions",
    )
    probabilities: bool = option(
        False, "write the probability of each label in columns probability_<label>", group="output"
    )
    precision: float = option(
        0.0,
        "accept predictions from the thresholds on that ensure this precision (0: the model's "
        "thresholds)",
        affects_output=False,  # decisions are made anew from the probabilities by every run
        metavar="SHARE",
        group="decisions",
    )
    threshold: tuple[str, ...] = option(
        (),
        "accept predictions of a label from this probability on, such as raccoon=0.8",
        affects_output=False,
        metavar="LABEL=SHARE",
        group="decisions",
    )
    skip_empty_below: float = option(
        0.0,
        "label images empty, without review, whose animal_score is below this (0 to below 1; 0: "
        "none); the summary tells the share of animals that this missed among the test images",
        affects_output=False,  # labels are made anew from the probabilities by every run
        metavar="SCORE",
        group="decisions",
    )
    include_labelled: bool = option(
        False,
        "also label the images that the model was trained, validated or tested with",
        group=IMAGES,
    )
    event_gap: float = option(
        DEFAULT_GAP_MIN,
        "longest time between two images of one event: images of a camera with the same label",
        metavar="MINUTES",
        group="output",
    )
    people: Literal["keep", "drop", "blur"] = option(
        "keep",
        "images on which people are predicted, be it with a low score: keep them in the table, "
        "drop them from it, or write copies of them into the folder people_blurred, in which the "
        "boxes of the detector or of motion are blurred, and all of an image that has none; a "
        "detector may overlook people beside those that it finds",
        group="output",
    )
    allow_empty: bool = option(
        False,
        "succeed if there are no images, as in an empty shard",
        affects_output=False,
        group=LIMITS,
    )
    batch: int = option(
        32,
        "images per batch; more may be faster on a GPU",
        affects_output=False,
        metavar="N",
        group=LIMITS,
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs", "event_gap")
        require(
            0 <= self.views <= MOST_VIEWS,
            f"views must be a number from 0 to {MOST_VIEWS}, not {self.views}.",
        )
        require(self.batch >= 1, f"batch must be at least 1, not {self.batch}.")
        require_share("max_rejected", self.max_rejected)
        require(
            0 <= self.precision < 1,
            f"precision must be from 0 to below 1, not {self.precision}: no number of images can "
            "ensure 1.",
        )
        require(
            0 <= self.skip_empty_below < 1,
            f"skip_empty_below must be from 0 to below 1, not {self.skip_empty_below}: at 1, all "
            "images would be labelled empty.",
        )
        parse_thresholds(self.threshold)
        if self.shard is not None:
            Shards.parse(self.shard)

    @property
    def part(self) -> Shards | None:
        """The shard to label."""
        return None if self.shard is None else Shards.parse(self.shard)


COMMAND = Command(
    name="predict",
    summary="Label images with a trained model.",
    example="autofocus predict --saved_model_dir data/model --indir photos --outpath labels.csv",
    function=Stage("predict"),
    arguments=(
        Argument("saved_model_dir", MODEL_HELP),
        Argument("indir", "the folder of the images, or a single image"),
        Argument("outpath", "the table to write, or a folder for predictions.csv"),
    ),
    settings=PredictSettings,
)
