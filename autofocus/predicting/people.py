"""Images on which people are predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autofocus.boxes.box import Box
from autofocus.errors import SettingError
from autofocus.labels.kinds import PEOPLE_PROBABILITY, matching_labels
from autofocus.model.description import Description
from autofocus.predicting.detections import to_box


@dataclass(frozen=True)
class PeopleRule:
    """Decides whether people are predicted on an image.

    Attributes:
        columns: the numbers of the labels of people among the probabilities.
    """

    columns: tuple[int, ...]

    @classmethod
    def of(cls, description: Description) -> "PeopleRule":
        """Return the rule of a model.

        Raises:
            SettingError: the model has no label of people.
        """
        people = matching_labels(description.labels, description.human_labels)
        if not people:
            raise SettingError(
                "people: the model has no label of people "
                f"({', '.join(description.human_labels)}), only {', '.join(description.labels)}, "
                "so it can't recognise them: use --people keep, or a model that has."
            )
        return cls(tuple(description.labels.index(label) for label in people))

    def probability(self, probabilities: Sequence[float]) -> float:
        """Return the highest probability of a label of people, 0 to 1.

        Args:
            probabilities: of one image, shape (C,).
        """
        return max(probabilities[column] for column in self.columns)

    def shows_people(self, probabilities: Sequence[float]) -> bool:
        """Return whether people are predicted, be it with a low score.

        They are if the most probable label is one of people, or its probability is at least 0.1.

        Args:
            probabilities: of one image, shape (C,).
        """
        own = self.probability(probabilities)
        return own >= PEOPLE_PROBABILITY or own == max(probabilities)


def boxes_to_blur(extra: Mapping[str, Any], threshold: float) -> tuple[Box, ...]:
    """Return the boxes that may hold people on an image, on which people are predicted.

    They are that of the motion and all of the detector's, however uncertain. If none of them is
    certain, people may be elsewhere.

    Args:
        extra: what `predict` knows of the image: `box`, and `detections` with a detector.
        threshold: the confidence from which a detector's box is certain.

    Returns:
        Empty if all of the image is to be blurred.
    """
    detections = [to_box(numbers) for numbers in extra.get("detections", ())]
    found = [Box.from_json(extra["box"])] if extra.get("box") else []
    found = [box for box in found if box.is_found]
    if not found and not any(box.score >= threshold for box in detections):
        return ()
    return tuple(dict.fromkeys((*found, *detections)))
