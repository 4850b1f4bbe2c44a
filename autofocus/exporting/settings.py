"""The settings of `export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from autofocus.exporting.kinds import Kinds
from autofocus.options.settings import option, require

FormatName = Literal["csv", "megadetector"]
Decision = Literal["all", "accept", "review"]
FORMATS: tuple[str, ...] = get_args(FormatName)


@dataclass(frozen=True)
class ExportSettings:
    """The options of `export`."""

    formats: tuple[FormatName, ...] = option(
        ("csv",), "formats to write, one or more", metavar="FORMAT", alias="format"
    )
    decision: Decision = option(
        "all", "export all images, only accepted predictions, or only those that need review"
    )
    images: Path | None = option(None, "folder of the original images", metavar="DIR")
    empty_labels: tuple[str, ...] = option(
        (), "labels of empty images (default: empty, blank, vacía and the like)", metavar="LABEL"
    )
    human_labels: tuple[str, ...] = option(
        (), "labels of people (default: human, person, hiker and the like)", metavar="LABEL"
    )
    vehicle_labels: tuple[str, ...] = option(
        ("vehicle", "car"), "labels of vehicles", metavar="LABEL"
    )
    unknown_labels: tuple[str, ...] = option(
        ("unknown", "unidentified"), "labels of images that can't be identified", metavar="LABEL"
    )

    def __post_init__(self) -> None:
        require(bool(self.formats), f"formats: give at least one of {', '.join(FORMATS)}.")
        for name in self.formats:
            require(name in FORMATS, f"formats: {name!r} is not one of {', '.join(FORMATS)}.")

    @property
    def kinds(self) -> Kinds:
        """Which labels stand for what is not an animal."""
        return Kinds(
            self.empty_labels, self.human_labels, self.vehicle_labels, self.unknown_labels
        )
