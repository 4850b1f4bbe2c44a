"""The settings and the command line of `link_images_by_label`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import option, require, require_share
from autofocus.runs.csv_files import need_table


@dataclass(frozen=True)
class LinkSettings:
    """The options of `link_images_by_label`."""

    labelmap_path: Path | None = option(
        None,
        "JSON object that maps labels to other labels; labels that are not in it stay",
        affects_output=False,
        metavar="JSON",
    )
    label_priority_path: Path | None = option(
        None,
        "rules such as `human > *`, one per line, that choose among several labels",
        affects_output=False,
        metavar="TXT",
    )
    keep_unresolved: bool = option(
        False, "link images that still have several labels under each of them"
    )
    copy: bool = option(False, "copy the images instead of linking to them")
    links_only: bool = option(False, "write only the table of links; the images need not exist")
    max_rejected: float = option(
        0.5,
        "largest share of images, 0 to 1, that may be left out",
        affects_output=False,
        metavar="SHARE",
    )

    def __post_init__(self) -> None:
        require_share("max_rejected", self.max_rejected)
        require(
            not (self.copy and self.links_only),
            "copy and links_only contradict each other: leave one out.",
        )


def _check(detections_path: Path, **_: Any) -> None:
    """Check what is known without reading a table (raises MissingInputError)."""
    need_table(detections_path)


COMMAND = Command(
    name="link_images_by_label",
    summary="Link each image into the folder of its label.",
    example=(
        "autofocus link_images_by_label --detections-path data/detections_clean.csv "
        "--outdir data/links --labelmap-path sample_data/raccoon_labelmap.json "
        "--label-priority-path sample_data/label_priority.txt"
    ),
    function=Stage("link_images_by_label"),
    arguments=(
        Argument("detections_path", "table with filepath and contains_<label>, or label"),
        Argument("outdir", "folder to write to"),
    ),
    settings=LinkSettings,
    check=_check,
)
