"""The awkward and broken files of a data set, and their names."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from autofocus.demo.synthetic.kinds import AWKWARD, BROKEN, Kind

_DAY, _INFRARED = "day", "infrared"
_LIGHTS = {Kind.TINTED: _INFRARED, Kind.GRAY: _INFRARED, Kind.CMYK: _DAY, Kind.PNG: _DAY}
_TINTED_A_SET = 3


@dataclass(frozen=True)
class Placing:
    """A special file to be placed in the data set.

    Attributes:
        kind: what kind of file.
        light: the only light of which it may be; empty for any.
    """

    kind: Kind
    light: str = ""

    @property
    def beside(self) -> bool:
        """Whether it is beside an image rather than in its place."""
        return self.kind is Kind.APPLE_DOUBLE

    def rename(self, name: str) -> str:
        """Return the name of the file, which was called so before."""
        if self.kind is not Kind.LOWER_CASE:
            return name
        return PurePosixPath(name).with_suffix(".jpg").name


def placings(copies: int) -> list[Placing]:
    """Return the special files of a data set.

    Args:
        copies: how many of each kind.
    """
    kinds = [*AWKWARD, *BROKEN, *[Kind.TINTED] * (_TINTED_A_SET - 1)]
    # Those with special needs first, while there are images that suit them.
    kinds.sort(key=lambda kind: kind not in _LIGHTS)
    return [Placing(kind, _LIGHTS.get(kind, "")) for kind in kinds for _ in range(copies)]
