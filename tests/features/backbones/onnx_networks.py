"""Small networks in ONNX files, made with the package `onnx`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
PLAIN: Mapping[str, Any] = {"range": [0, 1]}


def save_network(
    path: Path,
    *,
    layout: str = "NCHW",
    shape: Sequence[int | str] | None = None,
    output: str = "pooled",
    outputs: Sequence[str] = (),
    dtype: int = TensorProto.FLOAT,
    bias: float = 0.0,
    scale: float = 1.0,
    metadata: Mapping[str, str] | None = None,
    beside: Any = PLAIN,
) -> Path:
    """Write a network: a random convolution, ReLU, and the mean over all positions.

    Args:
        path: of the file.
        layout: of its input.
        shape: of its input; N, 16 by 16 by default.
        output: what is computed: `pooled`, `map`, `tokens`, or the `constant` 1.
        outputs: further outputs.
        dtype: of input, weights and output.
        bias: of the convolution.
        scale: of its weights.
        metadata: what the file states about itself.
        beside: the content of the JSON file beside it; None for none.
    """
    if shape is None:
        shape = ["N", 3, SIDE, SIDE] if layout == "NCHW" else ["N", SIDE, SIDE, 3]
    kind = np.float16 if dtype == TensorProto.FLOAT16 else np.float32
    weights = (np.random.default_rng(7).normal(size=(5, 3, 3, 3)) * scale).astype(kind)
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.full(5, bias, kind), "bias"),
        numpy_helper.from_array(np.array([0, 5, -1], np.int64), "flat"),
        numpy_helper.from_array(np.zeros(1, kind), "zero"),
        numpy_helper.from_array(np.ones(1, kind), "one"),
    ]
    source = "images"
    nodes = []
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["images"], ["turned"], perm=[0, 3, 1, 2]))
        source = "turned"
    nodes += [
        helper.make_node("Conv", [source, "weights", "bias"], ["filtered"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["filtered"], ["map"]),
        helper.make_node("ReduceMean", ["map"], ["pooled"], axes=[2, 3], keepdims=0),
        helper.make_node("Reshape", ["map", "flat"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["tokens"], perm=[0, 2, 1]),
        helper.make_node("Mul", ["pooled", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["constant"]),
    ]
    nodes = [node for node in nodes if node.output[0] != "tokens" or output == "tokens"]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", dtype, list(shape))],
        [helper.make_tensor_value_info(name, dtype, None) for name in (output, *outputs)],
        constants,
    )
    save(graph, path, beside, metadata)
    return path


def save_means(path: Path, side: int = 32) -> Path:
    """Write a network that gives the mean of each channel."""
    shapes: dict[str, list[int | str]] = {"images": ["N", side, side, 3], "means": ["N", 3]}
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    }
    node = helper.make_node("ReduceMean", ["images"], ["means"], axes=[1, 2], keepdims=0)
    graph = helper.make_graph([node], "means", [values["images"]], [values["means"]])
    save(graph, path, PLAIN)
    return path


def save(graph: Any, path: Path, beside: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Write a graph as a file with metadata, and the JSON beside it unless that is None."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, str(path))
    if beside is not None:
        path.with_suffix(".json").write_text(json.dumps(beside))


def expected(images: np.ndarray, scale: float = 1.0) -> Any:
    """Return what the network computes of images in its own range, shape (N, 5)."""
    weights = np.random.default_rng(7).normal(size=(5, 3, 3, 3)) * scale
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    filtered = np.einsum("nhwcij,ocij->nhwo", windows, weights.astype(np.float32))
    return np.maximum(filtered, 0).mean(axis=(1, 2))
