"""Label images with a trained model.

python autofocus/predict.py --saved_model_dir data/model --indir new_photos --outpath labels.csv
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from autofocus.features.views import MOST_VIEWS, note_views
from autofocus.grouping.events import DEFAULT_GAP_MIN
from autofocus.grouping.locations import LocationPattern
from autofocus.images.names import DEFAULT_EXTENSIONS, FREE
from autofocus.images.preparing import Preparation
from autofocus.localization.finding import ObjectDetector
from autofocus.localization.from_file import FileDetector
from autofocus.model.decision import ACCEPT, REVIEW
from autofocus.model.description import Description
from autofocus.model.saved_model import TrainedClassifier, digest_model
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    IMAGES,
    LIMITS,
    describe,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.predicting.blurring import FOLDER, blur_images, blurred_beside
from autofocus.predicting.boxes_from import open_detector, read_file_boxes
from autofocus.predicting.event_table import events_beside
from autofocus.predicting.inputs import find_inputs, find_rejected
from autofocus.predicting.known import Known, add_locations, read_known
from autofocus.predicting.neighbours import Neighbours, find_neighbours
from autofocus.predicting.people import PeopleRule
from autofocus.predicting.predictor import Predictor
from autofocus.predicting.preparations import choose_preparation, complete_preparation
from autofocus.predicting.skipping import EmptySkip
from autofocus.predicting.table import PredictionTable
from autofocus.predicting.thresholds import missing_evidence, parse_thresholds, with_thresholds
from autofocus.predicting.training_images import read_training_images
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.ledger import Counts, Reason, ledger_beside
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.sharding import Shard
from autofocus.runs.wording import plural
from autofocus.runs.workspace import Workspace

NAME = "predict"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 2
# The table in a folder that is given as outpath.
PREDICTIONS_NAME = "predictions.csv"
# So many digits of the model's digest identify it in the table.
MODEL_DIGITS = 12


@dataclass(frozen=True)
class PredictSettings:
    """The options of `predict`."""

    table: Path | None = option(
        None,
        "label only the images in the column filepath of this table; paths are absolute or "
        "relative to the table's folder, and below --indir; columns `location` and `sequence` are "
        "used if it has them",
        metavar="CSV",
        group=IMAGES,
    )
    locations: Path | None = option(
        None,
        "table with the columns filepath and `location`, such as detections_clean.csv, for the "
        "column `location`; new images have the location of the others in their camera's folder",
        affects_output=False,  # the table is made anew by every run
        metavar="CSV",
        group=IMAGES,
    )
    boxes_from: Path | None = option(
        None,
        "MegaDetector results (JSON) of the images, for a model that was trained with them",
        affects_output=False,  # predictions with other boxes are made anew
        metavar="JSON",
        group=IMAGES,
    )
    shard: str | None = option(
        None,
        "label only shard I of N, counted from 0; a folder's images stay together, so that shards "
        "may differ in size",
        metavar="I/N",
        group=IMAGES,
    )
    extensions: tuple[str, ...] = option(
        DEFAULT_EXTENSIONS,
        "extensions of image files, in upper or lower case",
        affects_output=False,
        metavar="EXT",
        group=IMAGES,
    )
    photographs: Literal["auto", "raw", "preprocessed"] = option(
        "auto",
        "raw images are preprocessed as the model's training images were; auto: raw, unless the "
        "folder holds the preparation.json of preprocess_images",
        group=IMAGES,
    )
    views: int = option(
        0,
        "number of views of an image, mirrored and enlarged ones, whose scores are averaged "
        f"(1 to {MOST_VIEWS}; 0: as the model was evaluated); each takes the time of one",
        affects_output=False,  # predictions from other views are made anew
        metavar="N",
        group="decisions",
    )
    probabilities: bool = option(
        False, "write the probability of each label in columns probability_<label>", group="output"
    )
    precision: float = option(
        0.0,
        "accept predictions from the thresholds on that ensure this precision (0: the model's "
        "thresholds)",
        affects_output=False,  # decisions are made anew from the probabilities by every run
        metavar="SHARE",
        group="decisions",
    )
    threshold: tuple[str, ...] = option(
        (),
        "accept predictions of a label from this probability on, such as raccoon=0.8",
        affects_output=False,
        metavar="LABEL=SHARE",
        group="decisions",
    )
    skip_empty_below: float = option(
        0.0,
        "label images empty, without review, whose animal_score is below this (0 to below 1; 0: "
        "none); the summary tells the share of animals that this missed among the test images",
        affects_output=False,  # labels are made anew from the probabilities by every run
        metavar="SCORE",
        group="decisions",
    )
    include_labelled: bool = option(
        False,
        "also label the images that the model was trained, validated or tested with",
        group=IMAGES,
    )
    event_gap: float = option(
        DEFAULT_GAP_MIN,
        "longest time between two images of one event: images of a camera with the same label",
        metavar="MINUTES",
        group="output",
    )
    people: Literal["keep", "drop", "blur"] = option(
        "keep",
        "images on which people are predicted, be it with a low score: keep them in the table, "
        "drop them from it, or write copies of them into the folder people_blurred, in which the "
        "boxes of the detector or of motion are blurred, and all of an image that has none; a "
        "detector may overlook people beside those that it finds",
        group="output",
    )
    allow_empty: bool = option(
        False,
        "succeed if there are no images, as in an empty shard",
        affects_output=False,
        group=LIMITS,
    )
    batch: int = option(
        32,
        "images per batch; more may be faster on a GPU",
        affects_output=False,
        metavar="N",
        group=LIMITS,
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs", "event_gap")
        require(
            0 <= self.views <= MOST_VIEWS,
            f"views must be a number from 0 to {MOST_VIEWS}, not {self.views}.",
        )
        require(self.batch >= 1, f"batch must be at least 1, not {self.batch}.")
        require_share("max_rejected", self.max_rejected)
        require(
            0 <= self.precision < 1,
            f"precision must be from 0 to below 1, not {self.precision}: no number of images can "
            "ensure 1.",
        )
        require(
            0 <= self.skip_empty_below < 1,
            f"skip_empty_below must be from 0 to below 1, not {self.skip_empty_below}: at 1, all "
            "images would be labelled empty.",
        )
        parse_thresholds(self.threshold)
        if self.shard is not None:
            Shard.parse(self.shard)

    @property
    def part(self) -> Shard | None:
        """The shard to label."""
        return None if self.shard is None else Shard.parse(self.shard)


@dataclass(frozen=True)
class PredictResult(StageResult):
    """The summary of `predict`.

    Attributes:
        predictions: the table of predictions.
        events: the table of events.
        labels: the number of images per label.
        decisions: the number of images per decision; empty without thresholds.
        sequence_decisions: the number of sequences per decision; empty without thresholds for
            sequences.
    """

    predictions: Path = Path()
    events: Path = Path()
    labels: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[str, int] = field(default_factory=dict)
    sequence_decisions: Mapping[str, int] = field(default_factory=dict)


def predict(
    saved_model_dir: Path,
    indir: Path,
    outpath: Path,
    settings: PredictSettings = PredictSettings(),
) -> PredictResult:
    """Label every image below a folder, every sequence and every event.

    Writes a table with one row per image, readable or not: its path (relative to the table's
    folder), its label and score, whether a person must review it, the label and score of its
    sequence, when and where it was taken, and its event. Beside it, a table has one row per event.
    It can be stopped at any moment; started again, it continues. Predictions of another model are
    made anew.

    Images that the model was trained, validated or tested with have labels already. They are
    recognised by their content and left out, unless `settings.include_labelled` is true or a
    single image is given.

    Args:
        saved_model_dir: the model, as written by `retrain`.
        indir: the folder of the images, raw or preprocessed, or a single image; it is only read.
        outpath: the table to write, or a folder for `predictions.csv`.
        settings: which images to label, and how.

    Raises:
        MissingInputError: the model, the table of images or the images are missing; or the model
            needs a detector whose weights are, or boxes of a file that is.
        MissingDependencyError: the package that runs the detector is missing.
        InputDataError: the images were preprocessed in another way than the model's, or the table
            names an image elsewhere.
        SettingError: people can't be dropped or blurred, as the model has no label of people; or
            the model needs a file of boxes, or takes none.
        OutputConflictError: `outpath` was begun with other settings, or is in use; or the blurred
            copies would lie among the images.
        TooManyRejectedError: too many images can't be used; all others are labelled nevertheless.
    """
    outpath = outpath / PREDICTIONS_NAME if outpath.is_dir() else outpath
    single, folder = (indir, indir.parent) if indir.is_file() else (None, indir)
    ledger, events = ledger_beside(outpath), events_beside(outpath)
    read = [single, settings.table, settings.locations, settings.boxes_from]
    check_outputs([outpath, ledger, events], [outpath.parent], read)
    is_raw = settings.photographs == "raw"
    rejected = {} if is_raw else find_rejected(folder, settings.extensions)
    listing = find_inputs(
        folder,
        settings.extensions,
        single=single,
        table=settings.table,
        shard=settings.part,
        rejected=rejected,
        allow_empty=settings.allow_empty,
    )
    names = listing.names
    known = add_locations(read_known(settings.table, folder), names, settings.locations)
    classifier = TrainedClassifier(saved_model_dir)
    views = settings.views or classifier.description.views
    has_other_views = views != classifier.description.views
    classifier.use_views(views)
    detector = open_detector(classifier.description, settings.boxes_from)
    digest = digest_model(saved_model_dir)
    description = with_thresholds(
        classifier.description, settings.precision or None, settings.threshold
    )
    preparation = choose_preparation(description.preparation, folder, settings.photographs)
    preparation, found = complete_preparation(
        preparation, folder, settings.extensions, settings.jobs or cores()
    )
    if settings.boxes_from is not None:
        detector, notes = _read_boxes(description, folder, names, preparation, settings)
        found = (*found, *notes)
    people = PeopleRule.of(description) if settings.people != "keep" else None
    blurred = blurred_beside(outpath, folder) if settings.people == "blur" else None
    subfolder = files.relative_to_folder(folder, outpath.parent)
    skip = EmptySkip.of(description, settings.skip_empty_below)
    table = _table(description, digest, names, subfolder, settings, people, known, skip)
    with Workspace(
        outpath.parent, NAME, describe(settings), output=outpath.name, recipe=RECIPE, free=FREE
    ) as workspace:
        predictor = Predictor(
            folder,
            classifier,
            preparation,
            _find_neighbours(
                classifier, detector, folder, names, preparation, settings, workspace
            ),
            rejected,
            settings.batch,
            f"{views} views {digest}" if has_other_views else digest,
            read_training_images(saved_model_dir, preparation),
            # Who names one image wants to know what the model makes of it.
            settings.include_labelled or single is not None,
            people if settings.people == "drop" else None,
        )
        counts = process(
            predictor.items(names),
            workspace,
            ledger,
            tables=[table.at(outpath), table.events_at(events)],
            jobs=settings.jobs or cores(),
        )
    if blurred is not None:
        jobs = settings.jobs or cores()
        blur_images(folder, table.with_people, blurred, jobs, preparation)
    earlier = tuple(rejected[name] for name in names if name in rejected)
    notes = (
        *listing.notes,
        *found,
        *note_views(views),
        *_notes(preparation, table, counts, predictor),
    )
    counts.check(settings.max_rejected, ledger, earlier, notes)
    return PredictResult(
        NAME,
        counts,
        ledger,
        {"predictions": outpath, "events": events},
        notes,
        earlier,
        predictions=outpath,
        events=events,
        labels=table.labels,
        decisions=table.decisions,
        sequence_decisions=table.sequence_decisions,
    )


def _table(
    description: Description,
    digest: str,
    names: list[str],
    subfolder: str,
    settings: PredictSettings,
    people: PeopleRule | None,
    known: Mapping[str, Known],
    skip: EmptySkip | None,
) -> PredictionTable:
    """Return the table to write; `subfolder` is that of the images, relative to the table's."""
    return PredictionTable(
        description,
        names,
        "" if subfolder == "." else f"{subfolder}/",
        digest[:MODEL_DIGITS],
        settings.probabilities,
        settings.event_gap,
        people,
        known,
        skip,
    )


def _read_boxes(
    description: Description,
    indir: Path,
    names: list[str],
    preparation: Preparation | None,
    settings: PredictSettings,
) -> tuple[FileDetector | None, tuple[str, ...]]:
    """Return the detector whose boxes are in a file, and notes on the file."""
    trained = description.detector
    if settings.boxes_from is None or trained is None:
        return None, ()
    read = read_file_boxes(
        settings.boxes_from,
        indir,
        names,
        settings.extensions,
        preparation,
        description.preparation,
    )
    return read, (*read.notes, *read.check_trained_with(trained))


def _find_neighbours(
    classifier: TrainedClassifier,
    detector: ObjectDetector | None,
    indir: Path,
    names: list[str],
    preparation: Preparation | None,
    settings: PredictSettings,
    workspace: Workspace,
) -> Neighbours | None:
    """Return the neighbours of the images if the model needs boxes."""
    description = classifier.description
    if not description.boxes:
        return None
    return find_neighbours(
        indir,
        names,
        settings.extensions,
        preparation,
        description.boxes,
        LocationPattern(description.location_pattern),
        workspace,
        settings.jobs or cores(),
        detector,
    )


def _notes(
    preparation: Preparation | None, table: PredictionTable, counts: Counts, predictor: Predictor
) -> tuple[str, ...]:
    notes = ["images were used as they are" if preparation is None else "raw images"]
    if predictor.earlier_models:
        earlier = ", ".join(sorted(model[:MODEL_DIGITS] for model in predictor.earlier_models))
        notes.append(f"predictions of another model ({earlier}) were made anew by {table.model}")
    if labelled := counts.reasons[Reason.LABELLED.value]:
        others = "all images" if labelled == counts.inputs else plural(labelled, "image")
        notes.append(
            f"left out, as the model was trained or evaluated with their labels: {others} "
            "(--include-labelled labels them, too)"
        )
    if people := counts.reasons[Reason.PEOPLE.value]:
        notes.append(f"left out, as people are predicted on them: {plural(people, 'image')}")
    if table.skip is not None:
        notes.append(table.skip.describe(table.skipped.total(), table.labels.total()))
    if table.with_people:
        notes.append(
            f"people are predicted on {plural(len(table.with_people), 'image')}; blurred copies "
            f"are in {FOLDER}"
        )
    if table.description.thresholds:
        accepted, review = table.decisions[ACCEPT], table.decisions[REVIEW]
        notes.append(
            f"{accepted:,} accepted, {review:,} for review ({table.description.threshold_target})"
        )
        notes += missing_evidence(table.description)
    notes += _sequence_notes(table)
    return tuple(notes)


def _sequence_notes(table: PredictionTable) -> tuple[str, ...]:
    """Return how many sequences are accepted, and how many images that spares."""
    sequences, images = table.sequence_decisions, table.images_in_sequences
    if not sequences:
        return ()
    accepted = f"{plural(sequences[ACCEPT], 'sequence')} accepted"
    review = f"{sequences[REVIEW]:,} for review ({plural(images[REVIEW], 'image')})"
    return (f"by sequence: {accepted} ({plural(images[ACCEPT], 'image')}), {review}",)


COMMAND = Command(
    name=NAME,
    summary="Label images with a trained model.",
    example=f"autofocus {NAME} --saved_model_dir data/model --indir photos --outpath labels.csv",
    function=predict,
    arguments=(
        Argument("saved_model_dir", "the model's folder, as written by retrain"),
        Argument("indir", "the folder of the images, or a single image"),
        Argument("outpath", "the table to write, or a folder for predictions.csv"),
    ),
    settings=PredictSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
