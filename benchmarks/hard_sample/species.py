"""Twelve species in six pairs that look alike; the one of a pair is the other with small changes.

The differences are those that tell such species in reality: ears, tails, masks, rings, the build
of the trunk. Coats overlap, and all are drawn at any distance, so that size tells nothing.
"""

from dataclasses import replace
from functools import lru_cache

from autofocus.demo.synthetic.animals import BUILDS, Build, make_sprite
from autofocus.demo.synthetic.plan import Figure

PAIRS = (
    ("coyote", "fox"),
    ("raccoon", "badger"),
    ("deer", "elk"),
    ("rabbit", "hare"),
    ("squirrel", "marten"),
    ("opossum", "skunk"),
)
SPECIES = tuple(name for pair in PAIRS for name in pair)
_PROBE = 100.0  # pixels of a trunk, to measure by


def _builds() -> dict[str, Build]:
    coyote, raccoon, deer = BUILDS["coyote"], BUILDS["raccoon"], BUILDS["deer"]
    rabbit, squirrel, opossum = BUILDS["rabbit"], BUILDS["squirrel"], BUILDS["opossum"]
    return {
        "coyote": coyote,
        "fox": replace(
            coyote,
            back=0.72, ears=(0.19, 0.10), muzzle=0.13, tail=(0.62, 0.17, -40),
            coats=((158, 118, 84), (140, 108, 84), (150, 120, 92)), legs=0.7,
        ),
        "raccoon": replace(raccoon, rings=4),
        "badger": replace(
            raccoon,
            back=0.54, hump=0.05, tail=(0.34, 0.12, -12), rings=0, ears=(0.06, 0.08),
            coats=((128, 122, 112), (110, 104, 96), (136, 128, 116)),
        ),
        "deer": deer,
        "elk": replace(
            deer,
            girth=0.46, neck=(0.34, 0.36), head=0.19, tail=(0.10, 0.06, -60), scut=False,
            coats=((146, 108, 76), (128, 98, 74), (156, 120, 86)), legs=0.7, belly=1.1,
        ),
        "rabbit": rabbit,
        "hare": replace(
            rabbit,
            back=0.68, girth=0.44, ears=(0.44, 0.075), leg=0.08,
            coats=((146, 122, 94), (126, 108, 86)), belly=1.15,
        ),
        "squirrel": squirrel,
        "marten": replace(
            squirrel,
            back=0.42, girth=0.34, hump=0.06, tail=(0.75, 0.15, 40), ears=(0.08, 0.08),
            coats=((112, 92, 74), (122, 98, 72), (104, 94, 84)), belly=1.2,
        ),
        "opossum": opossum,
        "skunk": replace(
            opossum,
            back=0.46, girth=0.44, tail=(0.62, 0.13, 10), muzzle=0.12, legs=0.6,
            coats=((150, 146, 138), (132, 128, 122)), belly=0.85,
        ),
    }  # fmt: skip


HARD_BUILDS = _builds()


@lru_cache(maxsize=len(SPECIES))
def standing_area(species: str) -> float:
    """Return the area of the box around a standing animal, in squares of its trunk's length."""
    build = HARD_BUILDS[species]
    pose = Figure(species, 0.5, 0.5, 1.0, False, False, 0.0, 0.2, 0, 0.0)
    sprite = make_sprite(pose, round(_PROBE / build.length), 1.0, HARD_BUILDS)
    left, top, right, bottom = sprite.picture.getchannel("A").getbbox() or (0, 0, 1, 1)
    return (right - left) * (bottom - top) / _PROBE**2
