"""Claims about images that lie far from all that was learned."""

import numpy as np
import pytest

from autofocus.training.feature_rows import load
from autofocus.training.samples import Samples
from autofocus.training.unknown import fit_unknown

CENTRES = np.eye(4, 16) * 4


def drawn(kinds: list[int], seed: int = 0) -> Samples:
    """Return images around the centres of some classes, of which the first three are known."""
    rng = np.random.default_rng(seed)
    features = CENTRES[kinds] + rng.normal(0, 0.5, (len(kinds), 16))
    targets = np.eye(4, 3)[kinds]
    return Samples(
        features.astype(np.float32), targets.astype(np.float32), np.ones(len(kinds), np.float32)
    )


KNOWN = drawn([row % 3 for row in range(300)])
GROUPS = [f"g{row % 12}" for row in range(300)]


def test_about_the_share_of_known_images_lies_beyond_the_limit() -> None:
    """And nearly all images of a class that was never seen do."""
    unknown = fit_unknown(KNOWN, GROUPS, 0.05)
    assert unknown is not None
    others = drawn([row % 3 for row in range(600)], seed=1)
    new = drawn([3] * 100, seed=2)
    flagged = (unknown.distance.distances(load(others.features)) > unknown.limit).mean()
    assert 0.01 < flagged < 0.1
    assert (unknown.distance.distances(load(new.features)) > unknown.limit).mean() > 0.95


def test_too_few_images_tell_nothing() -> None:
    """Nor does a single group, or a share of 0; 2 % need 50 images."""
    assert fit_unknown(KNOWN, GROUPS, 0) is None
    assert fit_unknown(KNOWN, ["g"] * 300, 0.05) is None
    assert fit_unknown(KNOWN.rows(np.arange(40)), GROUPS[:40], 0.02) is None
    assert fit_unknown(KNOWN.rows(np.arange(10)), GROUPS[:10], 0.5) is None


def test_what_a_backbone_was_tuned_on_sets_no_limit() -> None:
    """The limit comes from the other images, and the distance from those it was tuned on."""
    is_seen = [row < 200 for row in range(300)]
    unknown = fit_unknown(KNOWN, GROUPS, 0.05, is_seen=is_seen)
    assert unknown is not None
    held_out = unknown.distance.distances(load(KNOWN.features)[200:])
    assert (held_out > unknown.limit).mean() == pytest.approx(0.04, abs=0.011)


@pytest.mark.parametrize("number", [30, 3000])
def test_images_that_are_all_the_same_do_no_harm(number: int) -> None:
    """Their variance is 0, and every distance is a number; so with more images than features."""
    targets = np.eye(2, dtype=np.float32)[[row % 2 for row in range(number)]]
    same = Samples(np.ones((number, 8), np.float32), targets, np.ones(number, np.float32))
    unknown = fit_unknown(same, [str(row) for row in range(number)], 0.1)
    assert unknown is not None
    assert np.isfinite(unknown.distance.distances(load(same.features))).all()
