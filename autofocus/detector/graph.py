"""The network of the detector, YOLOX-tiny, as an ONNX graph.

Ge, Liu, Wang, Li and Sun (2021): YOLOX: Exceeding YOLO Series in 2021. Depth 0.33, width 0.375.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

# Fixed, so that every version of the package `onnx` writes the same bytes.
_OPSET, _IR_VERSION = 13, 8
_EPSILON = 1e-3
# The names of the input, (1, side, side, 3) uint8, and of the output: for each position
# (x offset, y offset, log width, log height, objectness, confidence of the class).
INPUT, OUTPUT = "image", "rows"
# Rows of the output come from grids with these steps (pixels), one after the other.
STRIDES = (8, 16, 32)
State = Mapping[str, NDArray[Any]]


def write_graph(state: State) -> bytes:
    """Return an ONNX file with the network and its weights.

    Args:
        state: the tensors of the trained network by their names.

    Returns:
        The file, the same for the same weights. Each convolution has its batch normalization
        folded in.

    Raises:
        KeyError: a tensor is missing.
    """
    from onnx import TensorProto, helper

    graph = _Graph(state)
    rows = _heads(graph, _neck(graph, _backbone(graph)))
    image = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, "side", "side", 3])
    output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 6, "rows"])
    graph.node("Concat", rows, name=OUTPUT, axis=2)
    body = helper.make_graph(graph.nodes, "yolox_tiny", [image], [output], graph.weights)
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION)
    model.producer_name = ""
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """A graph that grows node by node; each node is named after its output."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def node(self, kind: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolve(self, x: str, name: str, stride: int = 1) -> str:
        """Add a convolution with batch normalization and the activation SiLU."""
        weight, bias = _fold(self.state, name)
        return self.activate(self.convolve_by(x, name, weight, bias, stride))

    def predict(self, x: str, name: str) -> str:
        """Add a convolution with a bias and nothing else."""
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return self.convolve_by(x, name, weight, bias)

    def convolve_by(
        self, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any], stride: int = 1
    ) -> str:
        kernel = weight.shape[-1]
        inputs = [x, self.constant(f"{name}.w", weight), self.constant(f"{name}.b", bias)]
        pads, strides = [(kernel - 1) // 2] * 4, [stride, stride]
        return self.node(
            "Conv", inputs, name=name, kernel_shape=[kernel] * 2, pads=pads, strides=strides
        )

    def activate(self, x: str) -> str:
        """Add SiLU: x times its sigmoid."""
        return self.node("Mul", [x, self.node("Sigmoid", [x])])


def _fold(state: State, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a convolution's weight and bias with its batch normalization folded in."""
    gamma, beta, mean, variance = (
        state[f"{name}.bn.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    weight = state[f"{name}.conv.weight"] * scale[:, None, None, None]
    return weight.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _backbone(graph: _Graph) -> tuple[str, str, str]:
    """Add CSPDarknet; return its features at strides 8, 16 and 32."""
    prefix = "backbone.backbone"
    x = _stem(graph, f"{prefix}.stem.conv")
    features = []
    for stage, depth in ((2, 1), (3, 3), (4, 3)):
        x = graph.convolve(x, f"{prefix}.dark{stage}.0", stride=2)
        x = _csp(graph, x, f"{prefix}.dark{stage}.1", depth, shortcut=True)
        features.append(x)
    x = graph.convolve(x, f"{prefix}.dark5.0", stride=2)
    x = _pyramid(graph, x, f"{prefix}.dark5.1")
    x = _csp(graph, x, f"{prefix}.dark5.2", 1, shortcut=False)
    return features[1], features[2], x


def _stem(graph: _Graph, name: str) -> str:
    """Add the first convolution.

    The trained one covers 3 by 3 squares of four pixels, which are stacked as channels: (even row,
    even column), (odd, even), (even, odd), (odd, odd). That is a convolution of 6 by 6 pixels with
    stride 2.
    """
    weight, bias = _fold(graph.state, name)
    outputs, kernel = weight.shape[0], weight.shape[-1]
    squares = weight.reshape(outputs, 2, 2, 3, kernel, kernel)  # column and row of the pixel, RGB
    whole = squares.transpose(0, 3, 4, 2, 5, 1).reshape(outputs, 3, 2 * kernel, 2 * kernel)
    pixels = graph.node("Cast", [INPUT], to=1)  # float32
    planes = graph.node("Transpose", [pixels], perm=[0, 3, 1, 2])
    return graph.activate(graph.convolve_by(planes, name, whole, bias, stride=2))


def _csp(graph: _Graph, x: str, name: str, depth: int, *, shortcut: bool) -> str:
    """Add a cross-stage partial layer: half of the channels pass through the bottlenecks."""
    y = graph.convolve(x, f"{name}.conv1")
    for number in range(depth):
        before = y
        y = graph.convolve(y, f"{name}.m.{number}.conv1")
        y = graph.convolve(y, f"{name}.m.{number}.conv2")
        y = graph.node("Add", [before, y]) if shortcut else y
    rest = graph.convolve(x, f"{name}.conv2")
    return graph.convolve(graph.node("Concat", [y, rest], axis=1), f"{name}.conv3")


def _pyramid(graph: _Graph, x: str, name: str) -> str:
    """Add spatial pyramid pooling over 5, 9 and 13 pixels; pooling by 5 twice is pooling by 9."""
    pooled = [graph.convolve(x, f"{name}.conv1")]
    for _ in range(3):
        pooled.append(
            graph.node("MaxPool", pooled[-1:], kernel_shape=[5, 5], pads=[2] * 4, strides=[1, 1])
        )
    return graph.convolve(graph.node("Concat", pooled, axis=1), f"{name}.conv2")


def _neck(graph: _Graph, features: tuple[str, str, str]) -> tuple[str, str, str]:
    """Add the path aggregation network: features pass down to finer grids, and up again."""

    def merge(x: str, other: str, name: str) -> str:
        return _csp(graph, graph.node("Concat", [x, other], axis=1), name, 1, shortcut=False)

    fine, middle, coarse = features
    down_coarse = graph.convolve(coarse, "backbone.lateral_conv0")
    down_middle = merge(_enlarge(graph, down_coarse), middle, "backbone.C3_p4")
    down_middle = graph.convolve(down_middle, "backbone.reduce_conv1")
    fine = merge(_enlarge(graph, down_middle), fine, "backbone.C3_p3")
    up = graph.convolve(fine, "backbone.bu_conv2", stride=2)
    middle = merge(up, down_middle, "backbone.C3_n3")
    up = graph.convolve(middle, "backbone.bu_conv1", stride=2)
    return fine, middle, merge(up, down_coarse, "backbone.C3_n4")


def _enlarge(graph: _Graph, x: str) -> str:
    """Double rows and columns by repeating each."""
    if all(weight.name != "double" for weight in graph.weights):
        graph.constant("double", np.array([1, 1, 2, 2], np.float32))
    options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    return graph.node("Resize", [x, "", "double"], nearest_mode="floor", **options)


def _heads(graph: _Graph, features: tuple[str, str, str]) -> list[str]:
    """Add the decoupled heads; return their rows, (1, 6, positions) each."""
    graph.constant("flat", np.array([0, 0, -1], np.int64))
    rows = []
    for number, feature in enumerate(features):
        kind = place = graph.convolve(feature, f"head.stems.{number}")
        for layer in range(2):
            kind = graph.convolve(kind, f"head.cls_convs.{number}.{layer}")
            place = graph.convolve(place, f"head.reg_convs.{number}.{layer}")
        parts = [
            graph.predict(place, f"head.reg_preds.{number}"),
            graph.node("Sigmoid", [graph.predict(place, f"head.obj_preds.{number}")]),
            graph.node("Sigmoid", [graph.predict(kind, f"head.cls_preds.{number}")]),
        ]
        rows.append(graph.node("Reshape", [graph.node("Concat", parts, axis=1), "flat"]))
    return rows
