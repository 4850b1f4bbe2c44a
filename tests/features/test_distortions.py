"""Claims about the distortions of training images."""

import numpy as np
from PIL import Image

from autofocus.features.distortions import Distortions

SIZE = (40, 60)


def ramp() -> Image.Image:
    """An image that is dark at the left and bright at the right."""
    values = np.broadcast_to(np.linspace(20, 220, 120).astype(np.uint8), (80, 120))
    return Image.fromarray(np.ascontiguousarray(values)).convert("RGB")


def variants(distortions: Distortions, number: int = 40) -> list[np.ndarray]:
    return [distortions.apply(ramp(), SIZE, np.random.default_rng(seed)) for seed in range(number)]


def test_no_distortion_changes_nothing() -> None:
    """Without options an image is resized and no more, whatever the chance."""
    assert not Distortions()
    first, *others = variants(Distortions(), 5)
    assert first.shape == (40, 60, 3)
    assert all((other == first).all() for other in others)


def test_flipping_mirrors_half_of_the_images() -> None:
    """About half of the images come out mirrored, the others unchanged."""
    mirrored = sum(
        image[:, 0].mean() > image[:, -1].mean() for image in variants(Distortions(True))
    )
    assert 10 <= mirrored <= 30


def test_cropping_cuts_a_margin_away() -> None:
    """A crop of 100 % shows half of the width: half of the ramp's range."""
    spans = [
        image[:, -1].mean() - image[:, 0].mean() for image in variants(Distortions(False, 100))
    ]
    assert np.allclose(spans, 100, atol=6)


def test_cropping_moves_about() -> None:
    """Crops start in different places."""
    starts = {round(float(image[:, 0].mean())) for image in variants(Distortions(False, 50))}
    assert len(starts) > 10


def test_scaling_enlarges_by_different_amounts() -> None:
    """With a scale of 100 % between the whole and half of the width is seen."""
    spans = np.array(
        [
            image[:, -1].mean() - image[:, 0].mean()
            for image in variants(Distortions(random_scale=100))
        ]
    )
    assert spans.min() > 90
    assert spans.max() < 200
    assert np.ptp(spans) > 40


def test_brightness_is_multiplied_within_its_span() -> None:
    """With 30 % the brightness of every image lies within 0.7 and 1.3 of the original's."""
    plain = variants(Distortions(), 1)[0].mean()
    shares = np.array([v.mean() / plain for v in variants(Distortions(random_brightness=30))])
    assert shares.min() > 0.69
    assert shares.max() < 1.31
    assert np.ptp(shares) > 0.3
