"""A trained model that labels the images of a request, with the preprocessing inside.

It stands on the same functions as `predict`, so that an image has the same label, score and
decision here and there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from autofocus.boxes.box import Box
from autofocus.errors import RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.images.reading import DecodedImage, read_image
from autofocus.localization.finding import BoxFinder, load_detector
from autofocus.model.decision import Prediction
from autofocus.model.distance import is_unknown
from autofocus.model.saved_model import TrainedClassifier
from autofocus.predicting.network import (
    Inputs,
    NetworkScores,
    network_inputs,
    network_scores,
    second_label,
)
from autofocus.predicting.thresholds import with_thresholds
from autofocus.runs.ledger import Reason
from autofocus.serving.results import ImageFile, ImageResult

# Images are given to the network up to this many at a time.
BATCH = 32


class ImageClassifier:
    """Labels images, original ones as cameras write them.

    Args:
        folder: the model, as written by `retrain`.
        precision: accept predictions from the thresholds on that ensure this precision; None for
            the model's own thresholds.
        thresholds: of labels, such as ``raccoon=0.8``.

    Raises:
        MissingInputError: there is no model, or its detector's weights are missing.
        InputDataError: it was not made by `retrain`.
        SettingError: the model can't have these thresholds; or it needs another detector.
        MissingDependencyError: it needs a detector, and the package that runs it is missing.
    """

    def __init__(
        self, folder: Path, precision: float | None = None, thresholds: Sequence[str] = ()
    ) -> None:
        self._classifier = TrainedClassifier(folder)
        self.description = with_thresholds(
            self._classifier.description, precision, tuple(thresholds)
        )
        self._detector = load_detector(self.description.boxes.detector)

    def classify(self, images: Sequence[ImageFile]) -> list[ImageResult]:
        """Return the prediction for each image, or why there is none.

        A model that needs the box around motion finds it by comparing an image with those of the
        same camera in the request. An image by itself is used as a whole frame, as `predict` uses
        an image that has no neighbours. The detector's boxes need no other image; those that come
        again and again are recognised among the images of the same camera in the request.
        """
        with TemporaryDirectory(prefix="autofocus-") as folder:
            decoded = [self._read(image, Path(folder)) for image in images]
        readable = {
            number: one for number, one in enumerate(decoded) if isinstance(one, DecodedImage)
        }
        boxes = self._boxes(images, readable)
        inputs = [
            network_inputs(one.image, boxes.get(number), self.description)
            for number, one in readable.items()
        ]
        scores = dict(zip(readable, self._scores(inputs), strict=True))
        results = []
        for number, (image, one) in enumerate(zip(images, decoded, strict=True)):
            if isinstance(one, RejectedImageError):
                results.append(ImageResult(image.name, str.__str__(one.reason), one.detail))
            else:
                results.append(self._result(image.name, scores[number], boxes.get(number)))
        return results

    def _read(self, image: ImageFile, folder: Path) -> DecodedImage | RejectedImageError:
        path = image.content
        if isinstance(path, bytes):
            # A file, as an image is read in one way only.
            path = folder / "image"
            path.write_bytes(image.content)  # type: ignore[arg-type]
        try:
            return read_image(path, self.description.preparation)
        except RejectedImageError as error:
            return error
        except FileNotFoundError:
            return RejectedImageError(Reason.IMAGE_MISSING, "there is no such file")

    def _boxes(
        self, images: Sequence[ImageFile], readable: Mapping[int, DecodedImage]
    ) -> dict[int, Box]:
        """Return the box of each image; none for a model that needs none."""
        settings = self.description.boxes
        if not settings:
            return {}
        # By number, as names such as 100RECNX would be taken for folders of one camera.
        cameras: dict[str, int] = {}
        names = {}
        for number in readable:
            camera = images[number].camera
            folder = f"camera-{cameras.setdefault(camera, number)}" if camera else f"{number}"
            names[f"{folder}/{number:06}"] = number
        frames = [Frame(name, name, _moment(readable[number])) for name, number in names.items()]
        finder = BoxFinder(
            frames, lambda name: readable[names[name]].image, settings, self._detector
        )
        return {number: finder.box(name) for name, number in names.items()}

    def _scores(self, inputs: Sequence[Inputs]) -> list[NetworkScores]:
        batches = [inputs[start : start + BATCH] for start in range(0, len(inputs), BATCH)]
        return [
            scores
            for batch in batches
            for scores in network_scores(self._classifier, batch, len(batch))
        ]

    def _result(self, name: str, scores: NetworkScores, box: Box | None) -> ImageResult:
        prediction = self._predict(scores)
        label, score = second_label(self.description.labels, scores.probabilities)
        return ImageResult(
            name,
            label=prediction.label,
            score=prediction.score,
            decision=prediction.decision,
            review_reason=prediction.review_reason,
            second_label=label,
            second_score=score,
            box=box,
        )

    def _predict(self, scores: NetworkScores) -> Prediction:
        limit = self.description.unknown_distance
        unknown = None
        if scores.distance is not None:
            unknown = is_unknown(np.array([scores.distance]), limit)
        probabilities = np.array([scores.probabilities])
        (prediction,) = self.description.decision_rule.predict(probabilities, unknown)
        return prediction


def _moment(image: DecodedImage) -> datetime | None:
    moment = image.capture.moment
    return datetime.fromisoformat(moment) if moment else None
