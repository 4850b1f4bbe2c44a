"""What `retrain` trains on: images, or embeddings in their place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from autofocus.embeddings.checking import check_needs
from autofocus.embeddings.computing import Needs
from autofocus.embeddings.extraction import EmbeddedExtractor
from autofocus.embeddings.places import find_places
from autofocus.embeddings.reading import Embeddings
from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.backbones import Backbone
from autofocus.features.distortions import Distortions
from autofocus.features.embedding_cache import NOTES_NAME, EmbeddingCache, NoteCache
from autofocus.features.extraction import Extractor
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.labels.classes import Classes, find_classes, find_listed_classes
from autofocus.localization.finding import ObjectDetector, RecordedDetector
from autofocus.localization.from_file import FileDetector, read_boxes, rows_of_copies
from autofocus.retrain_settings import RetrainSettings
from autofocus.runs.parallel import cores
from autofocus.splits.images import Origin, read_origins
from autofocus.tables.columns import LINKS_NAME
from autofocus.tables.links import read_links
from autofocus.training.candidates import views_to_try
from autofocus.training.detectors import load_detector_of
from autofocus.training.frames import EmbeddedFiles, FrameFiles


@dataclass(frozen=True)
class Inputs:
    """What is known of the images before any is read.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        classes: the labels and their images.
        origins: of `read_origins`.
        preparation: how the images were prepared; None if unknown.
        files: of the frames that boxes are found in.
        detector: for the views that need it; None if there is none.
        notes: what people should know.
        embeddings: that take the images' place; None if images are read.
        places: the name of each image in the embeddings.
    """

    image_dir: Path
    classes: Classes
    origins: Mapping[str, Origin]
    preparation: Preparation | None
    files: FrameFiles
    detector: ObjectDetector | None
    notes: tuple[str, ...]
    embeddings: Embeddings | None = None
    places: Mapping[str, str] = field(default_factory=dict)

    def check(self, backbone: Backbone, settings: RetrainSettings) -> None:
        """Check that the embeddings have what a training needs.

        Raises:
            SettingError: they lack something.
            MissingInputError: the images are needed as well, and are not there.
        """
        if self.embeddings is None:
            return
        first = self.image_dir / next(iter(self.classes.files))
        if settings.fine_tune_layers and not first.is_file():
            raise MissingInputError(
                f"{first} is not there: fine_tune_layers needs the images beside the embeddings. "
                "Give an image_dir with them, or set fine_tune_layers to 0."
            )
        has_detector = self.detector is not None
        needs = Needs(
            views_to_try(settings.view, with_detector=has_detector),
            self.detector,
            distortions_of(settings),
            settings.distorted_copies,
            settings.views,
            settings.weight_by_motion,
        )
        folder, description = self.embeddings.folders[0], self.embeddings.description
        check_needs(folder, description, backbone, needs, settings.location_pattern)

    @contextmanager
    def extractor(
        self, backbone: Backbone, cache_folder: Path, settings: RetrainSettings
    ) -> Iterator[Extractor]:
        """Yield what computes the features of the images, or takes them from embeddings.

        Args:
            backbone: computes the embeddings.
            cache_folder: of the embedding cache; it isn't made where embeddings are given.
            settings: of the training.
        """
        jobs = settings.jobs or cores()
        if self.embeddings is not None:
            yield EmbeddedExtractor(
                self.image_dir,
                backbone,
                self.embeddings,
                jobs,
                self.embeddings,
                embeddings=self.embeddings,
                places=self.places,
            )
            return
        name, digest, size = backbone.name, backbone.digest, backbone.feature_size
        with (
            EmbeddingCache(cache_folder, name, digest, size) as cache,
            NoteCache(cache_folder / NOTES_NAME) as notes,
        ):
            yield Extractor(
                self.image_dir,
                backbone,
                cache,
                jobs,
                notes,
                whole_frames=settings.view in ("full", "both", "auto"),
                detector=None if isinstance(self.detector, FileDetector) else self.detector,
            )


@contextmanager
def opened(image_dir: Path, settings: RetrainSettings) -> Iterator[Inputs]:
    """Yield what a training is on; embeddings stay open within the block.

    Args:
        image_dir: a folder of images, or of links to them, per label.
        settings: of the training.

    Raises:
        MissingInputError: `image_dir` or a folder of embeddings doesn't exist or has no images;
            the view needs a detector whose weights are missing; or there is no file of its boxes.
        MissingDependencyError: the view needs a detector, and its package is missing.
        InputDataError: there is only one class; a file is damaged or gives no boxes of these
            images; or images are not in the embeddings.
    """
    if settings.embeddings:
        with Embeddings(settings.embeddings) as embeddings:
            yield _of_embeddings(image_dir, settings, embeddings)
    else:
        yield _of_images(image_dir, settings)


def _of_images(image_dir: Path, settings: RetrainSettings) -> Inputs:
    classes = find_classes(image_dir)
    preparation = _read_preparation(image_dir, settings.preparation_path)
    origins = read_origins(image_dir)
    frame_files = FrameFiles(image_dir, classes.files, origins)
    detector, notes = _load_detector(frame_files, preparation, settings)
    return Inputs(image_dir, classes, origins, preparation, frame_files, detector, notes)


def _of_embeddings(image_dir: Path, settings: RetrainSettings, embeddings: Embeddings) -> Inputs:
    classes = find_listed_classes(image_dir)
    description = embeddings.description
    paths = {row.link: row.filepath for row in read_links(image_dir / LINKS_NAME)}
    places = find_places(paths, embeddings.images, embeddings.folders)
    origins = {
        link: replace(origin, original=places[link])
        for link, origin in read_origins(image_dir).items()
    }
    preparation = _read_preparation(image_dir, settings.preparation_path)
    if preparation and description.preparation and preparation != description.preparation:
        raise InputDataError(
            f"The images in {embeddings.folders[0]} were prepared in another way than {image_dir} "
            f"says ({PREPARATION_NAME}): run preprocess_images, embed and link_images_by_label on "
            "the same images."
        )
    found = description.detector
    return Inputs(
        image_dir,
        classes,
        origins,
        preparation or description.preparation,
        EmbeddedFiles(image_dir, classes.files, origins, embeddings, places),
        RecordedDetector(found) if found else None,
        (),
        embeddings,
        places,
    )


def _load_detector(
    frames: FrameFiles, preparation: Preparation | None, settings: RetrainSettings
) -> tuple[ObjectDetector | None, tuple[str, ...]]:
    """Return the detector if the view may need it, and notes on it."""
    if settings.boxes_from is None:
        return load_detector_of(settings.view)
    read = read_boxes(
        settings.boxes_from,
        frames.originals,
        rows_of_copies(
            frames.copies, are_cropped=preparation is not None and preparation.is_cropping
        ),
    )
    return read, read.notes


def _read_preparation(image_dir: Path, given: Path | None) -> Preparation | None:
    path = given or image_dir / PREPARATION_NAME
    if path.is_file():
        return Preparation.from_file(path)
    if given:
        raise MissingInputError(f"There is no file {given} (preparation_path).")
    return None


def distortions_of(settings: RetrainSettings) -> Distortions:
    """Return how training images are distorted."""
    names = [one.name for one in fields(Distortions)]
    return Distortions(**{name: getattr(settings, name) for name in names})
