"""The settings and the command line of `label`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autofocus.exporting.settings import ExportSettings, FormatName
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    CONNECTION,
    Kind,
    endpoint_option,
    option,
    patience_option,
    request_payer_option,
    require,
)
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.tracking.local_models import MODEL_HELP


def _option_of(settings: type, name: str, **changes: Any) -> Any:
    """Declare the same field as that of a stage's settings, except for the changes."""
    (field,) = (each for each in dataclasses.fields(settings) if each.name == name)
    return dataclasses.field(**{"default": field.default, "metadata": field.metadata, **changes})


@dataclass(frozen=True)
class LabelSettings:
    """The options of `label`: some of those of the stages."""

    extensions: tuple[str, ...] = _option_of(PredictSettings, "extensions")
    frame_rate: float = _option_of(PreprocessSettings, "frame_rate")
    locations: Path | None = _option_of(PredictSettings, "locations")  # noqa: RUF009 - a field
    boxes_from: Path | None = _option_of(PredictSettings, "boxes_from")  # noqa: RUF009 - a field
    include_labelled: bool = _option_of(PredictSettings, "include_labelled")
    people: Literal["keep", "drop", "blur"] = _option_of(PredictSettings, "people")
    event_gap: float = _option_of(PredictSettings, "event_gap")
    probabilities: bool = _option_of(PredictSettings, "probabilities")
    precision: float = _option_of(PredictSettings, "precision")
    threshold: tuple[str, ...] = _option_of(PredictSettings, "threshold")
    skip_empty_below: float = _option_of(PredictSettings, "skip_empty_below")
    formats: tuple[FormatName, ...] = _option_of(ExportSettings, "formats", default=())
    deployments: Path | None = _option_of(ExportSettings, "deployments")  # noqa: RUF009 - a field
    timezone: str | None = _option_of(ExportSettings, "timezone")
    taxa: Path | None = _option_of(ExportSettings, "taxa")  # noqa: RUF009 - a field
    project: str = _option_of(ExportSettings, "project")
    keep_raw: bool = option(
        True,
        "keep the original images of a bucket; otherwise they are preprocessed as they arrive, "
        "and need no disk space",
        group=CONNECTION,
    )
    endpoint_url: str | None = endpoint_option()
    no_sign_request: bool = option(
        False, "send no credentials, as for a public bucket", affects_output=False,
        group=CONNECTION,
    )  # fmt: skip
    request_payer: bool = request_payer_option()
    patience: float = patience_option()
    batch: int = _option_of(PredictSettings, "batch")
    jobs: int = _option_of(PredictSettings, "jobs")
    max_rejected: float = _option_of(PredictSettings, "max_rejected")

    def __post_init__(self) -> None:
        # Each checks its own options.
        self.of(PredictSettings)
        self.of(PreprocessSettings)
        require(
            self.keep_raw or "folders" not in self.formats,
            "The format folders links to the original images: leave it out, or keep them "
            "(--keep-raw).",
        )
        if self.formats:
            self.of(ExportSettings, images=Path())

    def of(self, settings: type, **more: Any) -> Any:
        """Return the settings of a stage.

        Args:
            settings: the class of its settings.
            more: options that this command does not have.
        """
        names = {field.name for field in dataclasses.fields(settings)}
        own = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name in names
        }
        if settings is ExportSettings:
            # There, `people` is about links to their images.
            own.pop("people")
        if settings is PreprocessSettings:
            # There, `boxes_from` is about a table of boxes; here, only `predict` needs them.
            own.pop("boxes_from")
        return settings(**{**own, **more})


COMMAND = Command(
    name="label",
    summary="Label new images with a trained model: download, preprocess, predict, export.",
    example="autofocus label images_november --model results/model --outdir results_november",
    function=Stage("label"),
    arguments=(
        Argument(
            "images",
            "the folder of the images, a single image, or s3://BUCKET/PREFIX",
            Kind(str),
            positional=True,
        ),
        Argument("model", MODEL_HELP),
        Argument("outdir", "the folder to write to"),
    ),
    settings=LabelSettings,
)
