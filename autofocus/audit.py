"""All inputs of a run by status, stage by stage.

autofocus audit results/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.options.command import Argument, Command
from autofocus.runs.ledger import LEDGER_NAME, Counts, has_ledger_columns, read_ledger
from autofocus.runs.walking import is_never_input
from autofocus.runs.wording import shown
from autofocus.runs.workspace import HIDDEN, list_recorded

NAME = "audit"
# The order in which the stages follow one another, whichever was started again last.
STAGES = (
    "download_images",
    "preprocess_images",
    "clean_detections",
    "link_images_by_label",
    "embed",
    "retrain",
    "predict",
    "export",
    "import_corrections",
    "publish_labels",
)


@dataclass(frozen=True)
class StageSummary:
    """The summary of one stage.

    Attributes:
        stage: its name.
        ledger: the file it was read from.
        counts: its inputs by status.
    """

    stage: str
    ledger: Path
    counts: Counts


@dataclass(frozen=True)
class Audit:
    """The summary of a run.

    Attributes:
        stages: the summary of each stage, in the order of `STAGES`; all others follow.
        unfinished: stages that were stopped, or are running now.
        skipped: files with the name of a ledger that no stage wrote.
    """

    stages: tuple[StageSummary, ...]
    unfinished: tuple[str, ...]
    skipped: tuple[Path, ...] = ()

    def __str__(self) -> str:
        """Return the summary as a table, with the reasons of rejections below it."""
        head = ("stage", "inputs", "ok", "reused", "rejected")
        rows = [(s.stage, *map(str, _numbers(s.counts))) for s in self.stages]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        lines = [_line(row, widths) for row in [head, *rows]]
        for summary in self.stages:
            if summary.counts.reasons:
                why = [f"{reason} {n}" for reason, n in summary.counts.reasons.most_common()]
                lines.append(f"  {summary.stage} rejected: {', '.join(why)}")
                lines.append(f"    see {summary.ledger}")
        lines += [f"  {stage} is not finished: start it again" for stage in self.unfinished]
        lines += [f"  note: {shown(path, 300)} is no stage's ledger" for path in self.skipped]
        return "\n".join(lines)


def _numbers(counts: Counts) -> tuple[int, int, int, int]:
    return counts.inputs, counts.ok, counts.reused, counts.rejected


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first = f"{cells[0]:<{widths[0]}}"
    return "  ".join([first, *(f"{c:>{w}}" for c, w in zip(cells[1:], widths[1:], strict=True))])


def audit(run_dir: Path) -> Audit:
    """Read and count all ledgers of a run.

    Args:
        run_dir: the folder that `autofocus run` wrote, or that of one stage.

    Raises:
        MissingInputError: there is no such folder, or no ledger in it.
        InputDataError: a ledger is incomplete, or names an input twice.
    """
    if not run_dir.is_dir():
        raise MissingInputError(f"There is no folder {run_dir}: give the folder of a run.")
    found = _ledgers(run_dir)
    skipped = tuple(path for path in found if _is_foreign(path))
    summaries = [_summary(path) for path in found if path not in skipped]
    summaries.sort(key=lambda summary: _rank(summary.stage))
    unfinished = tuple(sorted(_unfinished(run_dir), key=lambda name: (_rank(name), name)))
    if not summaries and not unfinished:
        raise MissingInputError(f"{run_dir} holds no {LEDGER_NAME}: no stage has ended there.")
    return Audit(tuple(summaries), unfinished, skipped)


def _rank(name: str) -> int:
    """Return the place of a stage, given its name or that of its memory, in `STAGES`."""
    stage = name.split(".", maxsplit=1)[0].split(" + ", maxsplit=1)[0]
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _ledgers(run_dir: Path) -> list[Path]:
    """Return all ledgers of the folder and of those below it, oldest first."""
    patterns = (LEDGER_NAME, f"*/{LEDGER_NAME}", f"*.{LEDGER_NAME}", f"*/*.{LEDGER_NAME}")
    found = {
        path
        for pattern in patterns
        for path in run_dir.glob(pattern)
        if path.is_file() and not is_never_input(path.relative_to(run_dir).as_posix())
    }
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path))


def _is_foreign(path: Path) -> bool:
    """Tell whether a file of another origin has the name of a ledger."""
    is_own = path.name in list_recorded(path.parent)
    return not is_own and not has_ledger_columns(path)


def _summary(path: Path) -> StageSummary:
    counts, stages, seen = Counts(), set(), set()
    for stage, row in read_ledger(path):
        if row.input in seen:
            raise InputDataError(
                f"{path} names {row.input} twice: it is not the ledger of a stage."
            )
        seen.add(row.input)
        stages.add(stage)
        counts.add(row.status, row.reason)
    return StageSummary(" + ".join(sorted(stages)) or "(no inputs)", path, counts)


def _unfinished(run_dir: Path) -> Iterator[str]:
    for pattern in (f"{HIDDEN}/*", f"*/{HIDDEN}/*"):
        for folder in run_dir.glob(pattern):
            if any(folder.glob("journal*.jsonl")):
                yield folder.name


COMMAND = Command(
    name=NAME,
    summary="Print the numbers of inputs of a run by status, stage by stage.",
    example="autofocus audit results/",
    function=audit,
    arguments=(Argument("run_dir", "the folder of a run", positional=True),),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
