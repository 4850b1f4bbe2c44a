"""The settings and the command line of `clean_detections`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    Kind,
    Pair,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.runs.csv_files import need_table
from autofocus.tables.columns import LOCATION
from autofocus.tables.date_forms import Order
from autofocus.tables.headings import parse_columns
from autofocus.tables.layout import ReadOptions


@dataclass(frozen=True)
class CleanSettings:
    """The options of `clean_detections`."""

    strip_components: int = option(
        2,
        "number of components to remove from the left of FilePath, which name the disk of the "
        "person who recorded it",
        metavar="N",
    )
    date_format: Order | None = option(
        None,
        "order of day, month and year in dates of three numbers; by default it is inferred from "
        "the whole column",
    )
    location_column: str | None = option(
        None, "column of the detections that holds the camera's location", metavar="COLUMN"
    )
    columns: tuple[Pair, ...] = option(
        (),
        "columns of the detections where they are not detected, such as path=Photo label=Species; "
        "the roles are path, label, date, location, sequence, count and source",
        metavar="ROLE=COLUMN",
    )
    label_separator: str | None = option(
        None, "what separates the labels of a cell that holds several, such as ;", metavar="TEXT"
    )
    box_threshold: float = option(
        0.2,
        "score from which a box in MegaDetector results counts (0 to 1); an image without one is "
        "labelled empty",
        metavar="SCORE",
    )
    max_rejected: float = option(
        1.0,
        "maximum share of rejected inputs (0 to 1), not counting duplicates and images without a "
        "detection; above it the run fails",
        affects_output=False,
        metavar="SHARE",
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "strip_components")
        require_share("max_rejected", self.max_rejected)
        require_share("box_threshold", self.box_threshold)
        require(self.label_separator != "", "label_separator must not be empty.")
        roles = parse_columns(self.columns)
        require(
            not (self.location_column and LOCATION in roles),
            "give location_column or columns location=..., not both.",
        )

    @property
    def read_options(self) -> ReadOptions:
        """How to read the tables."""
        columns = parse_columns(self.columns)
        if self.location_column:
            columns[LOCATION] = (self.location_column,)
        return ReadOptions(columns, self.label_separator or "", self.box_threshold)


def _check(detections: Sequence[Path], image_properties: Path, **_: Any) -> None:
    """Check what is known without reading a table (raises MissingInputError)."""
    for path in (*detections, image_properties):
        if not path.exists():
            need_table(path)


COMMAND = Command(
    name="clean_detections",
    summary="Join detection tables to the images, one row per image.",
    example=(
        "autofocus clean_detections --detections data/lpz_data/detections_2016.csv "
        "data/lpz_data/detections_2017.csv --image-dir data/preprocessed "
        "--image-properties data/preprocessed/image_properties.csv "
        "--outpath data/detections_clean.csv"
    ),
    function=Stage("clean_detections"),
    arguments=(
        Argument(
            "detections",
            "detection tables: CSV, .xlsx, COCO Camera Traps or MegaDetector JSON, Camtrap DP, "
            "Timelapse or Wildlife Insights",
            Kind(Path, many=True),
        ),
        Argument("image_dir", "folder that replaces the first components of FilePath"),
        Argument("image_properties", "table that preprocess_images wrote"),
        Argument("outpath", "table to write"),
    ),
    settings=CleanSettings,
    check=_check,
)
