"""How a network from elsewhere takes images: size, layout, range and normalisation.

It is stated in a JSON file beside the network's file, as `bird.json` beside `bird.onnx`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from autofocus.errors import InputDataError

Layout = Literal["NHWC", "NCHW"]
Channels = Literal["RGB", "BGR"]
Pooling = Literal["", "first", "mean"]
# More than any input format needs.
_MOST_BYTES = 100_000
_MOST_PIXELS = 4096
_MOST = 1e6
_THREE = 3
_CHOICES: Mapping[str, Sequence[str]] = {
    "layout": get_args(Layout),
    "channels": get_args(Channels),
    "pooling": get_args(Pooling),
}
EXAMPLE = '{"range": [0, 1], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'


@dataclass(frozen=True)
class InputFormat:
    """How a network takes images, and which of its outputs is the feature vector.

    A pixel p, 0 to 1, becomes (low + (high - low) p - mean) / std.

    Attributes:
        size: height and width of the input in pixels; None if the file fixes it.
        layout: the order of batch, height, width and channels; None if the file tells it.
        range: the values of black and white, low and high, before normalisation.
        mean: of each channel, which is subtracted.
        std: standard deviation of each channel, by which the difference is divided.
        channels: the order of the channels.
        output: the name of the output with the features; empty if there is one output only.
        pooling: how an output with further axes becomes one vector per image: `first` takes the
            first token of a transformer, `mean` averages over tokens or positions; empty if it is
            one already.
    """

    size: tuple[int, int] | None = None
    layout: Layout | None = None
    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    channels: Channels = "RGB"
    output: str = ""
    pooling: Pooling = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object) -> "InputFormat":
        """Read what `to_json` returned, or what a person wrote; all keys are optional.

        Raises:
            ValueError: a key or a value can't be used; the message says which.
        """
        if not isinstance(values, dict):
            raise ValueError("it must hold keys and values")  # noqa: TRY004 - of a file
        known = [field.name for field in fields(cls)]
        if unknown := [key for key in values if key not in known]:
            raise ValueError(f"unknown key {unknown[0]!r}; known keys are {', '.join(known)}")
        return cls(**{key: _READERS.get(key, _text)(key, value) for key, value in values.items()})

    def apply(self, images: Any) -> Any:
        """Return images as the network takes them, in the layout (N, height, width, channels).

        Args:
            images: of NumPy or TensorFlow, float32, shape (N, height, width, 3), 0 to 1.
        """
        low, high = self.range
        mean, std = np.array(self.mean, np.float64), np.array(self.std, np.float64)
        scale = ((high - low) / std).astype(np.float32)
        shift = ((low - mean) / std).astype(np.float32)
        if self.channels == "BGR":
            images = images[..., ::-1]
        return images * scale + shift

    def pool(self, values: Any, mean: Callable[[Any, list[int]], Any]) -> Any:
        """Return one vector per image, where `pooling` says how.

        Args:
            values: an output of the network, the images along its first axis.
            mean: averages values over axes.
        """
        axes = len(values.shape)
        if self.pooling == "first" and axes == _THREE:
            return values[:, 0]
        if self.pooling == "mean" and axes > 2:  # noqa: PLR2004 - N, D
            is_channels_first = axes > _THREE and self.layout == "NCHW"
            return mean(values, list(range(2, axes) if is_channels_first else range(1, axes - 1)))
        return values


def format_beside(path: Path) -> InputFormat | None:
    """Read the JSON file beside a network's file; None if there is none.

    Raises:
        InputDataError: it can't be read, or states something that can't be used.
    """
    beside = path.with_suffix(".json")
    if not beside.exists():
        return None
    if not beside.is_file() or beside.stat().st_size > _MOST_BYTES:
        raise InputDataError(
            f"{beside} is no JSON file that says how {path.name} takes images: write {EXAMPLE}, "
            "or remove it."
        )
    return parse_format(beside.read_bytes(), str(beside))


def parse_format(content: bytes, where: str) -> InputFormat:
    """Read the JSON text of an input format.

    Raises:
        InputDataError: it states something that can't be used.
    """
    try:
        return InputFormat.from_json(json.loads(content.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        reason = "it is no JSON" if isinstance(error, json.JSONDecodeError) else error
        raise InputDataError(
            f"{where} doesn't say how images are given to the network ({reason}): write such as "
            f"{EXAMPLE}."
        ) from None


def _size(key: str, value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    sides: list[Any] = value if isinstance(value, list) else [value, value]
    is_size = len(sides) == 2 and all(  # noqa: PLR2004 - height and width
        type(side) is int and 0 < side <= _MOST_PIXELS for side in sides
    )
    if not is_size:
        raise ValueError(
            f"{key} must be a number of pixels, or [height, width], up to {_MOST_PIXELS}"
        )
    return sides[0], sides[1]


def _numbers(key: str, value: object, number: int) -> tuple[float, ...]:
    values: list[Any] = value if isinstance(value, list) else [value] * number
    if len(values) != number or not all(_is_number(one) for one in values):
        raise ValueError(f"{key} must be a list of {number} numbers")
    return tuple(float(one) for one in values)


def _is_number(value: Any) -> bool:
    # NaN is not; and an integer may be too large for a float.
    return type(value) in (int, float) and abs(value) <= _MOST


def _range(key: str, value: object) -> tuple[float, ...]:
    low, high = _numbers(key, value, 2)
    if not low < high:
        raise ValueError(f"{key} must be [low, high], such as [0, 255]")
    return low, high


def _std(key: str, value: object) -> tuple[float, ...]:
    numbers = _numbers(key, value, _THREE)
    if min(numbers) <= 0:
        raise ValueError(f"{key} must be above 0")
    return numbers


def _choice(key: str, value: object) -> str | None:
    if value is None and key == "layout":
        return None
    if value not in _CHOICES[key]:
        raise ValueError(f"{key} must be one of {', '.join(filter(None, _CHOICES[key]))}")
    return str(value)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text")  # noqa: TRY004 - of a file
    return value


_READERS: Mapping[str, Any] = {
    "size": _size,
    "range": _range,
    "mean": lambda key, value: _numbers(key, value, _THREE),
    "std": _std,
    "layout": _choice,
    "channels": _choice,
    "pooling": _choice,
}
