"""Networks in ONNX files, run by ONNX Runtime."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, need
from autofocus.features.backbones.input_format import InputFormat
from autofocus.runs.parallel import cores
from autofocus.runs.wording import first_line, shown

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
# A file of Protocol Buffers can't be larger.
_MOST_BYTES = 2**31 - 1
_RANK = 4


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file, and how its network takes images.

    Attributes:
        path: the file.
        digest: the SHA-256 of its content.
        format: of its input; size and layout are known.
    """

    path: Path
    digest: str
    format: InputFormat


class OnnxNetwork:
    """A network that ONNX Runtime runs on the CPU.

    Args:
        path: the ONNX file.

    Raises:
        MissingDependencyError: ONNX Runtime isn't installed.
        InputDataError: it can't be read, or takes something else than images.

    Attributes:
        metadata: what the file states about itself.
    """

    def __init__(self, path: Path) -> None:
        runtime = need("onnxruntime", "onnx")
        self._path = path
        self._session = _open(runtime, path)
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(one.name for one in inputs) or "none"
            raise InputDataError(
                f"{path} takes {len(inputs)} inputs ({shown(names)}): a network that takes only "
                "images is required."
            )
        self._input = inputs[0]
        if self._input.type not in _DTYPES or len(self._input.shape) != _RANK:
            raise InputDataError(
                f"{path} takes {self._input.type} of shape {_shape(self._input)}: float or "
                "float16 images with 4 axes are required; export it with such an input."
            )
        self._dtype = _DTYPES[self._input.type]
        first = self._input.shape[0]
        self._batch = first if isinstance(first, int) and first > 0 else None
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def complete(self, given: InputFormat) -> InputFormat:
        """Return the format with size and layout, as the file fixes them or the format says.

        Raises:
            InputDataError: they are unknown or contradict each other, or the output is unclear.
        """
        layout = given.layout or self._layout()
        axes = (2, 3) if layout == "NCHW" else (1, 2)
        fixed = [self._input.shape[axis] for axis in axes]
        channels = self._input.shape[1 if layout == "NCHW" else 3]
        if isinstance(channels, int) and channels != 3:  # noqa: PLR2004 - RGB
            raise InputDataError(
                f"{self._path} takes input of shape {_shape(self._input)}, which is not {layout} "
                "with 3 channels: correct layout in the JSON file beside it, or give another."
            )
        sides = [side if isinstance(side, int) and side > 0 else None for side in fixed]
        size = given.size or (sides[0] or sides[1], sides[1] or sides[0])
        if not size[0] or not size[1]:
            raise InputDataError(
                f"{self._path} leaves the size of its input open: write the size of the images "
                f'that it was trained on, such as {{"size": 224}}, into '
                f"{self._path.with_suffix('.json').name} beside it."
            )
        if any(side not in (None, own) for side, own in zip(sides, size, strict=True)):
            raise InputDataError(
                f"{self._path} takes images of {sides[0]} by {sides[1]} pixels, and not of "
                f"{size[0]} by {size[1]}: correct the size in the JSON file beside it."
            )
        return replace(given, layout=layout, size=(size[0], size[1]), output=self._output(given))

    def _layout(self) -> Any:
        shape = self._input.shape
        if shape[3] == 3 and shape[1] != 3:  # noqa: PLR2004 - RGB
            return "NHWC"
        if shape[1] == 3 and shape[3] != 3:  # noqa: PLR2004 - RGB
            return "NCHW"
        raise InputDataError(
            f"{self._path} takes input of shape {_shape(self._input)}, which does not tell where "
            'the channels are: write {"layout": "NCHW"} or {"layout": "NHWC"} into '
            f"{self._path.with_suffix('.json').name} beside it."
        )

    def _output(self, given: InputFormat) -> str:
        names = [one.name for one in self._session.get_outputs()]
        listed = shown(", ".join(names))
        if given.output and given.output not in names:
            raise InputDataError(
                f"{self._path} has no output {given.output!r}: its outputs are {listed}."
            )
        if not given.output and len(names) != 1:
            raise InputDataError(
                f"{self._path} has several outputs ({listed}): write which one is the feature "
                f'vector, such as {{"output": "{names[0]}"}}, into '
                f"{self._path.with_suffix('.json').name} beside it."
            )
        return given.output or names[0]

    def features(
        self, images: NDArray[np.float32], input_format: InputFormat
    ) -> NDArray[np.float32]:
        """Return the features of images.

        Args:
            images: shape (N, height, width, 3), 0 to 1.
            input_format: how they are given to the network.

        Returns:
            Shape (N, D).

        Raises:
            InputDataError: the network fails on them.
        """
        number = len(images)
        step = self._batch or number
        if missing := -number % step:
            images = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
        parts = [
            self._run(images[start : start + step], input_format)
            for start in range(0, len(images), step)
        ]
        return np.concatenate(parts)[:number]

    def _run(self, images: NDArray[np.float32], input_format: InputFormat) -> NDArray[np.float32]:
        inputs = input_format.apply(images)
        if input_format.layout == "NCHW":
            inputs = inputs.transpose(0, 3, 1, 2)
        inputs = np.ascontiguousarray(inputs, self._dtype)
        try:
            (values,) = self._session.run([input_format.output], {self._input.name: inputs})
        except Exception as error:
            # Its errors are of types of its own.
            raise InputDataError(
                f"{self._path} fails on images of shape {inputs.shape} "
                f"({shown(first_line(error))}): check size and layout in the JSON file beside it."
            ) from None
        vectors = np.asarray(values)
        if vectors.dtype.kind != "f":
            raise InputDataError(
                f"{self._path} returns {vectors.dtype} in {input_format.output}: feature vectors "
                "of floating-point numbers are required."
            )
        pooled: NDArray[np.float32] = input_format.pool(
            vectors.astype(np.float32, copy=False), lambda each, axes: each.mean(axis=tuple(axes))
        )
        return pooled


def _open(runtime: Any, path: Path) -> Any:
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise InputDataError(
            f"{path} has {size:,} bytes, more than one ONNX file can have: export a smaller "
            "network, or one in float16."
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.inter_op_num_threads = 1
    # Only errors, which are raised as well.
    options.log_severity_level = 4
    try:
        # From its bytes, so that no other file is read: a model must be complete with this one.
        return runtime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        # Its errors are of types of its own.
        text = str(error)
        if "external" in text.lower():
            raise InputDataError(
                f"{path} keeps its weights in a second file: save both as one file (with the "
                "package onnx: onnx.save(onnx.load(path), path))."
            ) from None
        raise InputDataError(
            f"{path} is no ONNX file that can be run ({shown(first_line(error))}): export it "
            "again."
        ) from None


def _shape(one: Any) -> str:
    return f"({', '.join('?' if not isinstance(side, int) else str(side) for side in one.shape)})"
