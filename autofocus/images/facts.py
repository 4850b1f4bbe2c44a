"""The facts about an image by which an evaluation is broken down: time, camera and light.

They follow from the file's content alone, so that they are known without a table beside it and can
be cached by a digest of the content.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from sys import intern

from autofocus.images.capture import READING, is_read
from autofocus.images.preparing import NIGHT_TOLERANCE, colourfulness, mean_brightness
from autofocus.images.reading import DecodedImage

_READING = "reading"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about an image.

    Attributes:
        moment: date and time in ISO format, by the camera's clock; empty if unknown.
        camera: manufacturer and model; empty if unknown.
        night: whether it was taken in infrared light.
        brightness: its mean in greyscale, 0 to 255.
    """

    moment: str
    camera: str
    night: bool
    brightness: float

    @property
    def taken(self) -> datetime | None:
        """Date and time, if known."""
        return datetime.fromisoformat(self.moment) if self.moment else None

    def to_json(self) -> str:
        """Return the facts as JSON text."""
        return json.dumps({**asdict(self), _READING: READING}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Facts":
        """Read the text that `to_json` returned."""
        values = json.loads(text)
        values.pop(_READING, None)
        # Millions of images share a few names of cameras.
        return cls(**{**values, "camera": intern(values["camera"])})


def is_current(text: str) -> bool:
    """Return whether facts that were stored as JSON text would be found again."""
    return is_read(json.loads(text))


def find_facts(decoded: DecodedImage) -> Facts:
    """Return the facts about a preprocessed image."""
    image, capture = decoded.image, decoded.capture
    return Facts(
        capture.moment,
        capture.camera,
        colourfulness(image) <= NIGHT_TOLERANCE,
        round(mean_brightness(image), 2),
    )
