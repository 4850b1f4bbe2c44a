"""The tables of a synthetic data set: detections as the zoo records them, and the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from autofocus.demo.synthetic.kinds import BROKEN, Kind
from autofocus.demo.synthetic.plan import Season, Shot, site_code
from autofocus.tables.columns import DETECTIONS

TRUTH = ("filepath", "labels", "site", "sequence", "light", "kind")
# The components of a path that name the recorder's disk.
_PREFIX = "Z:\\Chicago\\"
# How each season's table writes its dates.
_DATE_FORMS = {2016: "%d-%b-%y", 2017: "%Y-%m-%d"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LOST = 2  # rows per table whose images are lost
_TWICE = 2  # duplicate rows per table
_LOST_NUMBER = 90000


@dataclass(frozen=True)
class Detection:
    """A row of a detection table.

    Attributes:
        taken: the day of the photograph.
        folder: of the photograph, below `lpz_data`.
        name: of the file.
        label: who is to be seen; empty where a person forgot to write it down.
    """

    taken: datetime
    folder: str
    name: str
    label: str

    def cells(self, season: Season) -> tuple[str, ...]:
        """Return the cells of the row in the season's table."""
        path = _PREFIX + self.folder.replace("/", "\\") + "\\"
        return _date(self.taken, season), path, self.name, self.label


def detections(shots: Sequence[Shot], season: Season) -> list[Detection]:
    """Return the rows of a season's table.

    Beside a row for each label of each listed photograph there are rows of photographs that are
    lost, rows that stand there twice, and one without its label.

    Args:
        shots: the whole plan.
        season: whose table.
    """
    own = [shot for shot in shots if shot.season == season]
    listed = [shot for shot in own if shot.listed]
    rows = [
        Detection(shot.taken, shot.folder, shot.name, label)
        for shot in listed
        for label in shot.labels
    ]
    rows = [*rows, *rows[5 : 5 + _TWICE], *_lost(listed)]
    unlisted = [shot for shot in own if not shot.listed and shot.kind is not Kind.APPLE_DOUBLE]
    return rows + [Detection(s.taken, s.folder, s.name, "") for s in unlisted[:1]]


def detection_table(shots: Sequence[Shot], season: Season) -> list[tuple[str, ...]]:
    """Return a season's detection table with its header."""
    return [DETECTIONS, *(row.cells(season) for row in detections(shots, season))]


def truth_table(shots: Sequence[Shot], data: str) -> list[tuple[str, ...]]:
    """Return the true labels of each file, with a header; broken ones have none.

    Args:
        shots: the whole plan.
        data: the data's folder as seen from that of the table.
    """
    return [TRUTH, *(_truth(shot, data) for shot in shots)]


def _lost(listed: Sequence[Shot]) -> list[Detection]:
    return [
        Detection(
            shot.taken + timedelta(days=1),
            shot.folder,
            f"CHIL - {site_code(shot.site)}-{shot.season.code}_{_LOST_NUMBER + number}.JPG",
            "raccoon",
        )
        for number, shot in enumerate(listed[:_LOST])
    ]


def _truth(shot: Shot, data: str) -> tuple[str, ...]:
    labels = "" if shot.kind in BROKEN else "|".join(shot.labels)
    sequence = f"{site_code(shot.site)}-{shot.season.code}-{shot.sequence:04d}"
    path, site = f"{data}/{shot.path}", site_code(shot.site)
    return path, labels, site, sequence, shot.light, shot.kind.value


def _date(taken: datetime, season: Season) -> str:
    if season.year not in _DATE_FORMS:
        return taken.date().isoformat()
    # `%b` would depend on the locale.
    form = _DATE_FORMS[season.year].replace("%b", _MONTHS[taken.month - 1])
    return taken.strftime(form)
