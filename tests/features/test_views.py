"""Claims about the views of an image whose probabilities are averaged."""

import numpy as np
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.features.choices import MOST_VIEWS
from autofocus.features.crop import Crop

IMAGE = Image.fromarray(np.random.default_rng(3).integers(0, 255, (60, 80, 3)).astype(np.uint8))
SIZE = (24, 32)


def test_views_come_in_pairs_of_which_one_is_mirrored() -> None:
    """The second view of each pair is the first one with left and right exchanged."""
    pixels = [crop.pixels(IMAGE, SIZE) for crop in Crop().viewed(MOST_VIEWS)]
    for plain, mirrored in zip(pixels[::2], pixels[1::2], strict=True):
        np.testing.assert_array_equal(plain[:, ::-1], mirrored)


def test_the_first_view_is_the_image_as_it_is() -> None:
    """One view is the crop itself, with its own key: nothing is computed anew."""
    crop = Crop()
    assert crop.viewed(1, "digest") == (crop,)
    assert crop.viewed(3, "digest")[0] == crop


def test_each_pair_is_enlarged_more() -> None:
    """A grey frame at the edge of an image leaves the views from the first pair to the last."""
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[10:90, 10:90] = 0
    bright = [
        float(crop.pixels(Image.fromarray(pixels), (50, 50)).mean())
        for crop in Crop().viewed(MOST_VIEWS)[::2]
    ]
    assert bright == sorted(bright, reverse=True)
    assert bright[0] > bright[-1] == 0


def test_each_view_of_each_crop_has_a_key_of_its_own() -> None:
    """Embeddings of different views, or of different crops or images, never mix."""
    box = Box(0.1, 0.1, 0.5, 0.5, score=0.5, status="motion")
    keys = [
        crop.key(digest)
        for digest in ("one", "two")
        for part in (Crop(), Crop(box))
        for crop in part.viewed(MOST_VIEWS, digest)
    ]
    assert len(set(keys)) == len(keys)
