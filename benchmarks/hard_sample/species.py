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
            back=0.68, ears=(0.2, 0.12), muzzle=0.13, tail=(0.66, 0.2, -30),
            coats=((184, 104, 58), (166, 98, 62), (176, 116, 74)), legs=0.4, belly=1.5,
        ),
        "raccoon": raccoon,
        "badger": replace(
            raccoon,
            back=0.5, hump=0.0, tail=(0.3, 0.14, -12), rings=0, ears=(0.06, 0.08), mask=False,
            pale_face=True, coats=((108, 104, 98), (90, 86, 80), (120, 112, 104)), legs=0.4,
        ),
        "deer": deer,
        "elk": replace(
            deer,
            girth=0.5, neck=(0.34, 0.32), head=0.2, leg=0.075, tail=(0.10, 0.06, -60), scut=False,
            coats=((118, 88, 66), (104, 80, 62), (128, 96, 72)), legs=0.55, belly=0.9, antlers=0.7,
        ),
        "rabbit": rabbit,
        "hare": replace(
            rabbit,
            back=0.74, girth=0.4, ears=(0.5, 0.09), leg=0.075,
            coats=((158, 130, 98), (140, 116, 90)), belly=1.05, scut=False,
        ),
        "squirrel": squirrel,
        "marten": replace(
            squirrel,
            back=0.42, girth=0.32, hump=0.04, tail=(0.7, 0.13, -10), ears=(0.08, 0.08),
            coats=((92, 66, 48), (104, 76, 52), (86, 64, 50)), belly=1.6,
        ),
        "opossum": opossum,
        "skunk": replace(
            opossum,
            back=0.46, girth=0.44, tail=(0.62, 0.18, 50), muzzle=0.1, legs=0.7, pale_face=False,
            coats=((48, 46, 46), (60, 58, 56)), belly=0.7,
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
