"""Label images with a trained model.

python autofocus/predict.py --saved_model_dir data/model --indir new_photos --outpath labels.csv
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.features.views import note_views
from autofocus.grouping.locations import LocationPattern
from autofocus.images.names import FREE
from autofocus.images.preparing import Preparation
from autofocus.localization.finding import ObjectDetector
from autofocus.localization.from_file import FileDetector
from autofocus.model.decision import ACCEPT, REVIEW
from autofocus.model.description import Description
from autofocus.model.registered import model_text, read_registered
from autofocus.model.saved_model import TrainedClassifier, digest_model
from autofocus.options.settings import (
    describe,
)
from autofocus.predict_settings import COMMAND, PredictSettings
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
from autofocus.predicting.thresholds import missing_evidence, with_thresholds
from autofocus.predicting.training_images import read_training_images
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.ledger import Counts, Reason, ledger_beside
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural
from autofocus.runs.workspace import Workspace
from autofocus.tracking.local_models import local_model

NAME = "predict"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 2
# The table in a folder that is given as outpath.
PREDICTIONS_NAME = "predictions.csv"
# So many digits of the model's digest identify it in the table.
MODEL_DIGITS = 12


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


@dataclass(frozen=True)
class _Model:
    """A model, ready for use.

    Attributes:
        folder: of its files.
        classifier: the network, which averages as many views as asked for.
        description: with the thresholds that were asked for.
        detector: the one that it needs; None for none.
        text: names it in the table: the first digits of its digest, and its registered version.
        key: what predictions are recognised by: those of other views are made anew.
    """

    folder: Path
    classifier: TrainedClassifier
    description: Description
    detector: ObjectDetector | None
    text: str
    key: str


def _open_model(model: Path | str, settings: PredictSettings) -> _Model:
    folder = local_model(model)
    classifier = TrainedClassifier(folder)
    digest, own_views = digest_model(folder), classifier.description.views
    views = settings.views or own_views
    classifier.use_views(views)
    detector = open_detector(classifier.description, settings.boxes_from)
    description = with_thresholds(
        classifier.description, settings.precision or None, settings.threshold
    )
    key = digest if views == own_views else f"{views} views {digest}"
    text = model_text(folder, digest[:MODEL_DIGITS])
    return _Model(folder, classifier, description, detector, text, key)


def predict(
    saved_model_dir: Path | str,
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
        saved_model_dir: the model, as written by `retrain`; or `models:/NAME@ALIAS` or
            `models:/NAME/VERSION`, which is fetched from MLflow's registry.
        indir: the folder of the images, raw or preprocessed, or a single image; it is only read.
        outpath: the table to write, or a folder for `predictions.csv`.
        settings: which images to label, and how.

    Raises:
        MissingInputError: the model, the table of images or the images are missing; or the model
            needs a detector whose weights are, or boxes of a file that is.
        MissingDependencyError: the package that runs the detector is missing, or MLflow.
        StoreError: MLflow's registry can't be used.
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
    model = _open_model(saved_model_dir, settings)
    description, jobs = model.description, settings.jobs or cores()
    preparation = choose_preparation(description.preparation, folder, settings.photographs)
    preparation, found = complete_preparation(preparation, folder, settings.extensions, jobs)
    detector = model.detector
    if settings.boxes_from is not None:
        detector, notes = _read_boxes(description, folder, names, preparation, settings)
        found = (*found, *notes)
    people = PeopleRule.of(description) if settings.people != "keep" else None
    blurred = blurred_beside(outpath, folder) if settings.people == "blur" else None
    subfolder = files.relative_to_folder(folder, outpath.parent)
    skip = EmptySkip.of(description, settings.skip_empty_below)
    table = _table(description, model.text, names, subfolder, settings, people, known, skip)
    with Workspace(
        outpath.parent, NAME, describe(settings), output=outpath.name, recipe=RECIPE, free=FREE
    ) as workspace:
        predictor = Predictor(
            folder,
            model.classifier,
            preparation,
            _find_neighbours(
                model.classifier, detector, folder, names, preparation, settings, workspace
            ),
            rejected,
            settings.batch,
            model.key,
            read_training_images(model.folder, preparation),
            # Who names one image wants to know what the model makes of it.
            settings.include_labelled or single is not None,
            people if settings.people == "drop" else None,
        )
        counts = process(
            predictor.items(names),
            workspace,
            ledger,
            tables=[table.at(outpath), table.events_at(events)],
            jobs=jobs,
        )
    if blurred is not None:
        blur_images(folder, table.with_people, blurred, jobs, preparation)
    earlier = tuple(rejected[name] for name in names if name in rejected)
    notes = (
        *listing.notes,
        *found,
        *_note_version(model.folder),
        *note_views(description.views),
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
    model: str,
    names: Sequence[str],
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
        model,
        settings.probabilities,
        settings.event_gap,
        people,
        known,
        skip,
    )


def _read_boxes(
    description: Description,
    indir: Path,
    names: Sequence[str],
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
    names: Sequence[str],
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


def _note_version(folder: Path) -> tuple[str, ...]:
    registered = read_registered(folder)
    return (f"the model is {registered} in MLflow",) if registered else ()


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


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
