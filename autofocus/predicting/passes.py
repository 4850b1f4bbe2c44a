"""A pass over images before they are labelled, whose results are kept in the stage's workspace."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from autofocus.runs.journal import Journal, Outcome
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.workspace import Workspace

# Given the name of an image and its earlier outcome, returns its outcome, and whether it is fresh.
Work = Callable[[str, Outcome | None], tuple[Outcome, bool]]


def pass_over(
    names: Sequence[str], work: Work, workspace: Workspace, kind: str, label: str, jobs: int
) -> Iterator[Outcome]:
    """Yield the outcome of each image.

    A pass that is interrupted continues where it was; the outcomes of a complete one are kept.

    Args:
        names: of the images, sorted.
        work: what is done with each.
        workspace: the stage's memory.
        kind: the name of the outcomes' folder in it.
        label: for the progress bar.
        jobs: the number of worker threads.
    """
    folder, account = workspace.folder / kind, workspace.scratch / kind
    folder.mkdir(exist_ok=True)
    with (
        closing(Journal(folder)) as journal,
        account.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        Progress(label, len(names)) as progress,
    ):
        tasks = ((name, journal.earlier(name)) for name in names)
        for outcome, is_fresh in ordered_map(lambda task: work(*task), tasks, jobs):
            if is_fresh:
                journal.append(outcome)
            file.write(outcome.to_line())
            progress.advance()
            yield outcome
    journal.finish(account)
