"""Settings of the detector."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MEGADETECTOR_LITE = "megadetector-lite"
# What precedes the name of a detector that others have run, and left its boxes in a file.
FROM_FILE = "megadetector results: "


@dataclass(frozen=True)
class DetectorSettings:
    """How the detector is used; stored with a model, which must see new images the same way.

    Attributes:
        name: of the detector.
        digest: SHA-256 of its weights, and the version of its arithmetic.
        side: of its square input, in pixels.
        threshold: the minimum confidence of a box, 0 to 1.
        overlap: of two boxes that overlap more (intersection over union), the less confident one
            is dropped.
    """

    name: str = MEGADETECTOR_LITE
    digest: str = "31f8690fc62f9d0756f1e8c09b0b02e5ade106173ed0a30743d47c004f88f4e0/1"
    side: int = 416
    threshold: float = 0.2
    overlap: float = 0.45

    @property
    def is_from_file(self) -> bool:
        """Whether boxes come from a file of results, as the detector is none to run here."""
        return self.name.startswith(FROM_FILE)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "DetectorSettings":
        """Return the settings that `to_json` described."""
        return cls(**values)
