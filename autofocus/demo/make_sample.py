"""Make a synthetic data set of images and detection tables, in the layout of the zoo's data.

python autofocus/demo/make_sample.py data/sample
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.demo.synthetic.image_files import file_bytes
from autofocus.demo.synthetic.notes import OUTER_README, README, archive
from autofocus.demo.synthetic.plan import SEASONS, Shot, make_plan
from autofocus.demo.synthetic.tables import detection_table, truth_table
from autofocus.options.command import Argument, Command
from autofocus.options.settings import describe, jobs_option, option, require, require_not_negative
from autofocus.runs import files
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.items import process
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Row
from autofocus.runs.making import Items
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import Workspace

NAME = "make_sample"
# Raised with every change that makes other outputs of the same settings.
RECIPE = 1
BUCKET = "bucket"
DATA = f"{BUCKET}/lpz_data"
# Raise it with every change of the drawings or the plan: a folder of an earlier version is then
# rejected, because old and new files would be mixed.
DRAWING = 1
TRUTH_NAME = "truth.csv"
README_NAME = "README.txt"
ARCHIVE_NAME = "field_notes.tar"
# Fewer sequences can't have every label and every special file.
MIN_SEQUENCES = 9


@dataclass(frozen=True)
class SampleSettings:
    """The options of `make_sample`."""

    seed: int = option(0, "seed of the random numbers", metavar="N")
    sequences: int = option(84, "number of sequences of three images", metavar="N")
    sites: int = option(16, "number of cameras", metavar="N")
    new_sites: int = option(
        0, "number of further cameras, none of whose images has a label yet", metavar="N"
    )
    first_site: int = option(
        0, "number of the first site; other sites have other backgrounds", metavar="N"
    )
    jobs: int = jobs_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "seed", "first_site", "new_sites", "jobs")
        require(
            self.sequences >= MIN_SEQUENCES,
            f"sequences must be {MIN_SEQUENCES} or more, to show every label, "
            f"but is {self.sequences}.",
        )
        require(self.sites >= 1, f"sites must be 1 or more, but is {self.sites}.")


# That of `make run` and `make run-docker`: enough locations for thresholds, and new ones whose
# images are the ones to label.
DEMO_SAMPLE = SampleSettings(sequences=112, sites=16, new_sites=4)


@dataclass(frozen=True)
class SampleResult(StageResult):
    """The result of `make_sample`.

    Attributes:
        bucket: the folder to upload to an object store.
        truth: the table of what each file really shows.
    """

    bucket: Path = Path(BUCKET)
    truth: Path = Path(TRUTH_NAME)


def make_sample(folder: Path, settings: SampleSettings = SampleSettings()) -> SampleResult:
    """Make a synthetic data set; it is deterministic.

    Writes `bucket/` (images, detection tables, a text that says that all is synthetic, a small tar
    file), and beside it `truth.csv`, `README.txt` and `ledger.csv`. It can be stopped at any time;
    started again, it does what is left.

    Args:
        folder: the output folder.
        settings: the size of the data set.

    Raises:
        OutputConflictError: `folder` was begun with other settings, or is in use.
    """
    plan = make_plan(
        settings.seed,
        settings.sequences,
        settings.sites,
        settings.first_site,
        settings.new_sites,
    )
    ledger = folder / LEDGER_NAME
    check_outputs([ledger, *_text_paths(folder)], [folder])
    memory = describe(settings) | {"drawing": DRAWING}
    with Workspace(folder, NAME, memory, recipe=RECIPE) as workspace:
        workspace.claim([ledger, *_text_paths(folder)], ledger)
        _write_texts(folder, workspace.scratch, plan)
        maker = _Maker(folder, workspace.scratch, settings.seed)
        counts = process(maker.items(plan), workspace, ledger, jobs=settings.jobs or cores())
    bucket, truth = folder / BUCKET, folder / TRUTH_NAME
    outputs = {"bucket": bucket, "truth": truth}
    notes = ("everything in it is synthetic; some files are broken on purpose",)
    return SampleResult(NAME, counts, ledger, outputs, notes, bucket=bucket, truth=truth)


@dataclass(frozen=True)
class _Maker:
    """Makes one file of the data set."""

    folder: Path
    scratch: Path
    seed: int

    def items(self, plan: Sequence[Shot]) -> Items[Shot]:
        """Return all files, and how to make each."""
        return Items(
            plan,
            name=_path,
            work=self._work,
            is_whole=lambda *_: True,
            outputs=lambda shot: [self.folder / _path(shot)],
        )

    def _work(self, shot: Shot) -> Product:
        name = _path(shot)
        final = self.folder / name
        unfinished = files.unfinished_path(final, self.scratch)
        files.write_bytes(unfinished, file_bytes(shot, self.seed))
        return Product(Outcome(Row(name, output=name)), (OutputFile(final, unfinished),))


def _path(shot: Shot) -> str:
    return f"{DATA}/{shot.path}"


def _text_paths(folder: Path) -> list[Path]:
    tables = [folder / DATA / f"detections_{season.year}.csv" for season in SEASONS]
    texts = [folder / README_NAME, folder / BUCKET / README_NAME, folder / BUCKET / ARCHIVE_NAME]
    return [*texts, *tables, folder / TRUTH_NAME]


def _write_texts(folder: Path, scratch: Path, plan: Sequence[Shot]) -> None:
    """Write all files but the images, anew each time, because they are small."""
    files.write_text(folder / README_NAME, OUTER_README, scratch)
    files.write_text(folder / BUCKET / README_NAME, README, scratch)
    with files.whole_file(folder / BUCKET / ARCHIVE_NAME, scratch) as unfinished:
        unfinished.write_bytes(archive())
    for season in SEASONS:
        table = detection_table(plan, season)
        _write_table(folder / DATA / f"detections_{season.year}.csv", table, scratch)
    _write_table(folder / TRUTH_NAME, truth_table(plan, DATA), scratch)


def _write_table(final: Path, rows: Sequence[Sequence[str]], scratch: Path) -> None:
    columns, *cells = rows
    with files.whole_file(final, scratch) as unfinished, CsvWriter(unfinished, columns) as writer:
        writer.write_all(cells)


COMMAND = Command(
    name=NAME,
    summary="Make a synthetic data set: camera-trap images and detection tables.",
    example="autofocus make-sample data/sample",
    function=make_sample,
    arguments=(Argument("folder", "output folder", positional=True),),
    settings=SampleSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
