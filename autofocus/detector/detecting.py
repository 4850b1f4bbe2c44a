"""Detecting animals, people and vehicles in single images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.detector.decoding import decode, suppress
from autofocus.detector.graph import INPUT, OUTPUT, STRIDES
from autofocus.detector.settings import DetectorSettings
from autofocus.detector.weights import read_weights
from autofocus.errors import SettingError, need

# The minimum confidence of a box that is kept at all; settings have higher thresholds for use.
LEAST_SCORE = 0.05
# Boxes are rounded to this many decimals of the image's side, and so are their scores.
_DECIMALS = 5
# The coarsest grid has one position per so many pixels.
_STEP = max(STRIDES)


class Detector:
    """The detector of the settings; it may be used by several threads at once.

    Each call runs in its own thread alone, so that worker threads share the cores. The same image
    gives the same boxes on the same machine; on another kind of processor the last decimals may
    differ.

    Attributes:
        settings: how it is used.
    """

    def __init__(self, settings: DetectorSettings = DetectorSettings()) -> None:
        """Load the weights.

        Raises:
            MissingInputError: the weights are not on this machine.
            MissingDependencyError: ONNX Runtime is not installed.
            InputDataError: the file of the weights is damaged.
            SettingError: the settings are of other weights, or name an unknown detector.
        """
        if settings.side < _STEP or settings.side % _STEP:
            raise SettingError(f"the detector's side must be a multiple of {_STEP} pixels.")
        self.settings = settings
        self._session = _open_session(settings)

    def detect(self, image: Image.Image) -> tuple[Box, ...]:
        """Return the boxes of an image.

        Args:
            image: of any mode and size.

        Returns:
            All boxes with a confidence of at least `LEAST_SCORE`, the most confident first.
        """
        side = self.settings.side
        square, width, height = place(image, side)
        rows = self._session.run([OUTPUT], {INPUT: square[None]})[0][0]
        edges, scores = decode(rows, side, LEAST_SCORE)
        kept = suppress(edges, scores, self.settings.overlap)
        size = np.array([width, height, width, height])
        shares = np.clip(edges[kept] / size, 0, 1)
        found = [_box(share, score) for share, score in zip(shares, scores[kept], strict=True)]
        return tuple(box for box in found if box.width > 0 and box.height > 0)


def place(image: Image.Image, side: int) -> tuple[NDArray[np.uint8], int, int]:
    """Return an image as the detector sees it.

    Args:
        image: of any mode and size.
        side: of the square, in pixels.

    Returns:
        The image, resized to fit and placed at the top left of a black square, shape (side, side,
        3), RGB; and its width and height in the square.
    """
    factor = side / max(image.size)
    width, height = (min(side, max(1, round(length * factor))) for length in image.size)
    small = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    square = np.zeros((side, side, 3), np.uint8)
    square[:height, :width] = np.asarray(small)
    return square, width, height


def _box(edges: NDArray[np.float64], score: float) -> Box:
    left, top, right, bottom = (round(float(edge), _DECIMALS) for edge in edges)
    return Box(
        left,
        top,
        round(right - left, _DECIMALS),
        round(bottom - top, _DECIMALS),
        round(float(score), _DECIMALS),
        status="detector",
    )


def _open_session(settings: DetectorSettings) -> Any:
    runtime = need("onnxruntime", "onnx")
    content = read_weights(settings.name, settings.digest)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    options.add_free_dimension_override_by_name("side", settings.side)
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
