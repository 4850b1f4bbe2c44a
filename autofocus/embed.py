"""Compute what `retrain` needs of images, so that it needs the images no more.

python autofocus/embed.py --image_dir data/preprocessed --outdir data/embeddings
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

from autofocus.embed_settings import COMMAND, EmbedSettings
from autofocus.embeddings.caches import Caches, UsedNotes, take_over, write_caches
from autofocus.embeddings.computing import Computation, Needs
from autofocus.embeddings.description import IMAGES, IMAGES_NAME, RECIPE, Description
from autofocus.embeddings.description import NAME as DESCRIPTION_NAME
from autofocus.embeddings.frames import EmbeddedImage, FolderFrames
from autofocus.errors import OutputConflictError
from autofocus.features.backbones import Backbone, load_backbone
from autofocus.features.distortions import Distortions
from autofocus.features.extraction import Extractor
from autofocus.features.views import note_views
from autofocus.grouping.locations import LocationPattern
from autofocus.images.facts import Facts
from autofocus.images.finding import list_images
from autofocus.images.names import IMAGE_FORMATS, PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.images.unkept import check_kept
from autofocus.localization.finding import ObjectDetector
from autofocus.options.settings import describe
from autofocus.predicting.headers import Header, read_headers
from autofocus.runs import files
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.results import LateTable
from autofocus.runs.workspace import Workspace
from autofocus.training.candidates import views_to_try
from autofocus.training.detectors import load_detector_of

NAME = "embed"


@dataclass(frozen=True)
class EmbedResult(StageResult):
    """The result of `embed`.

    Attributes:
        embeddings: the folder that `retrain` takes.
    """

    embeddings: Path = Path("embeddings")


def embed(image_dir: Path, outdir: Path, settings: EmbedSettings = EmbedSettings()) -> EmbedResult:
    """Compute features, boxes and thumbnails of every image below a folder.

    Writes what `retrain` needs of each image, labelled or not, in place of the image: its
    embeddings, those of crops, distorted copies and views as far as the settings need them, its
    facts, its boxes and a thumbnail; and `images.csv`, `embeddings.json` and `ledger.csv`. It may
    be stopped at any moment; started again it does what is left, with the same bytes as result.

    Args:
        image_dir: a folder of preprocessed images; it is only read.
        outdir: the folder to write to.
        settings: what `retrain` is going to need.

    Raises:
        MissingInputError: `image_dir` doesn't exist or holds no image; or the view needs a
            detector whose weights are missing.
        MissingDependencyError: the view needs a detector, and the package that runs it is missing.
        InputDataError: the weights or `preparation.json` are damaged.
        OutputConflictError: `outdir` was begun with other settings, is in use, holds another file
            in an output's place, or is or holds `image_dir`.
        TooManyRejectedError: too many images were rejected; all others are done.
    """
    return Embedder(settings).embed(image_dir, outdir)


@dataclass(frozen=True)
class Embedder:
    """Embeds one folder after the other, with the same settings.

    Attributes:
        settings: what `retrain` is going to need.
    """

    settings: EmbedSettings

    @cached_property
    def _backbone(self) -> Backbone:
        return load_backbone(self.settings.tfhub_module)

    @cached_property
    def _detector(self) -> tuple[ObjectDetector | None, tuple[str, ...]]:
        return load_detector_of(self.settings.view)

    def embed(self, image_dir: Path, outdir: Path) -> EmbedResult:
        """Embed the images of a folder, see `embed`."""
        settings = self.settings
        if files.inside(outdir, image_dir):
            raise OutputConflictError(
                f"outdir, {outdir}, is or holds image_dir, {image_dir}: give another --outdir."
            )
        ledger, table = outdir / LEDGER_NAME, outdir / IMAGES_NAME
        check_outputs([ledger, table, outdir / DESCRIPTION_NAME], [outdir])
        check_kept(image_dir)
        listing = list_images(
            image_dir, IMAGE_FORMATS, leave_out=[outdir], allow_empty=settings.allow_empty
        )
        preparation = _read_preparation(image_dir)
        detector, notes = self._detector
        with Workspace(outdir, NAME, describe(settings), recipe=RECIPE) as workspace:
            this = _Run(image_dir, outdir, settings, self._backbone, detector, workspace)
            workspace.claim([ledger, table, *this.paths], ledger)
            with ItemRun(workspace, ledger, [LateTable(table, IMAGES, this.rows)]) as run:
                this.embed(listing.inputs, run)
                counts = run.publish()
            this.describe(preparation, counts)
        counts.check(settings.max_rejected, ledger, notes=notes)
        return EmbedResult(
            NAME,
            counts,
            ledger,
            {"embeddings": outdir},
            (*listing.notes, *notes, *note_views(settings.views)),
            embeddings=outdir,
        )


@dataclass(frozen=True)
class _Run:
    """One run of the stage.

    Attributes:
        image_dir: the folder of the images.
        outdir: the folder to write to.
        settings: what is needed.
        backbone: computes the embeddings.
        detector: for the views that need it.
        workspace: the stage's memory.
    """

    image_dir: Path
    outdir: Path
    settings: EmbedSettings
    backbone: Backbone
    detector: ObjectDetector | None
    workspace: Workspace
    _headers: dict[str, Header] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are written beside the tables."""
        caches = self._caches(self.outdir)
        return (*caches.paths, self.outdir / DESCRIPTION_NAME)

    @cached_property
    def _needs(self) -> Needs:
        settings = self.settings
        names = [one.name for one in fields(Distortions)]
        return Needs(
            views_to_try(settings.view, with_detector=self.detector is not None),
            self.detector,
            Distortions(**{name: getattr(settings, name) for name in names}),
            settings.distorted_copies,
            settings.views,
            settings.weight_by_motion,
        )

    def _caches(self, folder: Path) -> Caches:
        backbone = self.backbone
        return Caches(folder, backbone.name, backbone.digest, backbone.feature_size)

    def embed(self, names: Sequence[str], run: ItemRun) -> None:
        """Compute everything in caches of the workspace, and write it when all is known.

        Args:
            names: of the images.
            run: of the stage; its tables are not written here.
        """
        working, jobs = self._caches(self._working), self.settings.jobs or cores()
        take_over(working, self.outdir, self.workspace.scratch)
        with working as caches:
            caches.notes.notes = notes = UsedNotes(caches.notes.notes)
            extractor = Extractor(
                self.image_dir,
                self.backbone,
                caches.embeddings,
                jobs,
                caches.notes,
                whole_frames=self._needs.has_frames,
                detector=self.detector,
                thumbnails=caches.thumbnails,
            )
            outcomes = run.outcomes(extractor.items(names), jobs)
            images = tuple(self._images(outcomes, jobs))
            digests = {image.digest for image in images if not image.reason}
            frames = FolderFrames(self.image_dir, images)
            pattern = LocationPattern(self.settings.location_pattern)
            keys = Computation(extractor, frames, self._needs, pattern).compute()
            self._write(caches, keys, notes.used | digests, digests)

    def _images(self, outcomes: Iterator[Outcome], jobs: int) -> Iterator[EmbeddedImage]:
        """Yield the images whose headers can be read, sorted."""
        images, others = [], {}
        for outcome in outcomes:
            if outcome.row.reason is None:
                images.append(_embedded(outcome))
            else:
                others[outcome.row.input] = outcome
        for header in read_headers(
            self.image_dir, sorted(others), self.workspace, jobs, "frames", with_digests=True
        ):
            self._headers[header.name] = header
            images.append(self._rejected(others[header.name]))
        yield from sorted(images, key=lambda image: image.name)

    def _rejected(self, outcome: Outcome) -> EmbeddedImage:
        row, header = outcome.row, self._headers.get(outcome.row.input)
        digest, moment = (header.digest, header.moment) if header else ("", None)
        reason = row.reason.value if row.reason else ""
        return EmbeddedImage(row.input, digest, moment, reason, row.detail)

    def rows(self, outcomes: Callable[[], Iterator[Outcome]]) -> Iterator[Sequence[str]]:
        """Yield the rows of the table of the images."""
        for outcome in outcomes():
            is_rejected = outcome.row.reason is not None
            yield (self._rejected(outcome) if is_rejected else _embedded(outcome)).to_row()

    def _write(
        self, caches: Caches, keys: Collection[str], notes: Collection[str], digests: set[str]
    ) -> None:
        """Write the rows of these images' embeddings, notes and thumbnails."""
        # Until it is written again, the folder is incomplete.
        (self.outdir / DESCRIPTION_NAME).unlink(missing_ok=True)
        folder = self.workspace.scratch / "written"
        with self._caches(folder) as target:
            write_caches([caches], target, keys, notes, digests)
        for path in target.paths:
            files.put_in_place(path, self.outdir / path.name)

    def describe(self, preparation: Preparation | None, counts: Counts) -> None:
        """Write what the folder holds, when all else is written; the working caches go."""
        needs, backbone = self._needs, self.backbone
        description = Description(
            RECIPE,
            backbone.name,
            backbone.digest,
            backbone.feature_size,
            needs.views,
            needs.motion if needs.has_motion else None,
            self.detector.settings if self.detector else None,
            needs.shape,
            describe(self.settings),
            preparation,
            counts.inputs,
            counts.rejected,
        )
        names = [IMAGES_NAME, *(path.name for path in self._caches(self.outdir).paths)]
        description.write(self.outdir, names, self.workspace.scratch)
        shutil.rmtree(self._working)

    @property
    def _working(self) -> Path:
        return self.workspace.folder / "caches"


def _embedded(outcome: Outcome) -> EmbeddedImage:
    facts = Facts.from_json(outcome.extra["facts"])
    return EmbeddedImage(outcome.row.input, outcome.extra["digest"], facts.taken)


def _read_preparation(image_dir: Path) -> Preparation | None:
    path = image_dir / PREPARATION_NAME
    return Preparation.from_file(path) if path.is_file() else None


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
