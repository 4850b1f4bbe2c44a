"""Date and time of the images of cameras' folders, from their headers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autofocus.errors import RejectedImageError
from autofocus.images.capture import READING, is_read
from autofocus.images.decoding import read_start
from autofocus.images.finding import check_name
from autofocus.images.reading import read_moment
from autofocus.predicting.passes import pass_over
from autofocus.runs import files
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Header:
    """What was read of an image.

    Attributes:
        name: relative to the folder.
        moment: date and time; None if unknown.
        mark: size and time of change of the file.
        digest: the SHA-256 of its content; empty if it was not asked for.
    """

    name: str
    moment: datetime | None
    mark: str
    digest: str


def read_headers(
    folder: Path,
    names: Sequence[str],
    workspace: Workspace,
    jobs: int,
    kind: str = "headers",
    *,
    with_digests: bool = False,
) -> Iterator[Header]:
    """Yield what is read of each image whose header can be read.

    Each file is read only once: what was read is kept in the workspace.

    Args:
        folder: the folder that names are relative to.
        names: of the images, sorted.
        workspace: the stage's memory.
        jobs: the number of worker threads.
        kind: the name of what is kept in the workspace.
        with_digests: whether a digest of the content is needed.
    """
    work = _Reading(folder, with_digests)
    for outcome in pass_over(names, work, workspace, kind, f"reading {kind}", jobs):
        extra = outcome.extra
        if outcome.row.reason is None:
            yield Header(
                outcome.row.input,
                datetime.fromisoformat(extra["moment"]) if extra["moment"] else None,
                f"{extra['bytes']}|{extra['modified_ns']}",
                extra.get("digest", ""),
            )


@dataclass(frozen=True)
class _Reading:
    """Reads the header of an image, unless it is known."""

    folder: Path
    with_digests: bool

    def __call__(self, name: str, earlier: Outcome | None) -> tuple[Outcome, bool]:
        path = self.folder / name
        if earlier is not None and self._is_known(path, earlier):
            return earlier, False
        try:
            check_name(name)
            read_start(path)
            # The stamp first: a file that changes meanwhile is read again by the next run.
            extra = {**files.stamp(path), "moment": read_moment(path), "reading": READING}
            if self.with_digests:
                extra["digest"] = files.digest_file(path)
            return Outcome(Row(name), extra), True
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail)), True
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file")), True

    def _is_known(self, path: Path, earlier: Outcome) -> bool:
        is_whole = "digest" in earlier.extra or not self.with_digests
        return is_whole and files.is_unchanged(path, earlier.extra) and is_read(earlier.extra)
