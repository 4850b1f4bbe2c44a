"""The detector that the views to try may need."""

from autofocus.detector.settings import DetectorSettings
from autofocus.errors import MissingDependencyError, MissingInputError
from autofocus.features.choices import ViewChoice
from autofocus.features.crop import needs_detector
from autofocus.localization.finding import ObjectDetector, load_detector


def load_detector_of(view: ViewChoice) -> tuple[ObjectDetector | None, tuple[str, ...]]:
    """Return the detector if a view may need it, and notes on it.

    Args:
        view: what the classifier sees; with `auto`, the views that need a detector are left out if
            there is none.

    Raises:
        MissingInputError: the view needs it, and its weights are missing.
        MissingDependencyError: the view needs it, and the package that runs it is missing.
        InputDataError: its weights are damaged.
    """
    if view != "auto":
        return load_detector(DetectorSettings() if needs_detector(view) else None), ()
    try:
        return load_detector(DetectorSettings()), ()
    except (MissingInputError, MissingDependencyError) as error:
        return None, (f"auto did not try the views detector and combined: {error}",)
