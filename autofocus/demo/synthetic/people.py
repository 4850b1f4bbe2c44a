"""People as silhouettes: clothed, walking, from the side or the front."""

import numpy as np

from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.plan import Figure
from autofocus.demo.synthetic.strokes import Canvas, Point
from autofocus.demo.synthetic.textures import Colour, shade

_CLOTHES: tuple[Colour, ...] = (
    (44, 58, 92), (150, 48, 44), (62, 66, 62), (188, 186, 178), (36, 36, 40),
    (84, 104, 68), (206, 160, 54), (112, 92, 120),
)  # fmt: skip
_SKINS: tuple[Colour, ...] = ((224, 184, 156), (190, 142, 108), (132, 92, 66), (88, 60, 44))
_HAIRS: tuple[Colour, ...] = ((40, 32, 28), (98, 70, 44), (168, 140, 92), (24, 22, 22))


def draw_person(canvas: Canvas, figure: Figure, rng: np.random.Generator) -> None:
    """Draw a person, one unit high.

    Args:
        canvas: what to draw on.
        figure: the pose.
        rng: chooses the clothes.
    """
    shirt, trousers = (_CLOTHES[k] for k in rng.choice(len(_CLOTHES), 2, replace=False))
    skin, hair = (colours[int(rng.integers(4))] for colours in (_SKINS, _HAIRS))
    lean = 0.04 + 0.10 * figure.stoop
    hip, shoulder = (0.0, 0.49), (lean, 0.80)
    swing = 0.15 * float(np.sin(2 * np.pi * figure.phase))
    _leg(canvas, hip, -swing, shade(trousers, 0.75))
    _arm(canvas, shoulder, swing, shade(shirt, 0.75), skin)
    _leg(canvas, hip, swing, trousers)
    broad = 0.125 if figure.facing else 0.09
    canvas.limb([(hip[0], hip[1] + 0.01), shoulder], broad * 1.45, shirt)
    canvas.oval((lean, 0.79), (broad, 0.045), shirt)
    if happens(rng, 0.35):
        canvas.oval((lean - broad * 1.15, 0.68), (0.06, 0.12), shade(trousers, 1.3))
    _arm(canvas, shoulder, -swing, shade(shirt, 0.9), skin)
    _head(canvas, (lean + 0.03, 0.93), figure.facing, skin, hair)


def _leg(canvas: Canvas, hip: Point, swing: float, colour: Colour) -> None:
    knee = (hip[0] + swing * 0.6 + 0.02, 0.26)
    ankle = (hip[0] + swing * 1.1 - 0.01, 0.03)
    canvas.limb([hip, knee], 0.095, colour)
    canvas.limb([knee, ankle], 0.07, colour)
    canvas.limb([ankle, (ankle[0] + 0.06, 0.018)], 0.036, (34, 30, 28))


def _arm(canvas: Canvas, shoulder: Point, swing: float, sleeve: Colour, skin: Colour) -> None:
    elbow = (shoulder[0] + swing * 0.6 - 0.015, shoulder[1] - 0.17)
    hand = (shoulder[0] + swing * 1.3 + 0.03, shoulder[1] - 0.32)
    canvas.limb([shoulder, elbow], 0.055, sleeve)
    canvas.limb([elbow, hand], 0.045, sleeve)
    canvas.oval(hand, (0.024, 0.026), skin)


def _head(canvas: Canvas, place: Point, facing: bool, skin: Colour, hair: Colour) -> None:
    x, y = place
    canvas.limb([(x - 0.02, y - 0.10), (x, y - 0.03)], 0.05, shade(skin, 0.85))
    canvas.oval((x - (0.0 if facing else 0.012), y + 0.012), (0.056, 0.066), hair)
    canvas.oval((x + (0.0 if facing else 0.018), y - 0.008), (0.042, 0.055), skin)
