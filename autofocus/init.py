"""Inspect images and tables, and write a parameter file for `autofocus run` that explains itself.

autofocus init images --outpath run.yaml
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.init_settings import COMMAND, InitSettings
from autofocus.inspection.files import fetch_sample, is_bucket, list_folder
from autofocus.inspection.proposal import locate, propose, summarise
from autofocus.inspection.survey import survey
from autofocus.runs import files
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores

NAME = "init"
_HEAD = """\
# Written by autofocus init, from what it found in {source}.
# Each setting is explained; change what you know better. Every option of a stage is a key of its
# section (see autofocus STAGE --help). To check it, and then to run it:
#   autofocus run --params {name} --outdir results --check
#   autofocus run --params {name} --outdir results
"""
# The first line of a file that may be written again, as long as nobody has changed it.
_MARK = "# autofocus init "


@dataclass(frozen=True)
class InitResult:
    """The result of `init`.

    Attributes:
        params: the parameter file.
        notes: what was found, one sentence each.
    """

    params: Path
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Return what was found, and what to do next."""
        notes = [f"  {note}" for note in self.notes]
        command = f"autofocus run --params {self.params} --outdir results"
        return "\n".join([f"{NAME}: wrote {self.params}", *notes, f"  next: {command}"])


def init(source: str, outpath: Path, settings: InitSettings = InitSettings()) -> InitResult:
    """Inspect a folder or a bucket, and write a parameter file for `run`.

    The number of images that are read is bounded, and depends on their names alone. Nothing is
    asked; each choice is explained in a comment.

    Args:
        source: a folder, which is only read, or `s3://bucket/prefix`.
        outpath: the parameter file. One that `init` wrote is replaced unless it was changed.
        settings: how to reach a bucket.

    Raises:
        MissingInputError: the source does not exist, or holds no image.
        OutputConflictError: `outpath` exists and was not written by `init`, or was changed since.
        StoreError: the bucket can't be used.
    """
    check_outputs([outpath], [outpath.parent])
    _check_replaceable(outpath)
    jobs = settings.jobs or cores()
    if is_bucket(source):
        with fetch_sample(
            source,
            settings.endpoint_url,
            settings.no_sign_request,
            jobs,
            request_payer=settings.request_payer,
        ) as data:
            found = survey(data, jobs)
            text = propose(found, "", settings.endpoint_url)
    else:
        folder = Path(source)
        found = survey(list_folder(folder), jobs)
        text = propose(found, locate(folder, outpath.parent))
    head = _HEAD.format(source=_one_line(source), name=_one_line(outpath.name))
    _write(outpath, f"{head}\n{text}")
    return InitResult(outpath, summarise(found))


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _check_replaceable(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not _is_own(path):
        raise OutputConflictError(
            f"{path} exists, and was not written by autofocus init or was changed since: move it "
            "away, or give another --outpath."
        )


def _is_own(path: Path) -> bool:
    """Return whether a file is as `init` wrote it."""
    try:
        mark, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return False
    return mark == _mark(text)


def _mark(text: str) -> str:
    return f"{_MARK}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, f"{_mark(text)}\n{text}", path.parent)


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
