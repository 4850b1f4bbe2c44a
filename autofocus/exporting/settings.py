"""The settings of `export`."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from autofocus.exporting.kinds import Kinds
from autofocus.exporting.zones import read_zone
from autofocus.options.settings import option, require, require_not_negative

FormatName = Literal[
    "csv",
    "megadetector",
    "camtrap-dp",
    "coco",
    "timelapse",
    "wildlife-insights",
    "label-studio",
    "folders",
]
SamplingDesign = Literal[
    "simpleRandom", "systematicRandom", "clusteredRandom", "experimental", "targeted",
    "opportunistic",
]  # fmt: skip
CaptureMethod = Literal["activityDetection", "timeLapse"]
Decision = Literal["all", "accept", "review"]
CONTENT, DATA, LABELS, PROJECT = "content", "data", "labels", "single formats"
People = Literal["drop", "keep"]
FORMATS: tuple[str, ...] = get_args(FormatName)
# What needs no images.
TableFormat = Literal[
    "csv", "megadetector", "camtrap-dp", "coco", "timelapse", "wildlife-insights", "label-studio"
]
TABLE_FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)


@dataclass(frozen=True)
class ExportSettings:
    """The options of `export`."""

    formats: tuple[FormatName, ...] = option(
        ("csv",),
        f"formats to write, one or more of {', '.join(FORMATS)}",
        metavar="FORMAT",
        alias="format",
        group=CONTENT,
    )
    decision: Decision = option(
        "all",
        "export all images, only accepted predictions, or only those that need review",
        group=CONTENT,
    )
    people: People = option(
        "drop", "whether to link images of people, in the format folders", group=CONTENT
    )
    event_gap: float = option(
        30.0,
        "maximum pause between images of one event (minutes), where the table has no events",
        metavar="MINUTES",
        group=DATA,
    )
    deployments: Path | None = option(
        None,
        "table with location, latitude, longitude, start, end and camera of each deployment; "
        "required by camtrap-dp",
        metavar="CSV",
        group=DATA,
    )
    timezone: str | None = option(
        None,
        "time zone of the cameras' clocks, such as America/Chicago or -0600; required by "
        "camtrap-dp",
        metavar="ZONE",
        group=DATA,
    )
    contributors: tuple[str, ...] = option(
        (), "people or organisations to name in camtrap-dp", metavar="NAME", group=PROJECT
    )
    sampling_design: SamplingDesign = option(
        "opportunistic", "how the locations of cameras were chosen, for camtrap-dp", group=PROJECT
    )
    capture_methods: tuple[CaptureMethod, ...] = option(
        ("activityDetection",),
        "how images were triggered, for camtrap-dp",
        metavar="METHOD",
        group=PROJECT,
    )
    project: str = option(
        "autofocus",
        "name of the project, for camtrap-dp and wildlife-insights",
        metavar="NAME",
        group=PROJECT,
    )
    taxa: Path | None = option(
        None,
        "table with the columns label, scientific_name and, if known, class, order, family and "
        "wi_taxon_id",
        metavar="CSV",
        group=DATA,
    )
    image_url: str = option(
        "/data/local-files/?d=",
        "what Label Studio needs before an image's path",
        metavar="URL",
        group=PROJECT,
    )
    images: Path | None = option(
        None, "folder of the original images; required by folders", metavar="DIR", group=DATA
    )
    empty_labels: tuple[str, ...] = option(
        (),
        "labels of empty images (default: empty, blank, vacía and the like)",
        metavar="LABEL",
        group=LABELS,
    )
    human_labels: tuple[str, ...] = option(
        (),
        "labels of people (default: human, person, hiker and the like)",
        metavar="LABEL",
        group=LABELS,
    )
    vehicle_labels: tuple[str, ...] = option(
        ("vehicle", "car"), "labels of vehicles", metavar="LABEL", group=LABELS
    )
    unknown_labels: tuple[str, ...] = option(
        ("unknown", "unidentified"),
        "labels of images that can't be identified",
        metavar="LABEL",
        group=LABELS,
    )

    def __post_init__(self) -> None:
        require(bool(self.formats), f"formats: give at least one of {', '.join(FORMATS)}.")
        for name in self.formats:
            require(name in FORMATS, f"formats: {name!r} is not one of {', '.join(FORMATS)}.")
        require_not_negative(self, "event_gap")
        if self.timezone is not None:
            read_zone(self.timezone)
        self.check_inputs()

    def check_inputs(self) -> None:
        """Check that what the formats need is given.

        Raises:
            SettingError: it isn't.
        """
        require(
            "folders" not in self.formats or self.images is not None,
            "The format folders links to the original images: give their folder as --images.",
        )
        if "camtrap-dp" not in self.formats:
            return
        require(
            self.deployments is not None,
            "Camtrap DP needs real deployments: give --deployments, a table with the columns "
            "location, latitude, longitude, start and end.",
        )
        require(
            self.timezone is not None,
            "Camtrap DP needs the time zone of the cameras' clocks: give --timezone, such as "
            "America/Chicago or -0600.",
        )

    @property
    def kinds(self) -> Kinds:
        """Which labels stand for what is not an animal."""
        return Kinds(
            self.empty_labels, self.human_labels, self.vehicle_labels, self.unknown_labels
        )


@dataclass(frozen=True)
class RunExportSettings(ExportSettings):
    """The options of the export at the end of a run, of which a run itself gives some."""

    formats: tuple[FormatName, ...] = option(
        (), f"formats to write, none or more of {', '.join(FORMATS)}", metavar="FORMAT",
        alias="format", group=CONTENT,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.formats:
            super().__post_init__()

    def check_inputs(self) -> None:
        """Leave the check to `complete`."""

    def complete(self, images: Path, deployments: Path | None) -> ExportSettings:
        """Return the settings of an export.

        Args:
            images: the folder of the originals, where none is given.
            deployments: the table of deployments, where none is given.

        Raises:
            SettingError: something that a format needs is missing.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        given["images"] = self.images or images
        given["deployments"] = self.deployments or deployments
        return ExportSettings(**given)
