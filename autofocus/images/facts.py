"""What a photograph tells of itself besides its picture: when, with what, in what light.

All of it follows from the file's content, so that it is known wherever the photograph is, without
a table beside it, and can be kept under a digest of the content.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from autofocus.images.capture import read_capture
from autofocus.images.decoding import decode, open_photograph
from autofocus.images.preparing import NIGHT_TOLERANCE, colourfulness, mean_brightness


@dataclass(frozen=True)
class Facts:
    """What a photograph tells of itself.

    Attributes:
        moment: when it was taken, in ISO form by the camera's clock; empty where it isn't told.
        camera: maker and model; empty likewise.
        night: whether it was taken by infrared light.
        brightness: its mean in grayscale, 0 to 255.
    """

    moment: str
    camera: str
    night: bool
    brightness: float

    @property
    def taken(self) -> datetime | None:
        """When it was taken, if that is told."""
        return datetime.fromisoformat(self.moment) if self.moment else None

    def to_json(self) -> str:
        """Return the facts as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Facts":
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


def observe(path: Path) -> tuple[Image.Image, Facts]:
    """Decode a photograph that is preprocessed already, and take down what it tells.

    Raises:
        RejectedImageError: the file can't be used.
    """
    with open_photograph(path) as photograph:
        capture = read_capture(photograph.image)
        image = decode(photograph)[0]
    moment = f"{capture.date}T{capture.time}" if capture.date else ""
    facts = Facts(
        moment,
        _camera(capture.camera_make, capture.camera_model),
        colourfulness(image) <= NIGHT_TOLERANCE,
        round(mean_brightness(image), 2),
    )
    return image, facts


def _camera(make: str, model: str) -> str:
    # Many models begin with their maker's name.
    return model if model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()
