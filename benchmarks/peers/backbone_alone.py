"""A peer: the embedded backbone on arrays that are in memory, and nothing else.

python backbone_alone.py NUMBER

The last line that it prints holds the seconds of the work itself, in JSON.
"""

import json
import sys
import time

import numpy as np

from autofocus.embed_settings import EmbedSettings
from autofocus.features.backbones import load_backbone
from autofocus.features.backbones.base import BATCH


def main(number: int) -> None:
    """Compute the features of so many images."""
    backbone = load_backbone(EmbedSettings().tfhub_module)
    images = np.random.default_rng(0).random((BATCH, *backbone.image_size, 3), np.float32)
    backbone.features(images)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(number // BATCH):
        backbone.features(images)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
