"""What moved on a photograph, and which others that follows from."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autofocus.features.loading import read
from autofocus.features.seeing import moment_of
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, fill_in
from autofocus.images.decoding import RejectedImageError, open_photograph
from autofocus.images.finding import check_name, find_images
from autofocus.images.preparing import Preparation
from autofocus.motion.boxes import Box
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files
from autofocus.runs.journal import Journal, Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.workspace import Workspace


@dataclass(frozen=True)
class Surroundings:
    """What a camera saw before and after each photograph.

    Attributes:
        finder: finds what moved.
        marks: by photograph, what tells whether its file may have been changed.
    """

    finder: MotionFinder
    marks: dict[str, str]

    def box(self, name: str) -> Box:
        """Return where something moved on a photograph."""
        return self.finder.box(name)

    def mark(self, name: str) -> str:
        """Return what tells whether a photograph's neighbours are the same, and unchanged."""
        parts = (f"{other}|{self.marks[other]}" for other in self.finder.neighbours(name))
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def survey(
    indir: Path,
    names: Sequence[str],
    extensions: Collection[str],
    preparation: Preparation | None,
    settings: MotionSettings,
    pattern: LocationPattern,
    workspace: Workspace,
    jobs: int,
) -> Surroundings:
    """Read when every photograph in the folders of those to label was taken.

    Only headers are read, and each file's only once: what was read is kept in the workspace.

    Args:
        indir: the folder below which photographs lie.
        names: the photographs to label; all others beside them are looked at as well.
        extensions: those of photographs.
        preparation: how photographs are made ready, as what moved is looked for on such.
        settings: how what moved is found.
        pattern: finds the location in a name, where a folder holds the frames of several.
        workspace: the stage's memory.
        jobs: how many threads read.
    """
    folders = {name.rpartition("/")[0] for name in names}
    beside = find_images(indir, extensions, allow_empty=True)
    frames = sorted({*names, *(name for name in beside if name.rpartition("/")[0] in folders)})
    outcomes = _read_headers(indir, frames, workspace, jobs)
    known = [
        Frame(name, name, datetime.fromisoformat(moment) if moment else None, pattern.find(name))
        for name, moment, _ in outcomes
    ]
    finder = MotionFinder(fill_in(known), lambda name: read(indir / name, preparation), settings)
    return Surroundings(finder, {name: mark for name, _, mark in outcomes})


def _read_headers(
    indir: Path, names: Sequence[str], workspace: Workspace, jobs: int
) -> list[tuple[str, str, str]]:
    """Return name, moment and mark of each photograph whose header can be read."""
    folder, account = workspace.folder / "headers", workspace.scratch / "headers"
    folder.mkdir(exist_ok=True)
    found = []
    with (
        closing(Journal(folder)) as journal,
        account.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        Progress("reading headers", len(names)) as progress,
    ):
        tasks = ((indir, name, journal.earlier(name)) for name in names)
        for outcome, is_fresh in ordered_map(_read_header, tasks, jobs):
            if is_fresh:
                journal.append(outcome)
            file.write(outcome.to_line())
            progress.advance()
            if outcome.row.reason is None:
                extra = outcome.extra
                mark = f"{extra['bytes']}|{extra['modified_ns']}"
                found.append((outcome.row.input, str(extra["moment"]), mark))
    journal.finish(account)
    return found


def _read_header(task: tuple[Path, str, Outcome | None]) -> tuple[Outcome, bool]:
    indir, name, earlier = task
    path = indir / name
    if earlier is not None and path.is_file() and files.is_unchanged(path, earlier.extra):
        return earlier, False
    try:
        check_name(name)
        with open_photograph(path) as photograph:
            moment = moment_of(photograph)
        return Outcome(Row(name), {**files.stamp(path), "moment": moment}), True
    except RejectedImageError as error:
        return Outcome(rejected(name, error.reason, error.detail)), True
    except FileNotFoundError:
        return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file")), True
